import BrokerCore
import DockerEngine
import EventLoop
import HTTPTransport
import TLS

/// The findings of `carrel check` about a host's network and kernel before Carrel runs there: the same try-out that
/// every connection makes, with its own networks and packet filter, which are removed afterwards.
public struct HostCheck: Sendable {
    public var isolation: HostIsolation
    /// nil if the engine does not say or does not answer.
    public var restoresLive: Bool?
    /// nil if the packet filter cannot be set, because its helper reports this.
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
    /// Names or addresses of the host: that of its engine, and the address on which labs are published.
    var addresses: [String] {
        guard case .tcp(let name, _, _) = endpoint.transport else { return [publishAddress] }
        return [name, publishAddress]
    }
}
