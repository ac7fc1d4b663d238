import BrokerCore

/// The invariants of parked sessions.
extension Simulation {
    func checkParking(_ session: Session, _ run: RunName, _ reason: ParkReason) {
        switch reason {
        case .idle(let timeoutSeconds):
            count("parked idle")
            checkIdleEnd(session, run, timeout: .seconds(timeoutSeconds))
        case .operatorParked:
            count("parked by an operator")
        case .unknown:
            complain("\(run) was parked for a reason that nobody gave")
        }
        let lab = allLabs.first { $0.key == session.lab }
        if lab?.files == LabFiles.none || lab?.parksFor == .zero {
            complain("\(run) is parked, and its lab is not")
        }
    }

    /// Checks that its container is gone, unless the host is: then the container is removed when the host returns.
    func checkParked(_ session: Session, _ container: RunName) {
        guard let old = store.sessions[session.id], case .parking(let host, _, _) = old.state else { return }
        count("parked")
        let isKnown = core?.hostStatus(host).map { $0.isConfigured && $0.duty != .lost } ?? false
        // A delayed call may have created it again; that leftover is cleared away later, but must not run.
        if isKnown, engines[host]?.isRunning(container) == true {
            complain("\(session.id) is parked and its container \(container) still runs on \(host)")
        }
    }

    /// Checks that it ends no earlier than its time, unless the configuration shortened that or no longer has the lab.
    func checkParkedEnd(_ session: Session, _ run: RunName) {
        guard case .parked(_, let since)? = store.sessions[session.id]?.state else { return }
        guard let lab = allLabs.first(where: { $0.key == session.lab }) else { return }
        if wall - (since + stepJump) < lab.parksFor { complain("\(run) ended \(wall - since) after it was parked") }
    }
}
