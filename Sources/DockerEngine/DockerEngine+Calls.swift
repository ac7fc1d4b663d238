import EventLoop
import Foundation
import HTTPTransport
import HTTPWire

extension DockerEngine {
    /// One request, its whole answer. Statuses of 400 and more become errors with the engine's words.
    func call(_ method: String, _ path: String, timeout: Duration) async throws(EngineError) -> [UInt8] {
        try await call(method, path, bytes: [], timeout: timeout)
    }

    func call(
        _ method: String, _ path: String, body: some Encodable, timeout: Duration
    ) async throws(EngineError) -> [UInt8] {
        let bytes: [UInt8]
        do {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys]
            bytes = Array(try encoder.encode(body))
        } catch {
            throw EngineError(code: .protocolViolation, message: "\(endpoint): \(method) \(path): \(error)")
        }
        return try await call(method, path, bytes: bytes, timeout: timeout)
    }

    private func call(
        _ method: String, _ path: String, bytes: [UInt8], timeout: Duration
    ) async throws(EngineError) -> [UInt8] {
        // Queries hold filters and names; the operation reads better without.
        let operation = "\(method) \(path.prefix { $0 != "?" })"
        let response: HTTPClientResponse
        do {
            response = try await client.send(
                request(method, path, body: bytes), to: address, timeout: timeout,
                bodyLimit: EngineLimits.answerBytes)
        } catch {
            throw wrap(error, operation)
        }
        guard response.status >= 400 else { return response.body }
        struct Refusal: Decodable { var message: String }
        let words =
            (try? JSONDecoder().decode(Refusal.self, from: Data(response.body)).message)
            ?? String(decoding: response.body.prefix(500), as: UTF8.self)
        let code: EngineError.Code =
            switch response.status {
            case 404: .notFound
            case 409: .conflict
            default: .refused(status: response.status)
            }
        throw EngineError(code: code, message: "\(endpoint): \(operation): \(words)")
    }

    func request(_ method: String, _ path: String, body: [UInt8]) -> HTTPClientRequest {
        // The engine ignores the authority of a Unix socket, but RFC 9112 §3.2 wants one.
        let authority =
            switch endpoint.transport {
            case .unix: "docker"
            case .tcp(let host, let port, _): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
            }
        var request = HTTPClientRequest(method: method, target: "/\(Self.apiVersion)\(path)", authority: authority)
        if !body.isEmpty { request.fields.append("Content-Type", "application/json") }
        request.body = body
        return request
    }

    func wrap(_ error: any Error, _ operation: String) -> EngineError {
        if let error = error as? EngineError { return error }
        guard let error = error as? HTTPClientError else {
            return EngineError(code: .unreachable, message: "\(endpoint): \(operation): \(error)")
        }
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
    static func filters(_ filters: [String: [String]]) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        // Strings and lists of strings always encode.
        let json = (try? encoder.encode(filters)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
        return escape(json)
    }

    static func words(_ labels: [String: String]) -> [String] {
        labels.map { "\($0.key)=\($0.value)" }.sorted()
    }

    /// Percent-encodes everything but unreserved characters (RFC 3986 §2.3) and `/`, which image names hold.
    static func escape(_ text: String) -> String {
        var escaped = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"), UInt8(ascii: "/"):
                escaped.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                escaped += (byte < 16 ? "%0" : "%") + String(byte, radix: 16, uppercase: true)
            }
        }
        return escaped
    }
}
