import COpenSSL
import Foundation

/// A browser's WebSocket (RFC 6455). Calls must not overlap; each blocks a thread of its own.
final class WebSocket: Sendable {
    enum Message: Sendable {
        case text(String)
        case binary([UInt8])
        case closed(Int)
    }

    private let wire: Wire
    /// The subprotocol that the server chose from those offered.
    let subprotocol: String?

    private init(wire: Wire, subprotocol: String?) {
        self.wire = wire
        self.subprotocol = subprotocol
    }

    /// A rejected upgrade.
    struct Refused: Error { let response: Response }

    static func open(
        _ url: URL, on network: Browser.Network, protocols: [String], fields: [(String, String)]
    ) async throws -> WebSocket {
        try await blocking {
            let wire = try Wire(
                address: network.address, port: network.port,
                tls: Wire.TLS(serverName: url.host ?? "", authority: network.authority))
            let nonce = (0..<16).map { _ in UInt8.random(in: 0...255) }
            let key = Data(nonce).base64EncodedString()
            var all: [(String, String)] = [
                ("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Version", "13"),
                ("Sec-WebSocket-Key", key),
            ]
            if !protocols.isEmpty { all.append(("Sec-WebSocket-Protocol", protocols.joined(separator: ", "))) }
            try wire.sendRequest("GET", Browser.target(url), host: Browser.authority(url), fields: all + fields)
            let response = try wire.response(to: "GET")
            guard response.status == 101 else { throw Refused(response: response) }
            guard response.first("Sec-WebSocket-Accept") == accept(key) else {
                throw FleetError("the upgrade was accepted for somebody else's key")
            }
            return WebSocket(wire: wire, subprotocol: response.first("Sec-WebSocket-Protocol"))
        }
    }

    private static func accept(_ key: String) -> String {
        let input = Array((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8)
        var digest = [UInt8](repeating: 0, count: 20)
        SHA1(input, input.count, &digest)
        return Data(digest).base64EncodedString()
    }

    func send(_ text: String) async throws { try await blocking { try self.frame(1, Array(text.utf8)) } }
    func send(binary: [UInt8]) async throws { try await blocking { try self.frame(2, binary) } }

    /// The next message within the limit; pings are answered meanwhile, as browsers do.
    func receive(within limit: Duration = .seconds(30)) async throws -> Message {
        try await blocking {
            self.wire.setPatience(limit)
            defer { self.wire.setPatience(Wire.patience) }
            var whole: [UInt8] = []
            var kind = 0
            while true {
                let head = try self.wire.bytes(2)
                var length = Int(head[1] & 0x7f)
                if length == 126 { length = try self.wire.bytes(2).reduce(0) { $0 << 8 | Int($1) } }
                if length == 127 { length = try self.wire.bytes(8).reduce(0) { $0 << 8 | Int($1) } }
                guard head[1] & 0x80 == 0 else { throw FleetError("a server must not mask its frames") }
                let payload = try self.wire.bytes(length)
                switch head[0] & 0x0f {
                case 8: return .closed(payload.count >= 2 ? Int(payload[0]) << 8 | Int(payload[1]) : 1005)
                case 9: try self.frame(10, payload)
                case 10: continue
                case let opcode:
                    if opcode != 0 { kind = Int(opcode) }
                    whole += payload
                    guard head[0] & 0x80 != 0 else { continue }
                    return kind == 1 ? .text(String(decoding: whole, as: UTF8.self)) : .binary(whole)
                }
            }
        }
    }

    func close() async {
        try? await blocking {
            try self.frame(8, [0x03, 0xe8])
            self.wire.hangUp()
        }
    }

    private func frame(_ opcode: UInt8, _ payload: [UInt8]) throws {
        var frame: [UInt8] = [0x80 | opcode]
        let count = payload.count
        if count < 126 {
            frame.append(0x80 | UInt8(count))
        } else if count <= 0xffff {
            frame += [0x80 | 126, UInt8(count >> 8), UInt8(count & 0xff)]
        } else {
            frame.append(0x80 | 127)
            frame += (0..<8).map { UInt8(truncatingIfNeeded: count >> (56 - 8 * $0)) }
        }
        let mask = (0..<4).map { _ in UInt8.random(in: 0...255) }
        frame += mask
        frame += payload.enumerated().map { $0.element ^ mask[$0.offset & 3] }
        try wire.send(frame)
    }
}
