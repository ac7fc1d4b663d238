import Foundation

/// A running kernel, with JupyterLab's own protocol: `v1.kernel.websocket.jupyter.org`, binary frames.
struct Kernel: Sendable {
    static let subprotocol = "v1.kernel.websocket.jupyter.org"

    let id: String
    let session: String
    let socket: WebSocket

    /// Sends code and does not wait for it; returns the request's identifier.
    @discardableResult
    func begin(_ code: String) async throws -> String {
        let message = UUID().uuidString.lowercased()
        let header: [String: String] = [
            "msg_id": message, "session": session, "username": "learner", "msg_type": "execute_request",
            "version": "5.4", "date": ISO8601DateFormatter().string(from: Date()),
        ]
        let content: [String: Any] = [
            "code": code, "silent": false, "store_history": true, "user_expressions": [String: String](),
            "allow_stdin": false, "stop_on_error": true,
        ]
        let empty = Array("{}".utf8)
        try await socket.send(
            binary: Self.pack([
                Array("shell".utf8), Array(try JSONSerialization.data(withJSONObject: header)), empty, empty,
                Array(try JSONSerialization.data(withJSONObject: content)),
            ]))
        return message
    }

    /// Runs code to completion: returns the last expression's value, or what was printed.
    func run(_ code: String, within limit: Duration = .seconds(60)) async throws -> String {
        let request = try await begin(code)
        let deadline = ContinuousClock.now + limit
        var result = ""
        while ContinuousClock.now < deadline {
            guard case .binary(let frame) = try await socket.receive(within: limit) else {
                throw FleetError("a kernel's socket must speak binary frames here")
            }
            let parts = try Self.unpack(frame)
            guard parts.count >= 5, try Self.object(parts[2])["msg_id"] as? String == request else { continue }
            let type = try Self.object(parts[1])["msg_type"] as? String
            let content = try Self.object(parts[4])
            switch type {
            case "stream": result += content["text"] as? String ?? ""
            case "execute_result": result += (content["data"] as? [String: Any])?["text/plain"] as? String ?? ""
            case "error": throw FleetError("the code failed: \(content["evalue"] ?? "")")
            case "status" where content["execution_state"] as? String == "idle": return result
            default: continue
            }
        }
        throw FleetError("the kernel did not finish within \(limit)")
    }

    /// Format: the number of offsets, the offsets (64 bits, little-endian), then the parts.
    private static func pack(_ parts: [[UInt8]]) -> [UInt8] {
        var offset = 8 * (parts.count + 2)
        var head = number(parts.count + 1) + number(offset)
        for part in parts {
            offset += part.count
            head += number(offset)
        }
        return head + parts.joined()
    }

    private static func unpack(_ frame: [UInt8]) throws -> [[UInt8]] {
        func number(_ index: Int) throws -> Int {
            guard frame.count >= 8 * index + 8 else { throw FleetError("a kernel's frame is too short") }
            return (0..<8).reduce(0) { $0 | Int(frame[8 * index + $1]) << (8 * $1) }
        }
        let count = try number(0)
        guard count > 0, count < 64 else { throw FleetError("a kernel's frame with \(count) parts") }
        let offsets = try (1...count).map(number)
        return try zip(offsets, offsets.dropFirst()).map { from, to in
            guard from <= to, to <= frame.count else { throw FleetError("a kernel's frame with wrong offsets") }
            return Array(frame[from..<to])
        }
    }

    private static func number(_ value: Int) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }

    private static func object(_ bytes: [UInt8]) throws -> [String: Any] {
        try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any] ?? [:]
    }
}
