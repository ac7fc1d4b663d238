import Broker
import Configuration
import DockerEngine
import Edge
import EventLoop
import Portal
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
            pools: pools, density: density, sampleInterval: sampleInterval,
            portals: portals.map {
                BrokerPortal(id: $0.id, labsDomain: $0.labsDomain, homesDirectory: $0.homesDirectory, quota: $0.quota)
            }, egress: egress)
    }

    var portalPages: [PortalConfiguration] {
        portals.map { portal in
            var pages = PortalConfiguration(
                id: portal.id, hostname: portal.hostname, title: portal.title, labsDomain: portal.labsDomain,
                publicPort: publicPort)
            pages.embeddedIn = portal.embeddedIn
            pages.instructorExtension = portal.instructorExtension
            pages.contact = portal.contact
            pages.brand = Brand(logo: portal.logo, colours: portal.colours)
            return pages
        }
    }

    var edgePortals: [EdgePortal] {
        portals.map {
            EdgePortal(
                name: $0.id.rawValue, hostname: $0.hostname, labsDomain: $0.labsDomain, embeddedIn: $0.embeddedIn)
        }
    }

    var certificateFiles: [CertificateFiles] {
        certificates.map { CertificateFiles($0) }
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

extension CertificateFiles {
    init(_ paths: Configuration.CertificatePaths) {
        self.init(certificatePath: paths.certificate, keyPath: paths.key)
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
