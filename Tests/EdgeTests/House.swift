import EventLoop
import Glibc
import HTTPTransport
import HTTPWire
import Synchronization
import TLS
import Testing

@testable import Edge

extension EdgePortal {
    static let school = EdgePortal(name: "school", hostname: "portal.test", labsDomain: "labs.test")
    static let acme = EdgePortal(name: "acme", hostname: "acme.test", labsDomain: "rooms.test")
}

/// An edge on a real port with a real lab and a real portal behind it. The lab `abcd` has a route and opens with the
/// cookie `secret`.
final class House: Sendable {
    let edge: Edge
    let lab = Upstream()
    let portal = Upstream()
    let labAddress: UpstreamAddress
    let port: Int
    let activity: Activity
    let tls: TLSClientContext

    /// The edge's activity reports.
    final class Activity: Sendable {
        private let seen = Mutex<[String: Int64]>([:])

        func add(_ report: [String: Int64]) {
            seen.withLock { $0.merge(report) { max($0, $1) } }
        }
        func last(_ slug: String) -> Int64? { seen.withLock { $0[slug] } }
        func forget() { seen.withLock { $0 = [:] } }
    }

    init(
        loops: Int, kind: Edge.LabKind, change: (inout EdgeConfiguration) -> Void
    ) async throws {
        let authority = try TestAuthority.shared.get()
        labAddress = try await lab.listen()
        let socket = "/tmp/carrel-edge-\(getpid())-\(UInt32.random(in: 0...UInt32.max)).sock"
        let portalAddress = try await portal.listen(on: .unix(path: socket))
        var configuration = EdgeConfiguration(
            listen: [.ip(address: "127.0.0.1", port: 0)], loops: loops, portals: [.school],
            portalUpstream: portalAddress, certificates: try TestAuthority.store.get())
        change(&configuration)
        let activity = Activity()
        self.activity = activity
        edge = Edge(configuration, onActivity: { activity.add($0) })
        tls = try TLSClientContext(trust: .file(authority.certificatePath), alpn: ["http/1.1"])
        edge.apply([
            .set(
                LabRoute(
                    slug: "abcd", portal: "school", upstream: labAddress, kind: kind, authorization: "token lab-token",
                    grants: [SHA256.digest("secret")]))
        ])
        try await edge.start()
        guard case .ip(_, let port)? = edge.boundAddresses.first else {
            throw StreamError(code: 0, operation: "no port")
        }
        self.port = port
    }

    var address: UpstreamAddress { .tcp(host: "127.0.0.1", port: port) }

    func request(
        _ method: String = "GET", _ host: String = "abcd.labs.test", _ target: String, _ fields: HeaderFields = [:],
        cookie: String? = "secret", body: [UInt8] = []
    ) -> HTTPClientRequest {
        var fields = fields
        if let cookie { fields.append("Cookie", "__Host-carrel=\(cookie); other=1") }
        return HTTPClientRequest(
            method: method, target: target, authority: "\(host):\(port)", fields: fields, body: body)
    }

    @ControlLoop
    func client() -> HTTPClient { HTTPClient(tls: tls) }

    /// Sends one request on a connection of its own.
    func send(
        _ method: String = "GET", _ host: String = "abcd.labs.test", _ target: String, _ fields: HeaderFields = [:],
        cookie: String? = "secret", body: [UInt8] = []
    ) async throws -> Answer {
        let client = await client()
        let request = request(method, host, target, fields, cookie: cookie, body: body)
        let response = try await client.send(request, to: address, timeout: .seconds(30), bodyLimit: 8 << 20)
        await client.close()
        return Answer(response)
    }

    /// A connection on its client's loop, before the TLS handshake.
    /// - Parameter connected: called on the loop; with `nil` if the connection failed.
    func connect(
        on loop: Loop, to host: String, alpn: [String], _ connected: @escaping @Sendable (ByteChannel?) -> Void
    ) throws {
        let tls = try TLSClientContext(trust: .file(TestAuthority.shared.get().certificatePath), alpn: alpn)
        let address = SocketAddress.ip(address: "127.0.0.1", port: port)
        loop.post {
            Stream.connect(to: address, on: loop, timeout: .seconds(5)) { result in
                guard case .success(let stream) = result,
                    let engine = try? TLSConnection(client: tls, serverName: host)
                else { return connected(nil) }
                connected(ByteChannel(stream: stream, tls: engine))
            }
        }
    }

    /// The status with which a WebSocket is refused; `nil` if it is opened, or if another error occurs.
    func refusal(of request: HTTPClientRequest) async -> Int? {
        let client = await client()
        do throws(HTTPClientError) {
            try await client.upgrade(request, to: address, timeout: .seconds(10)).close()
            return nil
        } catch {
            return error.status
        }
    }

    /// The fields that an upstream received, as it echoed them.
    struct Answer {
        let status: Int
        let fields: HeaderFields
        let body: [UInt8]
        var text: String { String(decoding: body, as: UTF8.self) }

        init(_ response: HTTPClientResponse) {
            status = response.status
            fields = response.fields
            body = response.body
        }

        func received(_ name: String) -> [String] {
            text.split(separator: "\n").dropFirst().compactMap { line in
                guard let colon = line.firstIndex(of: ":"), line[..<colon].lowercased() == name.lowercased() else {
                    return nil
                }
                return String(line[line.index(colon, offsetBy: 2)...])
            }
        }
    }

    fileprivate func stop() async {
        await edge.stop(grace: .zero)
        await lab.stop()
        await portal.stop()
    }
}

func withHouse(
    loops: Int = 1, kind: Edge.LabKind = .jupyter, change: (inout EdgeConfiguration) -> Void = { _ in },
    _ body: (House) async throws -> Void
) async throws {
    let house = try await House(loops: loops, kind: kind, change: change)
    do {
        try await body(house)
        await house.stop()
    } catch {
        await house.stop()
        throw error
    }
}

/// Waits until a condition is true; fails after a long time.
func eventually(
    _ what: Comment, within limit: Duration = .seconds(20), sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    while ContinuousClock.now < deadline {
        if try await condition() { return }
        try await Task.sleep(for: .milliseconds(2))
    }
    Issue.record("it never came about: \(what)", sourceLocation: sourceLocation)
    throw CancellationError()
}

/// The certificate authority of this process's tests, in a directory that is removed when the process ends.
enum TestAuthority {
    static let shared = Result {
        var template = Array("/tmp/carrel-edge-XXXXXX".utf8CString)
        let directory = String(cString: mkdtemp(&template))
        removeAtExit(directory)
        return try DevelopmentCA(directory: directory)
    }

    static let store = stores.map(\.one)

    /// One store has the certificate of the portal `school` alone, the other has that of the portal `acme`, too.
    static let stores = Result {
        let school = try shared.get().issue("edge", for: .server(names: ["portal.test", "*.labs.test", "spare.test"]))
        let acme = try shared.get().issue("acme", for: .server(names: ["acme.test", "*.rooms.test"]))
        return (one: try CertificateStore([school]), two: try CertificateStore([school, acme]))
    }

    nonisolated(unsafe) private static var directory = ""

    private static func removeAtExit(_ path: String) {
        directory = path
        atexit {
            for name in ["ca", "edge", "acme"] {
                for kind in ["pem", "key"] { unlink("\(TestAuthority.directory)/\(name).\(kind)") }
            }
            rmdir(TestAuthority.directory)
        }
    }
}
