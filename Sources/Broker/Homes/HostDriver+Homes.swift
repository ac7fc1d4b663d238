import BrokerCore
import DockerEngine
import EventLoop

/// Attaching homes to running labs; see `HomeSlots`.
extension HostDriver {
    /// Finds out whether this host can attach homes, if the configuration needs it. Idempotent.
    func probeHomes() {
        guard broker.configuration.homesRoot != nil, broker.wantsHomesLater, !isProbing, attachment != .possible
        else { return }
        isProbing = true
        Task { @ControlLoop in
            let found = await self.slots.prepare()
            self.isProbing = false
            // Labs may have lost their homes with the helpers; a listing finds out.
            if found == .possible, self.attachment != nil { self.listAgain() }
            self.noteAttachment(found)
        }
    }

    private func noteAttachment(_ found: HomeAttachment) {
        if found != attachment {
            switch found {
            case .possible: log.info("homes can be attached to running labs")
            case .impossible(let reason), .interrupted(let reason):
                log.warning("homes cannot be attached to running labs", metadata: ["reason": "\(reason)"])
            }
        }
        attachment = found
        broker.submit(.hostProbed(host: name, found))
    }

    /// Recreates the keeper or the holder if it has ended or was removed.
    /// - Parameter running: the roles of our running containers.
    func checkHelpers(running: Set<String>) {
        if attachment == .possible, !isProbing, !running.isSuperset(of: HomeSlots.Role.lasting) { helperEnded() }
        probeHomes()
    }

    /// Until the container has been recreated, the host is not reported as able to attach homes.
    func helperEnded() {
        guard attachment == .possible, !isProbing else { return }
        noteAttachment(
            .interrupted(reason: "The container that attaches homes has ended or was removed; it is being made again."))
        probeHomes()
    }

    /// Clears slots whose container is gone, because a broker died between removing the two. Reports labs whose slot is
    /// gone.
    /// - Parameter observed: the slot of every run that has a container here, by the run's name.
    /// - Parameter asked: `BrokerCore.eventCount` when the listing was requested.
    func sweepSlots(_ observed: [String: ObservedSlot], asked: Int) async {
        try? await slots.clearOldSlots(besides: Set(observed.keys))
        guard attachment == .possible, let found = try? await slots.list() else { return }
        for slot in found where observed[slot] == nil && WarmSeatID(run: SessionID(rawValue: slot)) != nil {
            // A lab that is just being created has no container yet.
            guard
                starts[LabContainer.name(instance: broker.instance, session: SessionID(rawValue: slot), epoch: 0)]
                    == nil
            else { continue }
            try? await self.slots.clear(slot)
        }
        for (slot, lab) in observed where lab.isRunning && !found.contains(slot) {
            guard let path = lab.path, let place = try? await slots.path(of: slot), path == place else { continue }
            log.warning(
                "a lab has lost its home, because all containers that held it were removed",
                metadata: ["run": "\(slot)"])
            broker.submit(.homeLost(SessionID(rawValue: slot), epoch: lab.epoch, asked: asked))
        }
    }

    /// Creates the slot for the container of an unclaimed warm seat, to which a home is attached later.
    func makeSlot(for container: LabContainer) async throws -> String {
        let slot = container.session.container.name.rawValue
        try await slots.make(slot, userID: container.lab.userID, groupID: container.lab.groupID)
        return try await slots.path(of: slot)
    }
}

/// A container that was created with a slot.
struct ObservedSlot {
    var epoch: Int
    var isRunning: Bool
    /// The slot's path on the host.
    var path: String?
}

extension Broker {
    /// Whether hosts must be able to attach homes, because a lab that keeps files is to be warm.
    var wantsHomesLater: Bool {
        let warm =
            core.poolStatuses(at: now).filter { $0.spec.maximum > 0 }.map(\.key)
            + core.reservationTerms.filter { $0.warmPercent > 0 }.map(\.lab)
        return warm.contains { self.core.lab($0)?.files == .home }
    }

    func probeHomes() {
        for driver in hostDrivers.values { driver.probeHomes() }
    }
}
