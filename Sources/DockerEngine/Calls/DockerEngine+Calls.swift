import EventLoop
import Foundation
import HTTPTransport
import HTTPWire
import Text

extension DockerEngine {
    /// Sends one request in the negotiated API version and returns the whole response body.
    func call(_ method: String, _ path: String, timeout: Duration) async throws(EngineError) -> [UInt8] {
        let version = try await negotiatedVersion()
        return try await send(method, "/v\(version)\(path)", timeout: timeout)
    }

    func call(
        _ method: String, _ path: String, body: some Encodable, timeout: Duration
    ) async throws(EngineError) -> [UInt8] {
        let version = try await negotiatedVersion()
        return try await send(method, "/v\(version)\(path)", body: Self.encode(body), timeout: timeout)
    }

    /// The oldest version, from 1.41 on, that both sides support.
    func negotiatedVersion() async throws(EngineError) -> APIVersion {
        if let negotiated { return negotiated }
        let version = try await version()
        guard version.api >= .ours else {
            throw EngineError(
                code: .protocolViolation,
                message: "\(endpoint): Docker Engine \(version.engine) speaks version \(version.api) of its API; "
                    + "\(APIVersion.ours) is needed: install Docker Engine 20.10 or later")
        }
        let agreed = max(version.oldestAPI, .ours)
        negotiated = agreed
        return agreed
    }

    /// Sends one request and returns the whole response body. Statuses of 400 and above become errors with the engine's
    /// message.
    /// - Parameter type: the media type of the body.
    func send(
        _ method: String, _ target: String, body: [UInt8] = [], type: String = "application/json", timeout: Duration
    ) async throws(EngineError) -> [UInt8] {
        let request = request(method, target, body: body, type: type)
        let operation = Self.operation(method, target)
        let response: HTTPClientResponse
        do throws(HTTPClientError) {
            response = try await client.send(
                request, to: address, timeout: timeout, bodyLimit: EngineLimits.answerBytes)
        } catch {
            throw wrap(error, operation)
        }
        guard response.status >= 400 else { return response.body }
        let code: EngineError.Code =
            switch response.status {
            case 404: .notFound
            case 409: .conflict
            default: .refused(status: response.status)
            }
        throw EngineError(code: code, message: "\(endpoint): \(operation): \(Self.refusal(in: response.body))")
    }

    /// The engine's message.
    nonisolated static func refusal(in body: [UInt8]) -> String {
        (try? JSONDecoder().decode(RefusalBody.self, from: Data(body)).message)
            ?? String(decoding: body.prefix(EngineLimits.refusalBytes), as: UTF8.self)
    }

    func request(
        _ method: String, _ target: String, body: [UInt8] = [], type: String = "application/json"
    ) -> HTTPClientRequest {
        // The engine ignores the authority on a Unix socket, but RFC 9112 section 3.2 requires one.
        let authority =
            switch endpoint.transport {
            case .unix: "docker"
            case .tcp(let host, let port, _): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
            }
        var request = HTTPClientRequest(method: method, target: target, authority: authority, body: body)
        if !body.isEmpty { request.fields.append("Content-Type", type) }
        return request
    }

    /// For messages: leaves out the version and the query, which holds filters and names.
    nonisolated static func operation(_ method: String, _ target: String) -> String {
        var path = target.prefix { $0 != "?" }
        if path.hasPrefix("/v1."), let slash = path.dropFirst().firstIndex(of: "/") { path = path[slash...] }
        return "\(method) \(path)"
    }

    nonisolated static func encode(_ body: some Encodable) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        do {
            return Array(try encoder.encode(body))
        } catch {
            // Only numbers that JSON cannot represent fail to encode, and no body of ours has a floating-point member.
            preconditionFailure("a body for the engine cannot be written as JSON: \(error)")
        }
    }

    func wrap(_ error: HTTPClientError, _ operation: String) -> EngineError {
        // The next engine to answer may be a different one.
        negotiated = nil
        knownHelperImageID = nil
        let code: EngineError.Code =
            switch error.kind {
            case .timeout: .timeout
            case .connect, .tls, .closed: .unreachable
            case .protocol: .protocolViolation
            }
        return EngineError(code: code, message: "\(endpoint): \(operation): \(error.message)")
    }

    func decode<Value: Decodable>(_ bytes: [UInt8], _ operation: String) throws(EngineError) -> Value {
        do {
            return try JSONDecoder().decode(Value.self, from: Data(bytes))
        } catch {
            throw EngineError(
                code: .protocolViolation, message: "\(endpoint): \(operation): the answer cannot be read: \(error)")
        }
    }

    /// Filters of the Engine API: a JSON object of lists, as one query value.
    nonisolated static func filters(_ filters: [String: [String]]) -> String {
        escape(String(decoding: encode(filters), as: UTF8.self))
    }

    nonisolated static func words(_ labels: [String: String]) -> [String] {
        labels.map { "\($0.key)=\($0.value)" }.sorted()
    }

    /// Image names contain `/`.
    nonisolated static func escape(_ text: String) -> String { PercentEncoding.encode(text, keeping: "/") }
}
