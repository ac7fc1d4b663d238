import COpenSSL
import Foundation

/// A JupyterLab seen from a browser that may enter it: the requests that its page makes, one by one.
struct Lab: Sendable {
    let browser: Browser
    /// `https://SLUG.LABS_DOMAIN:PORT/`
    let origin: URL

    func get(_ target: String, for purpose: Browser.Purpose = .fetch) async throws -> Response {
        try await browser.send("GET", origin.at(target), for: purpose)
    }

    func send(_ method: String, _ target: String, json: Any? = nil) async throws -> Response {
        let body = try json.map { Array(try JSONSerialization.data(withJSONObject: $0)) } ?? []
        return try await browser.send(
            method, origin.at(target), fields: json == nil ? [] : [("Content-Type", "application/json")], body: body)
    }

    private func demand(_ response: Response, _ statuses: Set<Int>, _ what: String) throws -> Response {
        guard statuses.contains(response.status) else {
            throw FleetError("\(what): status \(response.status): \(response.text.prefix(400))")
        }
        return response
    }

    // MARK: files

    /// Uploads a file in one request, as JupyterLab does.
    func upload(_ bytes: [UInt8], as name: String) async throws {
        let model: [String: String] = [
            "type": "file", "format": "base64", "content": Data(bytes).base64EncodedString(),
        ]
        _ = try demand(
            await send("PUT", "/api/contents/\(name)", json: model), [200, 201], "uploading \(bytes.count) bytes")
    }

    func download(_ name: String) async throws -> [UInt8] {
        try demand(await get("/files/\(name)?download=1"), [200], "downloading \(name)").body
    }

    // MARK: kernels

    func startKernel() async throws -> Kernel {
        let response = try demand(
            await send("POST", "/api/kernels", json: ["name": "python3"]), [200, 201], "starting a kernel")
        guard let id = try response.object()["id"] as? String else { throw FleetError("a kernel without id") }
        let session = UUID().uuidString.lowercased()
        let socket = try await browser.webSocket(
            origin.at("/api/kernels/\(id)/channels?session_id=\(session)"), protocols: [Kernel.subprotocol])
        return Kernel(id: id, session: session, socket: socket)
    }

    /// The kernel's state, as the lab reports it: `idle`, `busy`, `starting`.
    func state(of kernel: Kernel) async throws -> String {
        let response = try demand(await get("/api/kernels/\(kernel.id)"), [200], "asking for a kernel")
        return try response.object()["execution_state"] as? String ?? ""
    }

    // MARK: terminals

    func openTerminal() async throws -> WebSocket {
        let response = try demand(await send("POST", "/api/terminals"), [200, 201], "opening a terminal")
        guard let name = try response.object()["name"] as? String else { throw FleetError("a terminal without name") }
        return try await browser.webSocket(origin.at("/terminals/websocket/\(name)"))
    }

    // MARK: what an open tab does by itself

    /// One round of the requests that JupyterLab makes while a tab is open, even if nobody uses it.
    func pollAsOpenTab() async throws -> [Int] {
        var statuses: [Int] = []
        for target in Self.polls { statuses.append(try await get(target).status) }
        let layout: [String: Any] = ["data": [String: String](), "metadata": ["id": "default"]]
        statuses.append(try await send("PUT", "/lab/api/workspaces/default", json: layout).status)
        return statuses
    }

    private static let polls = [
        "/api/kernels", "/api/sessions", "/api/terminals", "/api/status", "/api/contents?content=1",
        "/api/kernelspecs", "/api/me", "/lab/api/settings",
    ]
}

/// SHA-256 in hexadecimal.
func sha256(_ bytes: [UInt8]) -> String {
    var digest = [UInt8](repeating: 0, count: 32)
    SHA256(bytes, bytes.count, &digest)
    return digest.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
}

/// Incompressible random bytes, which no mistake reproduces.
func randomBytes(_ count: Int) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    guard RAND_bytes(&bytes, Int32(count)) == 1 else { throw FleetError("no random bytes") }
    return bytes
}
