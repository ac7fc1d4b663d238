import BrokerCore
import DockerEngine
import EventLoop

/// Sets up and proves the network promises made to labs on this host: see `HostProof`.
extension HostDriver {
    var proof: HostProof {
        HostProof(
            engine: engine, client: broker.client, instance: broker.instance,
            publishAddress: configuration.publishAddress, brokers: configuration.brokerAddresses,
            hosts: broker.hostAddresses, addresses: broker.knownAddresses, ranges: broker.configuration.egress)
    }

    /// Runs for as long as the connection lasts: a filter that was removed from the host is set again, and every newly
    /// set filter is tried.
    func keepProof() async throws {
        var retry = BrokerLimits.proofRetryDelay
        while true {
            await prove()
            if isolation == .proved { retry = BrokerLimits.proofRetryDelay }
            try await Task.sleep(for: isolation == .proved ? BrokerLimits.relistInterval : retry)
            retry = min(retry * 2, BrokerLimits.relistInterval)
        }
    }

    /// Proves isolation now, with the current configuration. If that fails, the next round retries. A host that is not
    /// connected is proved once it is.
    func proveSoon() {
        guard isConnected else { return }
        Task { @ControlLoop in await self.prove() }
    }

    private func prove() async {
        mustProveAgain = isProving
        guard !isProving else { return }
        isProving = true
        defer { isProving = false }
        repeat {
            mustProveAgain = false
            await proveOnce()
        } while mustProveAgain && !Task.isCancelled
    }

    private func proveOnce() async {
        let connection = connection
        do {
            let (laid, isolation) = try await settle()
            kernel = laid.kernel
            tell(isolation, mark: laid.mark(engineLife: engineLife), during: connection)
        } catch let failure as HostProof.Failure {
            tell(.unproved(reason: failure.reason), mark: nil, during: connection)
        } catch {
            // The heartbeat finds out whether the host answers at all.
            if let error = error as? EngineError, error.isHostUnreachable { return }
            tell(.unproved(reason: (error as? EngineError)?.message ?? "\(error)"), mark: nil, during: connection)
        }
    }

    /// Isolation that was proved by this broker or an earlier one is not tried again while the filter and everything
    /// that the proof depends on are unchanged.
    private func settle() async throws -> (HostProof.Laid, HostIsolation) {
        let (proof, known) = (proof, broker.core.proof(on: name))
        guard isolation == .proved || isolation == .untried && known != nil else { return try await proof.prove() }
        let laid = try await proof.lay(try await proof.ensureNetworks())
        if !laid.isNew, laid.mark(engineLife: engineLife) == known { return (laid, .proved) }
        if laid.isNew, isolation == .proved {
            log.warning("the packet filter around labs had changed; it is set again")
        }
        return (laid, await proof.tryOut(laid))
    }

    private func tell(_ found: HostIsolation, mark: String?, during connection: Int) {
        guard !Task.isCancelled, connection == self.connection else { return }
        guard found != isolation || mark != broker.core.proof(on: name) else { return }
        if found != isolation {
            switch found {
            case .proved: log.info("labs are kept apart as promised")
            case .untried: break
            case .unproved(let reason):
                log.error("labs would not be kept apart, so none is placed here", metadata: ["reason": "\(reason)"])
            }
        }
        isolation = found
        broker.submit(.hostTried(host: name, found, mark: mark))
    }
}
