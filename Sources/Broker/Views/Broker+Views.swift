import BrokerCore
import EventLoop
import Text
import Words

extension Broker {
    /// All hosts, by name.
    public func hosts() -> [HostView] {
        core.hostStatuses.sortedNaturally(by: \.name).map { status in
            HostView(
                name: status.name, endpoint: hostDrivers[status.name]?.configuration.endpoint.description ?? "",
                state: status.state,
                reason: status.reason, sessions: status.sessions, starting: status.starting,
                startsAllowed: status.startsAllowed, seats: status.seats,
                slots: status.slots, memoryUsedBytes: status.memoryUsedBytes,
                memoryLimitBytes: status.memoryLimitBytes, use: HostUseView(core.use(ofHost: status.name)),
                density: status.density,
                drainDeadline: status.drainDeadline,
                warm: status.warm > 0 ? status.warm : nil, homes: HostView.words(status.attachment),
                network: HostView.words(status.isolation), restoresLive: hostDrivers[status.name]?.restoresLive,
                kernel: hostDrivers[status.name]?.kernel,
                origin: status.origin, isAdjusted: status.isAdjusted,
                labels: status.labels, engineId: status.engineID,
                clockSkewMilliseconds: hostDrivers[status.name]?.clockSkew?.wholeMilliseconds,
                otherContainers: status.others.containers, otherMemoryBytes: status.others.memoryBytes)
        }
    }

    public func host(_ name: String) throws(BrokerError) -> HostView {
        guard let host = hosts().first(where: { $0.name == name }) else { throw BrokerError(Refusal.unknownHost(name)) }
        return host
    }

    /// A host and its sessions, oldest first.
    public func hostDetails(_ name: String) throws(BrokerError) -> HostDetailsView {
        let sessions = core.sessions(on: name).compactMap { core.session($0) }
        return HostDetailsView(
            host: try host(name),
            sessions: sessions.sorted { ($0.createdAt, $0.id) < ($1.createdAt, $1.id) }.map { view(of: $0) },
            sharesHomes: configuration.homesRoot != nil, parked: core.parkedSessions(withHomesOn: name),
            images: labImages(on: name))
    }

    func view(of session: Session) -> SessionView {
        let lab = core.lab(session.lab)
        let hostname = configuration.hostname(of: session)
        var view = SessionView(
            id: session.id, portal: session.learner.portal, learner: session.learner.id,
            learnerName: session.learner.name, lab: session.lab.name,
            labTitle: lab?.title ?? session.lab.name,
            kind: lab?.kind ?? .http, state: session.state.name, host: session.state.host, image: lab?.image ?? "",
            epoch: session.epoch, hostname: hostname, url: configuration.url(of: session),
            createdAt: session.createdAt, since: session.createdAt, lastActivityAt: session.lastActivityAt)
        view.keepsFiles = lab?.files != LabFiles.none
        view.course = session.context
        view.chargeBytes = session.charge > 0 ? session.charge : nil
        view.use = core.use(of: session.id).map { SessionUseView($0) }
        switch session.state {
        case .queued(let since):
            view.since = since
            view.queuePosition = core.queuePosition(of: session.id)
            view.queueLength = core.queueLength
            view.estimateSeconds = estimateSeconds(of: session.id)
            view.waiting = core.waiting(of: session.id, at: now)
            view.reason = view.waiting?.operatorText
        case .starting(_, let step, let since):
            view.since = since
            view.step = step.rawValue
            view.estimateSeconds = estimateSeconds(of: session.id)
        case .running(_, _, let since):
            view.since = since
            view.idleEndsAt = core.idleEndsAt(session.id)
            view.lifetimeEndsAt = core.lifetimeEndsAt(session.id)
            view.reason = core.standing(of: session.id, at: now)?.text
            let first = core.ends(of: session.id, at: now).first { $0.at != nil }
            view.endsAt = first?.at
            view.endsBy = first?.cause
            view.isWarned = first?.isWarned
            view.announcedEndAt = session.stay.announcedEnd?.at
            view.announcedNote = session.stay.announcedEnd?.note
            view.extendedSeconds = session.stay.extended.components.seconds
            view.parksForSeconds = core.parksFor(session.id)?.components.seconds
            view.keepsLeft = Limits.keepsInARow - session.stay.keeps
            view.memoryWarnedAt = core.memoryWarnedAt(session.id)
            view.isOutOfReach = core.isOutOfReach(session.id)
        case .ending(_, let reason, let since):
            view.since = since
            view.endReason = reason
            view.reason = reason.explanation
        case .parking(_, let reason, let since):
            view.since = since
            view.parkReason = reason
            view.reason = reason.explanation
        case .parked(let reason, let since):
            view.since = since
            view.parkReason = reason
            view.reason = core.standing(of: session.id, at: now)?.text ?? reason.explanation
            view.parkedUntil = core.parkedUntil(session.id)
        case .ended(let reason, let at):
            view.since = at
            view.endReason = reason
            view.reason = reason.explanation
        case .failed(let reason, let fault, let at):
            view.since = at
            view.reason = reason.message
            view.fault = fault
        }
        return view
    }

    private func estimateSeconds(of id: SessionID) -> Int? {
        // Rounded up, so that the estimate is never too short by a fraction of a second.
        core.estimate(of: id, at: now).map { Int(($0.wholeMilliseconds + 999) / 1000) }
    }

    // MARK: Watchers

    func tellWatchers(of id: SessionID) {
        if core.session(id) == nil { grants[id] = nil }
        guard watchers.has(id) else { return }
        if let session = core.session(id) {
            watchers.tell(view(of: session))
        } else {
            // It has just ended and left the core's memory, so it is read from the store.
            Task { @ControlLoop in
                if let view = try? await self.view(id) { self.watchers.tell(view) }
            }
        }
    }

    /// All positions change at once, in a storm many times a second, so watchers are notified in rounds.
    func tellWatchersOfQueue() {
        guard queueNews == nil else { return }
        queueNews = ControlLoop.loop.schedule(after: BrokerLimits.queueNewsInterval) { [weak self] in
            ControlLoop.assumeIsolated { self?.tellQueueNow() }
        }
    }

    private func tellQueueNow() {
        queueNews = nil
        for id in watchers.sessions {
            guard let session = core.session(id), case .queued = session.state else { continue }
            watchers.tell(view(of: session))
        }
    }
}
