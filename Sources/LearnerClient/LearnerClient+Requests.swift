import EventLoop
import Foundation
import HTTPTransport

/// The requests that a browser sends: navigations, a page's own requests, WebSockets; each with its cookies.
extension LearnerClient {
    /// Navigates to an address as a click does, following redirects, to a page.
    /// - Parameter onLeaving: called when a redirect leads to another host.
    func navigate(
        to start: WebAddress, onLeaving: @ControlLoop () -> Void = {}
    ) async throws(LearnerError) -> Answer {
        var address = start
        for _ in 0..<LearnerLimits.redirects {
            let fields = [
                ("Accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"), ("Sec-Fetch-Mode", "navigate"),
                ("Sec-Fetch-Dest", "document"), ("Sec-Fetch-Site", "none"),
            ]
            let response = try await send(request("GET", address, fields: fields), to: address)
            guard [301, 302, 303, 307, 308].contains(response.status) else {
                let page = Answer(address, response)
                if page.status != 200 {
                    throw LearnerError(.refused, status: page.status, "\(address.host): \(Self.words(page))")
                }
                return page
            }
            guard let location = response.fields.first("Location"), let next = address.following(location) else {
                throw LearnerError(.refused, status: response.status, "\(address.host) redirects to nowhere")
            }
            if next.host != address.host { onLeaving() }
            address = next
        }
        throw LearnerError(.refused, "\(start.host) redirects without end")
    }

    /// Sends a request to the lab as its own page would: same origin, with its cookies.
    func ask(
        _ method: String, _ target: String, body: [UInt8] = [], contentType: String = "application/json",
        limit: Int = LearnerLimits.answerBytes
    ) async throws(LearnerError) -> Answer {
        guard let lab else { throw LearnerError(.refused, "no lab was entered yet") }
        let address = lab.with(target: target)
        var request = request(method, address, fields: sameOrigin(address) + [("Accept", "application/json")])
        if !body.isEmpty {
            request.fields.append("Content-Type", contentType)
            request.body = body
        }
        return Answer(address, try await send(request, to: address, limit: limit))
    }

    /// Opens a WebSocket of the lab as its own page would.
    func webSocket(_ target: String, protocols: [String]) async throws(LearnerError) -> WebSocketConnection {
        guard let lab else { throw LearnerError(.refused, "no lab was entered yet") }
        let address = lab.with(target: target)
        let fields = sameOrigin(address) + [("Sec-WebSocket-Protocol", protocols.joined(separator: ", "))]
        do {
            return try await http.upgrade(
                request("GET", address, fields: fields), to: upstream(address),
                timeout: LearnerLimits.answerTimeout)
        } catch {
            throw LearnerError(.unreachable, "\(address.host): the WebSocket was not opened: \(error.message)")
        }
    }

    private func sameOrigin(_ address: WebAddress) -> [(String, String)] {
        [
            ("Origin", address.origin), ("Sec-Fetch-Site", "same-origin"), ("Sec-Fetch-Mode", "cors"),
            ("Sec-Fetch-Dest", "empty"),
        ]
    }

    func request(
        _ method: String, _ address: WebAddress, fields: [(String, String)]
    ) -> HTTPClientRequest {
        var request = HTTPClientRequest(method: method, target: address.target, authority: address.authority)
        request.fields.append("User-Agent", agent)
        for (name, value) in fields { request.fields.append(name, value) }
        if let cookies = jar.header(host: address.host, path: address.path) {
            request.fields.append("Cookie", cookies)
        }
        return request
    }

    private func send(
        _ request: HTTPClientRequest, to address: WebAddress, limit: Int = LearnerLimits.answerBytes
    ) async throws(LearnerError) -> HTTPClientResponse {
        do {
            let response = try await http.send(
                request, to: upstream(address), timeout: LearnerLimits.answerTimeout, bodyLimit: limit)
            for cookie in response.fields.all("Set-Cookie") { jar.set(cookie, from: address.host) }
            return response
        } catch {
            throw LearnerError(.unreachable, "\(address.authority) cannot be reached: \(error.message)")
        }
    }

    /// Names below `localhost` mean this machine, whatever DNS says (RFC 6761 section 6.3).
    func upstream(_ address: WebAddress) -> UpstreamAddress {
        switch connect {
        case .ip(let ip, let port): return .tcp(host: ip, port: port)
        case .unix(let path): return .unix(path: path)
        case nil:
            let isLocal = address.host == "localhost" || address.host.hasSuffix(".localhost")
            return .tcp(host: isLocal ? "127.0.0.1" : address.host, port: address.port)
        }
    }

    /// The text of an unexpected page, in a line.
    static func words(_ page: Answer) -> String {
        var text = ""
        var rest = page.text.prefix(20_000)
        while let open = rest.firstIndex(of: "<") {
            text += rest[..<open] + " "
            rest = rest[open...]
            let name = rest.dropFirst().prefix(while: \.isLetter).lowercased()
            if ["style", "script", "title"].contains(name), let end = rest.range(of: "</\(name)") {
                rest = rest[end.lowerBound...]
            }
            rest = rest.firstIndex(of: ">").map { rest[rest.index(after: $0)...] } ?? ""
        }
        text += rest
        let words = text.split(whereSeparator: \.isWhitespace).prefix(60).joined(separator: " ")
        return "status \(page.status): \(words)"
    }
}

extension LearnerClient.Answer {
    init(_ address: WebAddress, _ response: HTTPClientResponse) {
        self.init(
            address: address, status: response.status, contentType: response.fields.first("Content-Type") ?? "",
            body: response.body)
    }
}
