import BrokerCore
import DockerEngine
import EventLoop
import HTTPTransport
import TLS

/// What `carrel check` finds out about the network and the kernel of a host before Carrel runs: the same try-out that
/// every connection makes, with networks and a packet filter of its own, which are gone afterwards.
public struct HostCheck: Sendable {
    public var isolation: HostIsolation
    /// nil: the engine does not say, or does not answer.
    public var restoresLive: Bool?
    /// nil where the packet filter cannot be set, whose helper tells it.
    public var kernel: KernelLimits?

    /// - Throws: `EngineError` when the engine does not answer.
    @ControlLoop
    public static func look(
        at host: HostConfiguration, of configuration: BrokerConfiguration
    ) async throws(EngineError) -> HostCheck {
        let engine = try DockerEngine(endpoint: host.endpoint)
        let restoresLive = try await engine.info().restoresLive
        let proof = HostProof(
            engine: engine, client: HTTPClient(tls: nil), instance: SecureRandom.slug(length: 11) + "-check",
            publishAddress: host.publishAddress, brokers: host.brokerAddresses,
            hosts: configuration.hosts.flatMap(\.addresses), addresses: HostAddresses(), ranges: configuration.egress)
        let isolation: HostIsolation
        var kernel: KernelLimits?
        do {
            let (laid, found) = try await proof.prove()
            isolation = found
            kernel = laid.kernel
        } catch let failure as HostProof.Failure {
            isolation = .unproved(reason: failure.reason)
        } catch {
            isolation = .unproved(reason: (error as? EngineError)?.message ?? "\(error)")
        }
        await proof.takeOff()
        return HostCheck(isolation: isolation, restoresLive: restoresLive, kernel: kernel)
    }
}

extension HostConfiguration {
    /// Names or addresses by which the host is known: its engine's, and the one on which labs are published.
    var addresses: [String] {
        guard case .tcp(let name, _, _) = endpoint.transport else { return [publishAddress] }
        return [name, publishAddress]
    }
}
