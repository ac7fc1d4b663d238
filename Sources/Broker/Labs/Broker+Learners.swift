import BrokerCore
import EventLoop
import Identity
import Store
import TLS

extension Broker {
    /// Finds or creates the learner's session of this lab; an ended one is restarted at the same hostname.
    ///
    /// - Parameter context: the course that the launch comes from, if known; its reservations are matched by it.
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

    /// The learner's session of this lab, if it is running. Nothing is decided for it, so it is returned even while
    /// nothing can be saved.
    public func runningSession(of learner: Learner, lab: String) async -> SessionView? {
        guard let id = core.session(learner: learner, lab: lab)?.id, let view = try? await self.view(id) else {
            return nil
        }
        return view.state == SessionState.Name.running.rawValue ? view : nil
    }

    /// 20 characters of a 32-letter alphabet: 100 bits, which cannot be guessed.
    static let slugLength = 20

    /// *Start again* on an ended or failed session; a no-op on a live one.
    public func restart(_ id: SessionID) async throws(BrokerError) -> SessionView {
        _ = try await ask { .restart(id, request: $0) }
        return try await view(id)
    }

    /// Resumes a parked session when its hostname is visited. A no-op on any other.
    public func resume(_ id: SessionID) async throws(BrokerError) -> SessionView {
        _ = try await ask { .resume(id, request: $0) }
        return try await view(id)
    }

    /// Leaves the queue for a seat. Refused once the session has one.
    public func leaveQueue(_ id: SessionID) async throws(BrokerError) -> SessionView {
        _ = try await ask { .leaveQueue(id, request: $0) }
        return try await view(id)
    }

    /// *Keep it*: counts as activity in the lab, a limited number of times in a row.
    public func keep(_ id: SessionID) async throws(BrokerError) -> SessionView {
        _ = try await ask { .keep(id, request: $0) }
        return try await view(id)
    }

    /// The session as people see it, if it is in the scope.
    public func view(_ id: SessionID, in scope: Scope) async throws(BrokerError) -> SessionView {
        let view = try await view(id)
        guard scope.admits(view.portal) else { throw BrokerError(Refusal.unknownSession(id)) }
        return view
    }

    func view(_ id: SessionID) async throws(BrokerError) -> SessionView {
        view(of: try await session(id))
    }

    /// The session as it is on disk, whether or not it is in memory.
    func session(_ id: SessionID) async throws(BrokerError) -> Session {
        await settled(id)
        if let session = core.session(id) { return session }
        do {
            guard let session = try await store.session(id, in: .all) else {
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

    /// The session as it is now, then at every change; ends when the broker stops or the caller cancels. For a slow
    /// caller the oldest views are dropped, never the newest.
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

    // MARK: Access to a lab

    /// A code that opens the session's hostname once, within a minute, and for as long as the visit is not revoked.
    ///
    /// - Parameter visit: the visit of the session's owner that asked for it.
    public func entryCode(for id: SessionID, visit: Visit) -> String {
        entryCodes.mint(for: id, visit: visit, now: ControlLoop.loop.now)
    }

    /// The digests of the one-time codes that are still valid, for the broker that takes over.
    public func handedEntryCodes() -> [HandedEntryCode] { entryCodes.handed(now: ControlLoop.loop.now) }

    /// Accepts one-time codes issued by the previous broker.
    public func adopt(_ codes: [HandedEntryCode]) { entryCodes.adopt(codes, now: ControlLoop.loop.now) }

    /// Exchanges a one-time code for the token of the access cookie. Only the token's digest is stored.
    public func redeem(_ code: String, on id: SessionID) async throws(BrokerError) -> String {
        guard let visit = entryCodes.redeem(code, for: id, now: ControlLoop.loop.now), !revocations.isRevoked(visit)
        else { throw Self.badCode }
        let token = Base64URL.encode(SecureRandom.bytes(32))
        let digest = SHA256.digest(Array(token.utf8))
        let grant = AccessGrant(session: id, tokenDigest: digest.bytes, createdAt: now, visit: visit.id)
        do { try await store.commit([], grants: [grant]) } catch { throw BrokerError(error) }
        // A revocation that was stored before the grant did not see it.
        guard !revocations.isRevoked(visit) else {
            do { try await store.take(grant) } catch { throw BrokerError(error) }
            throw Self.badCode
        }
        remember(grant)
        edge.apply([.grant(slug: id.rawValue, digest: digest)])
        return token
    }

    private static let badCode = BrokerError(DriverRefusal.badCode)

    /// Invalidates a one-time code that was seen where it was not needed.
    public func forget(_ code: String) { entryCodes.forget(code) }

    func remember(_ grant: AccessGrant) {
        guard let digest = Digest32(grant.tokenDigest) else { return }
        var digests = grants[grant.session] ?? []
        digests.append(digest)
        grants[grant.session] = digests.suffix(StoreLimits.grantsPerSession)
    }

    /// Whether this cookie's token opens this session, which must be in the scope. Asks the store, which knows ended
    /// sessions too.
    public func holdsGrant(_ id: SessionID, token: String, in scope: Scope) async throws(BrokerError) -> Bool {
        let digest = SHA256.digest(Array(token.utf8))
        do { return try await store.holdsGrant(id, tokenDigest: digest.bytes, in: scope) } catch {
            throw BrokerError(error)
        }
    }
}
