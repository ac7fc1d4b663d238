import BrokerCore
import EventLoop

extension Broker {
    /// Begins to talk to hosts that are new or whose address changed.
    func connectHosts() {
        let configured = Dictionary(uniqueKeysWithValues: configuration.hosts.map { ($0.spec.name, $0) })
        for (name, host) in configured {
            if let driver = hostDrivers[name], driver.configuration.reaches(host) { continue }
            hostDrivers.removeValue(forKey: name)?.stop()
            do {
                let driver = try HostDriver(host, broker: self)
                hostDrivers[name] = driver
                driver.connect()
            } catch {
                // Its TLS files cannot be used; a reload of the configuration tries again.
                log.error("host cannot be used", metadata: ["host": "\(name)", "reason": "\(error.message)"])
                submit(.hostSilent(host: name, reason: error.message))
            }
        }
        disconnectForgottenHosts()
    }

    /// A host that left the configuration is talked to until its last session has ended, and then no more. One that has
    /// just come into it stays: the core hears of it in the next step.
    func disconnectForgottenHosts() {
        guard hostDrivers.count > configuration.hosts.count else { return }
        let configured = Set(configuration.hosts.map(\.spec.name))
        for name in hostDrivers.keys where core.hostStatus(name) == nil && !configured.contains(name) {
            hostDrivers.removeValue(forKey: name)?.stop()
        }
    }

    func container(for session: Session, lab: Lab, on host: HostConfiguration) -> LabContainer {
        let (name, epoch) = session.container
        return LabContainer(
            instance: instance, session: session, lab: lab, publishAddress: host.publishAddress, homeDirectory: nil,
            token: LabContainer.token(key: tokenKey, session: name, epoch: epoch))
    }
}

extension HostConfiguration {
    /// Whether the connection to `other` would be this one's.
    func reaches(_ other: HostConfiguration) -> Bool {
        endpoint == other.endpoint && publishAddress == other.publishAddress
    }
}
