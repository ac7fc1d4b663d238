import BrokerCore
import DockerEngine
import EventLoop

/// What labs are promised about the network, made and proved on this host: see `HostProof`.
extension HostDriver {
    var proof: HostProof {
        HostProof(
            engine: engine, client: broker.client, instance: broker.instance,
            publishAddress: configuration.publishAddress, brokers: configuration.brokerAddresses,
            hosts: broker.hostAddresses, ranges: broker.configuration.egress)
    }

    /// Runs for as long as the connection lasts: a filter that was removed from the host is set again, and every filter
    /// that was set is tried.
    func keepProof() async throws {
        var retry = BrokerLimits.proofRetryDelay
        while true {
            await prove()
            if isolation == .proved { retry = BrokerLimits.proofRetryDelay }
            try await Task.sleep(for: isolation == .proved ? BrokerLimits.relistInterval : retry)
            retry = min(retry * 2, BrokerLimits.relistInterval)
        }
    }

    /// Proves it now. If that fails, the next round does.
    func proveSoon() {
        Task { @ControlLoop in await self.prove() }
    }

    private func prove() async {
        guard !isProving else { return }
        isProving = true
        defer { isProving = false }
        let connection = connection
        do {
            let proof = proof
            let laid = try await proof.lay(try await proof.ensureNetworks())
            guard laid.isNew || isolation != .proved else { return }
            if isolation == .proved { log.warning("the packet filter around labs had changed; it is set again") }
            tell(await proof.tryOut(laid), during: connection)
        } catch let failure as HostProof.Failure {
            tell(.unproved(reason: failure.reason), during: connection)
        } catch {
            // Whether the host answers at all is for the heartbeat to find out.
            if let error = error as? EngineError, error.isHostUnreachable { return }
            tell(.unproved(reason: (error as? EngineError)?.message ?? "\(error)"), during: connection)
        }
    }

    private func tell(_ found: HostIsolation, during connection: Int) {
        guard !Task.isCancelled, connection == self.connection else { return }
        if found != isolation {
            switch found {
            case .proved: log.info("labs are kept apart as promised")
            case .untried: break
            case .unproved(let reason):
                log.error("labs would not be kept apart, so none is placed here", metadata: ["reason": "\(reason)"])
            }
        }
        isolation = found
        broker.submit(.hostTried(host: name, found))
    }
}
