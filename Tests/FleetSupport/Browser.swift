import Foundation
import Synchronization

/// A browser, as far as Carrel can tell: cookies with the rules of their prefixes, redirects, the `Sec-Fetch-*` fields.
/// Every hostname resolves to the broker's address, without DNS.
final class Browser: Sendable {
    /// The edge's address, and the authority that the browser trusts.
    struct Network: Sendable {
        var address = "127.0.0.1"
        var port: Int
        var authority: String
    }

    enum Purpose { case navigation, fetch, bare }

    /// The end of a navigation, with every address on the way.
    struct Visit: Sendable {
        var url: URL
        var response: Response
        var path: [URL]
    }

    static let redirectLimit = 10

    let network: Network
    private let cookies = Mutex<[String: [String: String]]>([:])

    /// Idle kept-alive connections, by server name.
    private let idle = Mutex<[String: [Wire]]>([:])
    private let keepsConnections: Bool

    /// - Parameter keepsConnections: keep connections alive, as browsers do; without it each request opens its own.
    init(_ network: Network, keepsConnections: Bool = false) {
        self.network = network
        self.keepsConnections = keepsConnections
    }

    // MARK: requests

    func send(
        _ method: String = "GET", _ url: URL, for purpose: Purpose = .fetch, fields: [(String, String)] = [],
        body: [UInt8] = []
    ) async throws -> Response {
        let all = self.fields(method, url, purpose) + fields
        let target = Self.target(url)
        let host = Self.authority(url)
        let name = url.host ?? ""
        let response = try await blocking { [self] in
            let kept = idle.withLock { $0[name]?.popLast() }
            let wire =
                try kept
                ?? Wire(
                    address: network.address, port: network.port,
                    tls: Wire.TLS(serverName: name, authority: network.authority))
            let response = try wire.request(method, target, host: host, fields: all, body: body)
            if keepsConnections, response.first("Connection")?.lowercased() != "close" {
                idle.withLock { $0[name, default: []].append(wire) }
            }
            return response
        }
        try keep(response.all("Set-Cookie"), from: url)
        return response
    }

    /// Navigates to a page and follows its redirects.
    ///
    /// - Parameter page: the page with the link; none if the address was typed.
    func visit(_ url: URL, from page: URL? = nil, method: String = "GET", form: [UInt8] = []) async throws -> Visit {
        var visit = Visit(url: url, response: Response(status: 0, fields: []), path: [url])
        var method = method
        var form = form
        for _ in 0...Self.redirectLimit {
            var extra = [("Sec-Fetch-Site", page.map { Self.site(of: [$0] + visit.path) } ?? "none")]
            if !form.isEmpty { extra.append(("Content-Type", "application/x-www-form-urlencoded")) }
            visit.response = try await send(method, visit.url, for: .navigation, fields: extra, body: form)
            guard (300..<400).contains(visit.response.status), visit.response.status != 304 else { return visit }
            guard let location = visit.response.first("Location"),
                let next = URL(string: location, relativeTo: visit.url)?.absoluteURL
            else { throw FleetError("\(visit.url) redirects to nowhere") }
            visit.url = next
            visit.path.append(next)
            method = "GET"
            form = []
        }
        throw FleetError("more than \(Self.redirectLimit) redirects: \(visit.path.map(\.absoluteString))")
    }

    /// Opens a stream of server-sent events and passes the data of each to `use` until it returns `false`.
    func events(_ url: URL, _ use: @escaping @Sendable (String) throws -> Bool) async throws {
        let fields = self.fields("GET", url, .fetch) + [("Accept", "text/event-stream")]
        try await blocking { [network] in
            let wire = try Wire(
                address: network.address, port: network.port,
                tls: Wire.TLS(serverName: url.host ?? "", authority: network.authority))
            defer { wire.hangUp() }
            try wire.sendRequest("GET", Self.target(url), host: Self.authority(url), fields: fields)
            let head = try wire.responseHead()
            guard head.status == 200, head.first("Content-Type")?.hasPrefix("text/event-stream") == true else {
                throw FleetError("\(url) answers \(head.status) instead of events")
            }
            var pending: [UInt8] = []
            try wire.readBody(of: head) { piece in
                pending += piece
                while let end = pending.firstIndex(of: 10) {
                    let line = String(decoding: pending[..<end], as: UTF8.self)
                    pending.removeFirst(end + 1)
                    guard line.hasPrefix("data:") else { continue }
                    if try !use(line.dropFirst(5).trimmingCharacters(in: .whitespaces)) { return false }
                }
                return true
            }
        }
    }

    func webSocket(_ url: URL, protocols: [String] = [], fields: [(String, String)] = []) async throws -> WebSocket {
        var all: [(String, String)] = [("Origin", Self.origin(url)), ("User-Agent", Self.name)]
        if let cookies = cookieField(url) { all.append(("Cookie", cookies)) }
        return try await WebSocket.open(url, on: network, protocols: protocols, fields: all + fields)
    }

    // MARK: what a browser adds

    private static let name = "Mozilla/5.0 (X11; Linux x86_64) Fleet"

    private func fields(_ method: String, _ url: URL, _ purpose: Purpose) -> [(String, String)] {
        var fields: [(String, String)] = [("User-Agent", Self.name), ("Accept-Encoding", "identity")]
        switch purpose {
        case .navigation:
            fields += [
                ("Accept", "text/html,application/xhtml+xml,*/*;q=0.8"), ("Sec-Fetch-Mode", "navigate"),
                ("Sec-Fetch-Dest", "document"), ("Sec-Fetch-User", "?1"), ("Upgrade-Insecure-Requests", "1"),
            ]
            if method != "GET" { fields.append(("Origin", Self.origin(url))) }
        case .fetch:
            fields += [("Sec-Fetch-Mode", "cors"), ("Sec-Fetch-Dest", "empty"), ("Sec-Fetch-Site", "same-origin")]
            if method != "GET", method != "HEAD" { fields.append(("Origin", Self.origin(url))) }
        case .bare: break
        }
        if let cookies = cookieField(url) { fields.append(("Cookie", cookies)) }
        return fields
    }

    static func target(_ url: URL) -> String {
        let parts = URLComponents(url: url, resolvingAgainstBaseURL: true)
        let path = parts?.percentEncodedPath ?? ""
        return (path.isEmpty ? "/" : path) + (parts?.percentEncodedQuery.map { "?" + $0 } ?? "")
    }

    static func authority(_ url: URL) -> String {
        (url.host ?? "") + (url.port.map { ":\($0)" } ?? "")
    }

    /// `Sec-Fetch-Site` of a request after these redirects: the least trusted step counts (Fetch Metadata, section
    /// 2.4).
    private static func site(of path: [URL]) -> String {
        guard let last = path.last else { return "none" }
        if path.allSatisfy({ origin($0) == origin(last) }) { return "same-origin" }
        func domain(_ url: URL) -> [Substring] { (url.host ?? "").split(separator: ".").suffix(2) }
        return path.allSatisfy { domain($0) == domain(last) } ? "same-site" : "cross-site"
    }

    static func origin(_ url: URL) -> String { "\(url.scheme ?? "https")://\(authority(url))" }

    // MARK: cookies

    func cookie(_ name: String, at host: String) -> String? { cookies.withLock { $0[host]?[name] } }

    func setCookie(_ name: String, _ value: String?, at host: String) {
        cookies.withLock { $0[host, default: [:]][name] = value }
    }

    func cookieField(_ url: URL) -> String? {
        let jar = cookies.withLock { $0[url.host ?? ""] ?? [:] }
        return jar.isEmpty
            ? nil : jar.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: "; ")
    }

    /// Stores the cookies that a browser would store, and treats any that it would reject as a defect.
    private func keep(_ fields: [String], from url: URL) throws {
        for field in fields {
            let parts = field.split(separator: ";").map { $0.trimmingCharacters(in: .whitespaces) }
            guard let first = parts.first, let equals = first.firstIndex(of: "=") else {
                throw FleetError("\(url.host ?? "") sets a cookie that is none: \(field)")
            }
            let name = String(first[..<equals])
            let value = String(first[first.index(after: equals)...])
            let attributes = parts.dropFirst().map { $0.lowercased() }
            if name.hasPrefix("__Host-") {
                let isKept =
                    attributes.contains("secure") && attributes.contains("path=/")
                    && !attributes.contains { $0.hasPrefix("domain") }
                if !isKept { throw FleetError("a browser refuses this cookie: \(field)") }
            }
            let isOver =
                attributes.contains("max-age=0") || attributes.contains { $0.hasPrefix("expires=thu, 01 jan 1970") }
            setCookie(name, isOver ? nil : value, at: url.host ?? "")
        }
    }
}

extension URL {
    /// Another address of the same origin; `target` is a path with an optional query, already encoded.
    func at(_ target: String) -> URL {
        URL(string: target, relativeTo: self)!.absoluteURL
    }
}
