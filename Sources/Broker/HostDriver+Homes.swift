import BrokerCore
import DockerEngine
import EventLoop

/// Homes that are attached to labs which run already; see `HomeSlots`.
extension HostDriver {
    /// Finds out once whether this host can attach homes, when something configured wants it. Harmless to repeat.
    func probeHomes() {
        guard let root = broker.configuration.homesRoot, let lab = broker.labThatWantsItsHomeLater, !isProbing,
            attachment != .possible
        else { return }
        isProbing = true
        Task { @ControlLoop in
            let found = await self.slots.prepare(homesRoot: root, image: lab.image)
            self.isProbing = false
            if found != self.attachment {
                switch found {
                case .possible: self.log.info("homes can be attached to running labs")
                case .impossible(let reason):
                    self.log.warning("homes cannot be attached to running labs", metadata: ["reason": "\(reason)"])
                }
            }
            self.attachment = found
            self.broker.submit(.hostProbed(host: self.name, found))
        }
    }

    /// Slots whose container is gone: the broker died between the two.
    func sweepSlots(besides used: Set<String>) async {
        guard attachment == .possible, let slots = try? await slots.list() else { return }
        for slot in slots where !used.contains(slot) && WarmSeatID(run: SessionID(rawValue: slot)) != nil {
            // One that is just being made has no container yet.
            guard
                starts[LabContainer.name(instance: broker.instance, session: SessionID(rawValue: slot), epoch: 0)]
                    == nil
            else { continue }
            try? await self.slots.clear(slot)
        }
    }

    /// Where a lab's home will be attached; for a warm seat that is nobody's yet.
    func makeSlot(for container: LabContainer) async throws -> String {
        let slot = container.session.container.name.rawValue
        try await slots.make(slot, userID: container.lab.userID, groupID: container.lab.groupID)
        return slots.path(of: slot)
    }
}

extension Broker {
    /// A lab that is to be warm and keeps files: hosts must be able to attach homes. `nil`: no host is asked.
    var labThatWantsItsHomeLater: Lab? {
        let warm =
            core.poolStatuses(at: now).filter { $0.spec.maximum > 0 }.map(\.key.lab)
            + core.reservationTerms.filter { $0.warmPercent > 0 }.map(\.lab)
        return warm.lazy.compactMap { self.core.lab($0) }.first { $0.files == .home }
    }

    func probeHomes() {
        for driver in hostDrivers.values { driver.probeHomes() }
    }
}
