import BrokerCore
import DockerEngine
import EventLoop

extension Broker {
    /// Applies a new catalogue and new hosts. Changes of the labs domain and the homes root need a restart; the caller
    /// checks that.
    public func reconfigure(_ new: BrokerConfiguration) {
        configuration = new
        submit(new.event)
        connectHosts()
        probeHomes()
        // Placement should know which hosts have the images of new labs before the first launch.
        for driver in hostDrivers.values {
            driver.listAgain()
            driver.proveSoon()
        }
    }

    /// Connects to hosts that are new or whose address has changed.
    func connectHosts() {
        let configured = hostConfigurations
        for (name, host) in configured {
            if let driver = hostDrivers[name], driver.configuration.reaches(host) { continue }
            hostDrivers.removeValue(forKey: name)?.stop()
            do {
                let driver = try HostDriver(host, broker: self)
                hostDrivers[name] = driver
                driver.connect()
            } catch {
                // Its TLS files are unusable; reloading the configuration tries again.
                log.error("host cannot be used", metadata: ["host": "\(name)", "reason": "\(error.message)"])
                submit(.hostSilent(host: name, reason: error.message))
            }
        }
        disconnectForgottenHosts()
    }

    /// A host that was removed from the configuration stays connected until its last session has ended. A host that was
    /// just added is kept: the core learns of it in the next step.
    func disconnectForgottenHosts() {
        let configured = Set(configuration.hosts.map(\.spec.name))
        for name in hostDrivers.keys where !configured.contains(name) && core.hostStatus(name) == nil {
            hostDrivers.removeValue(forKey: name)?.stop()
        }
    }

    /// Updates the packet filters of all hosts after a host was added or has moved, so that labs cannot reach it.
    func filterAddresses() {
        let addresses = hostAddresses
        defer { filteredAddresses = addresses }
        guard addresses != filteredAddresses else { return }
        for driver in hostDrivers.values { driver.proveSoon() }
    }

    /// The addresses or names of the hosts' engines, and of the addresses on which labs are published.
    var hostAddresses: [String] {
        Set(hostConfigurations.values.flatMap(\.addresses)).sorted()
    }

    /// The hosts of the configuration and those that operators added.
    private var hostConfigurations: [String: HostConfiguration] {
        var hosts: [String: HostConfiguration] = [:]
        for entry in core.addedHosts {
            do throws(BrokerError) { hosts[entry.spec.name] = try HostConfiguration(entry) } catch {
                log.error("added host cannot be used", metadata: ["reason": "\(error.message)"])
            }
        }
        for host in configuration.hosts { hosts[host.spec.name] = host }
        return hosts
    }

    // MARK: Operators' requests

    /// Adds a host, provided that its engine answers.
    public func addHost(_ entry: HostEntry) async throws(BrokerError) -> HostView {
        let configuration = try HostConfiguration(entry)
        let engineID: String?
        do throws(EngineError) {
            // If this engine is already a host of ours, it has this network.
            let network = LabContainer.networkName(instance: instance, egress: LabContainer.telltaleEgress)
            engineID = try await DockerEngine(endpoint: configuration.endpoint).networkID(named: network)
        } catch {
            throw BrokerError(DriverRefusal.engineSilent(host: entry.spec.name, message: error.message))
        }
        _ = try await ask { .addHost(entry, engineID: engineID, request: $0) }
        return try host(entry.spec.name)
    }

    /// - Parameters:
    ///   - isDraining: sessions on the host may stay until the deadline. Otherwise the host must be empty.
    ///   - deadline: from now, as for `drain`.
    /// - Returns: the host, if it still has to be emptied.
    public func removeHost(
        _ name: String, draining isDraining: Bool, deadline: Duration?
    ) async throws(BrokerError) -> HostView? {
        let moment = deadline.map { now + $0 }
        _ = try await ask { .removeHost(host: name, draining: isDraining, deadline: moment, request: $0) }
        return try? host(name)
    }

    public func adjustHost(
        _ name: String, _ change: HostAdjustment, startingOver: Bool
    ) async throws(BrokerError) -> HostView {
        _ = try await ask { .adjustHost(host: name, change, startingOver: startingOver, request: $0) }
        return try host(name)
    }

    func container(for session: Session, lab: Lab, on host: HostConfiguration) -> LabContainer {
        let (name, epoch) = session.container
        return LabContainer(
            instance: instance, session: session, lab: lab, publishAddress: host.publishAddress, homeDirectory: nil,
            token: LabContainer.token(key: tokenKey, session: name, epoch: epoch))
    }
}

extension HostConfiguration {
    init(_ entry: HostEntry) throws(BrokerError) {
        let identity = entry.address.identity.map {
            EngineEndpoint.Identity(
                authorityPath: $0.authority, certificatePath: $0.certificate, keyPath: $0.key)
        }
        guard let endpoint = EngineEndpoint(entry.address.endpoint, identity: identity) else {
            throw BrokerError(DriverRefusal.badEndpoint(entry.address.endpoint))
        }
        self.init(spec: entry.spec, endpoint: endpoint, publishAddress: entry.address.publishAddress)
    }

    /// Whether the connection for `other` would be the same as this one.
    func reaches(_ other: HostConfiguration) -> Bool {
        endpoint == other.endpoint && publishAddress == other.publishAddress
            && brokerAddresses == other.brokerAddresses
    }
}
