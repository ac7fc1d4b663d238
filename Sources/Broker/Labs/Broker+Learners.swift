import BrokerCore
import EventLoop
import Store
import TLS

extension Broker {
    /// Finds or creates the learner's session of this lab; an ended one is started again at the same hostname.
    ///
    /// - Parameter context: the course that the launch comes from, if it says so: what its reservations go by.
    public func launch(
        _ learner: Learner, lab: String, context: String? = nil
    ) async throws(BrokerError) -> SessionView {
        let newID = SessionID(rawValue: SecureRandom.slug(length: Broker.slugLength))
        let id: SessionID?
        do throws(BrokerError) {
            id = try await ask { .launch(learner: learner, lab: lab, context: context, newID: newID, request: $0) }
        } catch {
            metrics.refusedLaunches += 1
            throw error
        }
        metrics.launches += 1
        return try await view(id ?? newID)
    }

    /// The learner's session of this lab, if it runs. Nothing is decided for it, so it is told even while nothing can be
    /// saved.
    public func runningSession(of learner: Learner, lab: String) async -> SessionView? {
        guard let id = core.session(learner: learner, lab: lab)?.id, let view = try? await self.view(id) else {
            return nil
        }
        return view.state == SessionState.Name.running.rawValue ? view : nil
    }

    /// 20 characters of a 32-letter alphabet: 100 bits, which nobody guesses.
    static let slugLength = 20

    /// *Start again* on an ended or failed session; harmless on a live one.
    public func restart(_ id: SessionID) async throws(BrokerError) -> SessionView {
        _ = try await ask { .restart(id, request: $0) }
        return try await view(id)
    }

    /// Somebody visits the session's hostname: a parked one comes back. Harmless on any other.
    public func resume(_ id: SessionID) async throws(BrokerError) -> SessionView {
        _ = try await ask { .resume(id, request: $0) }
        return try await view(id)
    }

    /// The learner no longer waits for a seat. Refused once the session has one.
    public func leaveQueue(_ id: SessionID) async throws(BrokerError) -> SessionView {
        _ = try await ask { .leaveQueue(id, request: $0) }
        return try await view(id)
    }

    /// *Keep it*: as if something had happened in the lab, a limited number of times in a row.
    public func keep(_ id: SessionID) async throws(BrokerError) -> SessionView {
        _ = try await ask { .keep(id, request: $0) }
        return try await view(id)
    }

    public func view(_ id: SessionID) async throws(BrokerError) -> SessionView {
        view(of: try await session(id))
    }

    /// In memory or not, as it is on disk.
    func session(_ id: SessionID) async throws(BrokerError) -> Session {
        await settled(id)
        if let session = core.session(id) { return session }
        do {
            guard let session = try await store.session(id) else {
                throw BrokerError(Refusal.unknownSession(id))
            }
            return session
        } catch let error as StoreError {
            throw BrokerError(error)
        } catch let error as BrokerError {
            throw error
        } catch {
            throw BrokerError(.storage, "\(error)")
        }
    }

    /// The session as it is now, then at every change; ends when the broker stops or the caller goes. A slow caller
    /// loses the oldest views, never the newest.
    public func watch(_ id: SessionID) -> AsyncStream<SessionView> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: SessionView.self, bufferingPolicy: .bufferingNewest(BrokerLimits.viewsPerWatcher))
        let watcher = watchers.add(id, continuation)
        continuation.onTermination = { [weak self] _ in
            Task { @ControlLoop in self?.watchers.remove(id, watcher) }
        }
        Task { @ControlLoop in
            if let view = try? await self.view(id) { continuation.yield(view) }
        }
        return stream
    }

    // MARK: The way into a lab

    /// A code that opens the session's hostname once, within a minute.
    public func entryCode(for id: SessionID) -> String {
        entryCodes.mint(for: id, now: ControlLoop.loop.now)
    }

    /// The one-time codes that are still good, for the broker that takes over: only digests.
    public func handedEntryCodes() -> [HandedEntryCode] { entryCodes.handed(now: ControlLoop.loop.now) }

    /// Lets codes of the broker before this one in.
    public func adopt(_ codes: [HandedEntryCode]) { entryCodes.adopt(codes, now: ControlLoop.loop.now) }

    /// Turns a one-time code into the token of the access cookie. Only the token's digest is kept.
    public func redeem(_ code: String, on id: SessionID) async throws(BrokerError) -> String {
        guard entryCodes.redeem(code, for: id, now: ControlLoop.loop.now) else {
            throw BrokerError(
                .badCode, "This way into the lab was used already or is too old. Open the lab again from your course.")
        }
        let token = Base64URL.encode(SecureRandom.bytes(32))
        let digest = SHA256.digest(Array(token.utf8))
        let grant = AccessGrant(session: id, tokenDigest: digest.bytes, createdAt: now)
        do { try await store.commit([], grants: [grant]) } catch { throw BrokerError(error) }
        remember(grant)
        edge.apply([.grant(slug: id.rawValue, digest: digest)])
        return token
    }

    /// A one-time code has been seen where it was not needed: it opens nothing from now on.
    public func forget(_ code: String) { entryCodes.forget(code) }

    func remember(_ grant: AccessGrant) {
        guard let digest = Digest32(grant.tokenDigest) else { return }
        var digests = grants[grant.session] ?? []
        digests.append(digest)
        grants[grant.session] = digests.suffix(StoreLimits.grantsPerSession)
    }

    /// Does this cookie's token open this session? Asks the store, which knows ended sessions too.
    public func holdsGrant(_ id: SessionID, token: String) async throws(BrokerError) -> Bool {
        let digest = SHA256.digest(Array(token.utf8))
        do { return try await store.holdsGrant(id, tokenDigest: digest.bytes) } catch { throw BrokerError(error) }
    }
}
