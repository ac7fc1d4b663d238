import BrokerCore
import Identity
import Store
import Text
import Words

extension Broker {
    /// Adds a line to a session's story that says who is about to act on it.
    public func remark(_ words: String, on id: SessionID) { remark(words, on: [id]) }

    /// Adds a line to the stories of all sessions on a host, including parked ones whose files only it has.
    public func remark(_ words: String, onHost host: String) {
        remark(words, on: core.sessions(on: host).sorted() + core.parkedSessions(withHomesOn: host))
    }

    func remark(_ words: String, on ids: [SessionID]) {
        if !ids.isEmpty { submit(.remark(ids, words)) }
    }

    /// Writes an operator's action to the log.
    public func record(act: String, by who: String, status: Int) {
        log.info("operator", metadata: ["who": "\(who)", "act": "\(act)", "status": "\(status)"])
    }

    /// Ends a session; the learner's files stay. A no-op on a session that has ended.
    public func end(_ id: SessionID, reason: EndReason) async throws(BrokerError) -> SessionView {
        _ = try await ask { .end(id, reason: reason, request: $0) }
        return try await view(id)
    }

    /// Ends a running session after `notice`, of which its learner is told at once; any other session ends at once.
    /// `note` is for the learner.
    public func announceEnd(_ id: SessionID, in notice: Duration, note: String) async throws(BrokerError) -> SessionView
    {
        let end = AnnouncedEnd(at: now + notice, note: note)
        _ = try await ask { .announceEnd(id, end, request: $0) }
        return try await view(id)
    }

    /// Cancels an announced end.
    public func cancelEnd(_ id: SessionID) async throws(BrokerError) -> SessionView {
        _ = try await ask { .cancelEnd(id, request: $0) }
        return try await view(id)
    }

    /// Parks a running session: its seat is freed once its container is gone, and its learner's next visit resumes it.
    /// `note` is for the learner.
    public func park(_ id: SessionID, note: String) async throws(BrokerError) -> SessionView {
        _ = try await ask { .park(id, note: note, request: $0) }
        return try await view(id)
    }

    /// Moves the ends of a running session: its idle end, its lifetime and its reserved seat; an announced end is
    /// cancelled. Who did it and why goes into its story, which operators read.
    public func extend(_ id: SessionID, _ more: Extension) async throws(BrokerError) -> SessionView {
        _ = try await ask { .extend(id, more, request: $0) }
        return try await view(id)
    }

    /// Sessions of a course that are not over, sorted by their learners' names, with their total count. O(sessions).
    public func sessions(of course: Course, limit: Int) -> (sessions: [SessionView], count: Int) {
        let found = core.sessions.filter { course.has($0) && !$0.state.isOver }
        let byID = found.sorted { $0.id < $1.id }.sortedNaturally { $0.learner.id }
        let first = byID.sortedNaturally { $0.learner.name }.prefix(limit)
        return (first.map { view(of: $0) }, found.count)
    }

    /// Why the session is in its state, and until when.
    public func explain(_ id: SessionID, in scope: Scope) async throws(BrokerError) -> SessionExplanation {
        _ = try await view(id, in: scope)
        let story = try await story(of: id, in: scope)
        return SessionExplanation(core.facts(about: try await session(id), story: story, at: now))
    }

    public func cordon(_ host: String) async throws(BrokerError) {
        _ = try await ask { .cordon(host: host, request: $0) }
    }

    public func uncordon(_ host: String) async throws(BrokerError) {
        _ = try await ask { .uncordon(host: host, request: $0) }
    }

    /// Places no new seats on the host; sessions there end by themselves, or after `deadline` from now. Without a
    /// deadline, a drain in progress keeps its own, and a new one gets `Limits.drainTime`.
    public func drain(_ host: String, deadline: Duration?) async throws(BrokerError) {
        let moment = deadline.map { now + $0 }
        _ = try await ask { .drain(host: host, deadline: moment, request: $0) }
    }

    /// Drains these hosts in sequence, with no more than `maximumUnavailable` out of service at any time. Each has
    /// `deadline` from the start of its drain.
    public func drain(
        _ hosts: [String], maximumUnavailable: Int, deadline: Duration
    ) async throws(BrokerError) -> RollingDrainView? {
        _ = try await ask {
            .rollingDrain(hosts: hosts, maximumUnavailable: maximumUnavailable, span: deadline, request: $0)
        }
        return rollingDrain
    }

    /// The rolling drain in progress.
    public var rollingDrain: RollingDrainView? { core.rolling.map { RollingDrainView($0) } }

    /// Declares that the host does not come back: its sessions get a new seat, or end.
    public func declareLost(_ host: String) async throws(BrokerError) -> HostLossView {
        let before = (core.sessions(on: host).sorted() + core.parkedSessions(withHomesOn: host))
        _ = try await ask { .declareLost(host: host, request: $0) }
        var loss = HostLossView(host: try self.host(host), moved: [], ended: [])
        for id in before {
            switch core.session(id)?.state {
            case .queued, .starting, .running: loss.moved.append(id)
            // It was already being parked.
            case .parking, .parked: break
            case .ending, .ended, .failed, nil: loss.ended.append(id)
            }
        }
        return loss
    }

    /// Newest first.
    public func sessions(_ query: SessionQuery, in scope: Scope) async throws(BrokerError) -> [SessionView] {
        let found: [Session]
        do { found = try await store.sessions(query, in: scope) } catch { throw BrokerError(error) }
        await settled()
        return found.map { view(of: core.session($0.id) ?? $0) }
    }

    /// The session with this identifier, or with this prefix, if it is the only one of the scope.
    public func resolve(_ idOrPrefix: String, in scope: Scope) async throws(BrokerError) -> SessionID {
        let match: SessionMatch
        do { match = try await store.session(matching: idOrPrefix, in: scope) } catch { throw BrokerError(error) }
        switch match {
        case .one(let session): return session.id
        case .none: throw BrokerError(DriverRefusal.unknownSessionPrefix(idOrPrefix))
        case .several: throw BrokerError(DriverRefusal.severalSessions(prefix: idOrPrefix))
        }
    }

    /// Everything that happened to the session, oldest first.
    public func story(of id: SessionID, in scope: Scope) async throws(BrokerError) -> [StoryEntry] {
        do { return try await store.story(of: id, in: scope) } catch { throw BrokerError(error) }
    }
}
