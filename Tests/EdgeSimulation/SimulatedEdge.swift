import Glibc
import TLS

@testable import Edge
@testable import EventLoop
@testable import HTTPTransport

/// An edge without sockets.
enum SimulatedEdge {
    /// Routes are hostnames.
    static let configuration = Result {
        var template = Array("/tmp/carrel-simulation-XXXXXX".utf8CString)
        let directory = String(cString: mkdtemp(&template))
        defer {
            for name in ["ca.pem", "ca.key", "edge.pem", "edge.key"] { unlink("\(directory)/\(name)") }
            rmdir(directory)
        }
        let files = try DevelopmentCA(directory: directory).issue("edge", for: .server(names: ["*.labs.test"]))
        return EdgeConfiguration(listen: [], loops: 1, certificates: try CertificateStore([files]))
    }

    /// Routes are the sessions of two portals.
    static let portals = configuration.map { plain in
        EdgeConfiguration(
            listen: [], loops: 1, portals: [TwoPortals.school, TwoPortals.acme], portalUpstream: Site.upstream(80),
            certificates: plain.certificates)
    }
}

extension SimulatedKernel {
    /// Creates an edge whose loop this kernel serves.
    func makeEdge(_ configuration: EdgeConfiguration) -> EdgeLoop {
        var made: EdgeLoop?
        serveNextLoop {
            made = EdgeLoop(
                name: "simulated", configuration: configuration, decisions: DecisionList(configuration.routing),
                addresses: AddressCounts(limit: 1_000), onActivity: { _ in })
        }
        guard let made else { preconditionFailure("no edge was made") }
        return made
    }

    /// Connects a client, without TLS. On the loop.
    func connect(to edge: EdgeLoop) -> SimulatedSocket {
        let block = StreamBlock.make(.tcp, on: edge.loop)
        guard let socket = socket(StreamBlock.handle(block)) else { preconditionFailure("no socket was made") }
        let stream = Stream(adopting: block, kind: .tcp, peer: .ip(address: "192.0.2.9", port: 1), on: edge.loop)
        edge.serve(ByteChannel(stream: stream, tls: nil), client: "192.0.2.9", network: nil)
        return socket
    }
}
