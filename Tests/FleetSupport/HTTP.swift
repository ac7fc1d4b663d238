import Foundation

/// A response as a browser sees it.
struct Response: Sendable {
    var status: Int
    var fields: [(name: String, value: String)]
    var body: [UInt8] = []

    var text: String { String(decoding: body, as: UTF8.self) }

    func all(_ name: String) -> [String] {
        fields.filter { $0.name.lowercased() == name.lowercased() }.map(\.value)
    }

    func first(_ name: String) -> String? { all(name).first }

    /// The body as JSON.
    func json() throws -> Any {
        do {
            return try JSONSerialization.jsonObject(with: Data(body), options: [.fragmentsAllowed])
        } catch {
            throw FleetError("an answer with status \(status) is not JSON: \(text.prefix(300))")
        }
    }

    func object() throws -> [String: Any] {
        guard let object = try json() as? [String: Any] else {
            throw FleetError("an answer with status \(status) is no JSON object: \(text.prefix(300))")
        }
        return object
    }

    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        do {
            return try JSONDecoder.api.decode(type, from: Data(body))
        } catch {
            throw FleetError("an answer with status \(status) is no \(type): \(error); it is: \(text.prefix(600))")
        }
    }
}

extension JSONDecoder {
    /// The format of the API and of `--json`.
    static var api: JSONDecoder {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return decoder
    }
}

/// A minimal HTTP/1.1 client over a `Wire`. Blocking.
extension Wire {
    func request(
        _ method: String, _ target: String, host: String, fields: [(String, String)] = [], body: [UInt8] = []
    ) throws -> Response {
        try sendRequest(method, target, host: host, fields: fields, body: body)
        return try response(to: method)
    }

    func sendRequest(
        _ method: String, _ target: String, host: String, fields: [(String, String)] = [], body: [UInt8] = []
    ) throws {
        var head = "\(method) \(target) HTTP/1.1\r\nHost: \(host)\r\n"
        for (name, value) in fields { head += "\(name): \(value)\r\n" }
        if !body.isEmpty || ["POST", "PUT", "PATCH"].contains(method) { head += "Content-Length: \(body.count)\r\n" }
        try send(Array((head + "\r\n").utf8) + body)
    }

    /// Reads one response; skips informational ones, except for 101.
    func response(to method: String) throws -> Response {
        while true {
            var response = try responseHead()
            if response.status >= 100, response.status < 200, response.status != 101 { continue }
            if method == "HEAD" || response.status == 101 || response.status == 204 || response.status == 304 {
                return response
            }
            try body {
                response.body += $0
                return true
            }
            return response
            func body(_ use: ([UInt8]) throws -> Bool) throws { try readBody(of: response, use) }
        }
    }

    func responseHead() throws -> Response {
        guard let line = try line() else { throw FleetError("the connection ended without an answer") }
        let parts = line.split(separator: " ", maxSplits: 2)
        guard parts.count >= 2, parts[0].hasPrefix("HTTP/1."), let status = Int(parts[1]) else {
            throw FleetError("not a status line: \(line)")
        }
        var response = Response(status: status, fields: [])
        while let line = try self.line(), !line.isEmpty {
            guard let colon = line.firstIndex(of: ":") else { throw FleetError("not a header field: \(line)") }
            let value = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
            response.fields.append((String(line[..<colon]), value))
        }
        return response
    }

    /// Passes the body piece by piece to `use` until it is complete or `use` returns `false`.
    func readBody(of response: Response, _ use: ([UInt8]) throws -> Bool) throws {
        if response.first("Transfer-Encoding")?.lowercased() == "chunked" {
            while true {
                guard let line = try line(), let size = Int(line.prefix { $0.isHexDigit }, radix: 16) else {
                    throw FleetError("not a chunk size")
                }
                if size > 0, try !use(bytes(size)) { return }
                guard try self.line() == "" else { throw FleetError("a chunk without an end") }
                if size == 0 { return }
            }
        } else if let length = response.first("Content-Length").flatMap(Int.init) {
            var left = length
            while left > 0 {
                let piece = try bytes(min(left, 256 << 10))
                left -= piece.count
                if try !use(piece) { return }
            }
        } else {
            _ = try use(rest())
        }
    }
}
