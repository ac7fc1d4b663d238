import Broker
import DockerEngine
import EventLoop
import TLS

/// Conversions of the configuration into the types of the modules that use it.
extension Configuration {
    var broker: BrokerConfiguration {
        BrokerConfiguration(
            labs: labs.map(\.lab),
            hosts: hosts.map {
                HostConfiguration(
                    spec: $0.spec, endpoint: $0.engine, publishAddress: $0.publishAddress,
                    brokerAddresses: $0.brokerAddresses)
            },
            homesRoot: homes, labsDomain: labsDomain, publicPort: publicPort, freeFloorPercent: freeFloorPercent,
            pools: pools, density: density, sampleInterval: sampleInterval, portals: [portal.name], egress: egress)
    }

    var certificateFiles: CertificateFiles {
        CertificateFiles(certificatePath: certificate.certificate, keyPath: certificate.key)
    }

    var listenAddresses: [SocketAddress] { listen.map { .ip(address: $0.address, port: $0.port) } }

    var redirectAddresses: [SocketAddress] {
        redirect?.listen.map { .ip(address: $0.address, port: $0.port) } ?? []
    }

    /// A problem that appears only when a file that the configuration names is read.
    func problem(line: Int, _ message: String) -> ConfigurationProblem {
        ConfigurationProblem(file: file, line: line, column: 0, message: message)
    }
}

extension Configuration.HostEntry {
    var engine: EngineEndpoint {
        switch endpoint {
        case .unix(let path): EngineEndpoint(.unix(path: path))
        case .tcp(let host, let port, let tls):
            EngineEndpoint(
                .tcp(
                    host: host, port: port,
                    EngineEndpoint.Identity(
                        authorityPath: tls.authority, certificatePath: tls.client.certificate, keyPath: tls.client.key))
            )
        }
    }
}
