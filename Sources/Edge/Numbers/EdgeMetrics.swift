import HTTPTransport
import HTTPWire
import Metrics

/// The counters of one loop since it began, and its current gauges. Confined to its loop; a copy may go anywhere and be
/// merged with the others'. Counting allocates nothing.
public struct EdgeMetrics: Sendable {
    /// Who answered.
    enum Answerer: Int, CaseIterable {
        case lab, portal, edge
    }

    /// Why a connection was refused.
    enum Refusal: Int, CaseIterable {
        case threadLimit, addressLimit, tls

        var name: String {
            switch self {
            case .threadLimit: "thread_limit"
            case .addressLimit: "address_limit"
            case .tls: "tls"
            }
        }
    }

    /// What failed, and on which side.
    enum Failure: Int, CaseIterable {
        case malformed, tooLarge, headTimeout, bodyTimeout, handshakeTimeout, handshake, plaintext, flood, left
        case connect, upstreamTimeout, upstreamProtocol, upstreamClosed
        case accept

        var side: String {
            switch self {
            case .malformed, .tooLarge, .headTimeout, .bodyTimeout, .handshakeTimeout, .handshake, .plaintext, .flood,
                .left:
                "client"
            case .connect, .upstreamTimeout, .upstreamProtocol, .upstreamClosed: "upstream"
            case .accept: "edge"
            }
        }

        var name: String {
            switch self {
            case .malformed: "malformed"
            case .tooLarge: "too_large"
            case .headTimeout: "header_timeout"
            case .bodyTimeout: "body_timeout"
            case .handshakeTimeout: "handshake_timeout"
            case .handshake: "handshake"
            case .plaintext: "plaintext"
            case .flood: "flood"
            case .left: "left"
            case .connect: "connect"
            case .upstreamTimeout: "timeout"
            case .upstreamProtocol: "protocol"
            case .upstreamClosed: "closed"
            case .accept: "accept"
            }
        }

        init(_ fault: ServerFault) {
            switch fault {
            case .malformed(let error): self = error.status == 414 || error.status == 431 ? .tooLarge : .malformed
            case .headTimeout: self = .headTimeout
            case .bodyTimeout: self = .bodyTimeout
            }
        }

        init(_ fault: HTTP2Fault) {
            switch fault {
            case .malformed: self = .malformed
            case .flood: self = .flood
            case .headTimeout: self = .headTimeout
            case .writeTimeout: self = .left
            }
        }

        init(_ error: HTTPClientError) {
            switch error.kind {
            case .connect, .tls: self = .connect
            case .timeout: self = .upstreamTimeout
            case .protocol: self = .upstreamProtocol
            case .closed: self = .upstreamClosed
            }
        }
    }

    enum Handshake: Int, CaseIterable {
        case full, resumed, failed
    }

    /// By answerer, then by the first digit of the status, 1–5.
    private var responses = [UInt64](repeating: 0, count: Answerer.allCases.count * 5)
    /// By HTTP version.
    private var requests = [UInt64](repeating: 0, count: HTTPVersion.allCases.count)
    private var refusals = [UInt64](repeating: 0, count: Refusal.allCases.count)
    private var failures = [UInt64](repeating: 0, count: Failure.allCases.count)
    private var handshakes = [UInt64](repeating: 0, count: Handshake.allCases.count)
    private var latency = Histogram.responses
    var connections: UInt64 = 0
    /// Plaintext bytes of closed connections, from and to clients; a snapshot includes open ones.
    var receivedBytes: UInt64 = 0
    var sentBytes: UInt64 = 0
    var tunnels: UInt64 = 0
    var upstreamsNew: UInt64 = 0
    var upstreamsReused: UInt64 = 0
    var retries: UInt64 = 0
    /// Answers of the listener without TLS.
    var redirects: UInt64 = 0
    var droppedLogLines: UInt64 = 0

    // Gauges; 0 except in a snapshot.
    var openConnections = 0
    var openTunnels = 0
    var routes = 0
    /// How long each loop took to answer the snapshot request, by its name.
    var lags: [(loop: String, nanoseconds: Int64)] = []

    init() {}

    mutating func countResponse(_ status: Int, by answerer: Answerer, nanoseconds: Int64) {
        responses[answerer.rawValue * 5 + min(4, max(0, status / 100 - 1))] += 1
        latency.observe(nanoseconds: nanoseconds)
    }

    mutating func countRequest(_ version: HTTPVersion) { requests[Int(version.rawValue)] += 1 }
    mutating func count(_ refusal: Refusal) { refusals[refusal.rawValue] += 1 }
    mutating func count(_ failure: Failure, _ times: Int = 1) { failures[failure.rawValue] += UInt64(times) }
    mutating func count(_ handshake: Handshake) { handshakes[handshake.rawValue] += 1 }

    func responses(by answerer: Answerer, statusClass: Int) -> UInt64 {
        responses[answerer.rawValue * 5 + statusClass - 1]
    }
    func requests(by version: HTTPVersion) -> UInt64 { requests[Int(version.rawValue)] }
    func number(of refusal: Refusal) -> UInt64 { refusals[refusal.rawValue] }
    func number(of failure: Failure) -> UInt64 { failures[failure.rawValue] }
    func number(of handshake: Handshake) -> UInt64 { handshakes[handshake.rawValue] }
    var observedResponses: UInt64 { latency.count }

    static func += (left: inout EdgeMetrics, right: EdgeMetrics) {
        func add(_ path: WritableKeyPath<EdgeMetrics, [UInt64]>) {
            for index in left[keyPath: path].indices { left[keyPath: path][index] += right[keyPath: path][index] }
        }
        add(\.responses)
        add(\.requests)
        add(\.refusals)
        add(\.failures)
        add(\.handshakes)
        let numbers: [WritableKeyPath<EdgeMetrics, UInt64>] = [
            \.connections, \.receivedBytes, \.sentBytes, \.tunnels, \.upstreamsNew, \.upstreamsReused, \.retries,
            \.redirects, \.droppedLogLines,
        ]
        for path in numbers { left[keyPath: path] += right[keyPath: path] }
        left.latency += right.latency
        left.openConnections += right.openConnections
        left.openTunnels += right.openTunnels
        // Every loop has all routes.
        left.routes = max(left.routes, right.routes)
        left.lags += right.lags
    }
}

extension EdgeMetrics {
    /// Adds the edge's metric families to a text.
    public func write(to text: inout MetricsText) {
        writeRequests(to: &text)
        text.add("carrel_edge_connections", .gauge, "Connections of clients that are open.", Double(openConnections))
        text.add("carrel_edge_tunnels", .gauge, "WebSockets that are open.", Double(openTunnels))
        text.add("carrel_edge_routes", .gauge, "Hostnames of labs that lead somewhere.", Double(routes))
        text.begin("carrel_edge_connections_total", .counter, "Connections that clients made.")
        text.add([:], connections)
        text.begin("carrel_edge_tunnels_total", .counter, "WebSockets that were opened.")
        text.add([:], tunnels)
        text.begin("carrel_edge_redirects_total", .counter, "Answers of the listener without TLS.")
        text.add([:], redirects)
        text.begin("carrel_edge_refused_connections_total", .counter, "Connections closed as they came, by reason.")
        for refusal in Refusal.allCases { text.add(["reason": refusal.name], number(of: refusal)) }
        text.begin("carrel_edge_handshakes_total", .counter, "TLS handshakes with clients, by result.")
        for handshake in Handshake.allCases { text.add(["result": "\(handshake)"], number(of: handshake)) }
        text.begin("carrel_edge_upstream_connections_total", .counter, "Connections taken for requests to upstreams.")
        text.add(["kind": "new"], upstreamsNew)
        text.add(["kind": "reused"], upstreamsReused)
        text.begin("carrel_edge_upstream_retries_total", .counter, "Requests sent once more on a new connection.")
        text.add([:], retries)
        text.begin("carrel_edge_errors_total", .counter, "What went wrong, by side and kind.")
        for failure in Failure.allCases {
            text.add(["side": failure.side, "kind": failure.name], number(of: failure))
        }
        text.begin("carrel_edge_access_log_dropped_lines_total", .counter, "Lines lost because the log was behind.")
        text.add([:], droppedLogLines)
        text.begin("carrel_edge_loop_lag_seconds", .gauge, "How long a message waited for the loop at this reading.")
        for lag in lags { text.add(["loop": lag.loop], Double(lag.nanoseconds) / 1e9) }
    }

    private func writeRequests(to text: inout MetricsText) {
        text.begin("carrel_edge_requests_total", .counter, "Requests with a valid head, by version of HTTP.")
        for version in HTTPVersion.allCases { text.add(["protocol": version.text], requests(by: version)) }
        text.begin("carrel_edge_responses_total", .counter, "Responses, by who answered and class of status.")
        for answerer in Answerer.allCases {
            for digit in 1...5 {
                text.add(
                    ["by": "\(answerer)", "class": "\(digit)xx"], responses(by: answerer, statusClass: digit))
            }
        }
        text.begin("carrel_edge_client_bytes_total", .counter, "Plaintext bytes from and to clients.")
        text.add(["direction": "received"], receivedBytes)
        text.add(["direction": "sent"], sentBytes)
        text.begin(
            "carrel_edge_response_seconds", .histogram, "From the end of a request's head to the head of its response.")
        text.add([:], latency)
    }
}
