import Foundation

/// A message of the Jupyter messaging protocol, as far as running code needs it.
struct KernelMessage: Hashable, Sendable {
    struct Header: Hashable, Sendable, Codable {
        var msgId: String
        var msgType: String
        var username: String
        var session: String
        var date: String
        var version: String
    }

    /// The fields of a message's content, for all message types that running code involves.
    struct Content: Hashable, Sendable, Codable {
        // execute_request
        var code: String?
        var silent: Bool?
        var storeHistory: Bool?
        var allowStdin: Bool?
        var stopOnError: Bool?
        // stream
        var name: String?
        var text: String?
        // execute_result, display_data: the values by media type; only texts are used here
        var data: [String: Text]?
        // error
        var ename: String?
        var evalue: String?
        // status
        var executionState: String?
        // execute_reply
        var status: String?
    }

    /// A string; any other value is ignored.
    struct Text: Hashable, Sendable, Codable {
        var value: String?

        init(from decoder: any Decoder) throws { value = try? decoder.singleValueContainer().decode(String.self) }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            try container.encode(value)
        }
    }

    var channel: String
    var header: Header
    /// The `msg_id` of the parent request.
    var parent: String?
    var content: Content

    /// A request to run `code`.
    static func execute(_ code: String, id: String, session: String) -> KernelMessage {
        KernelMessage(
            channel: "shell",
            header: Header(
                msgId: id, msgType: "execute_request", username: "learner", session: session,
                date: ISO8601DateFormatter().string(from: Date()), version: "5.3"),
            content: Content(
                code: code, silent: false, storeHistory: true, allowStdin: false, stopOnError: true))
    }
}

/// The encoding of messages on the WebSocket of `/api/kernels/ID/channels`.
enum KernelProtocol: Hashable, Sendable {
    /// One JSON text per message: the format of a server without a negotiated subprotocol.
    case json
    /// `v1.kernel.websocket.jupyter.org`: binary, a table of offsets followed by the parts.
    case v1

    static let v1Name = "v1.kernel.websocket.jupyter.org"

    /// Why bytes are not a message.
    struct Malformed: Error, Hashable, CustomStringConvertible {
        var description: String
    }

    private struct Parent: Codable { var msgId: String? }

    private struct Envelope: Codable {
        var channel: String
        var header: KernelMessage.Header
        var parentHeader: Parent
        var metadata: [String: String]
        var content: KernelMessage.Content
        var buffers: [String]
    }

    /// The fields that are read of a JSON message; all others are ignored.
    private struct Received: Decodable {
        var channel: String
        var header: KernelMessage.Header
        var parentHeader: Parent
        var content: KernelMessage.Content
    }

    func encode(_ message: KernelMessage) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        switch self {
        case .json:
            return [UInt8](
                try encoder.encode(
                    Envelope(
                        channel: message.channel, header: message.header, parentHeader: Parent(msgId: message.parent),
                        metadata: [:], content: message.content, buffers: [])))
        case .v1:
            let parts = [
                Array(message.channel.utf8), [UInt8](try encoder.encode(message.header)),
                [UInt8](try encoder.encode(Parent(msgId: message.parent))), Array("{}".utf8),
                [UInt8](try encoder.encode(message.content)),
            ]
            var offsets = [8 * (parts.count + 2)]
            for part in parts { offsets.append(offsets[offsets.count - 1] + part.count) }
            return Self.bytes(offsets.count) + offsets.flatMap(Self.bytes) + parts.joined()
        }
    }

    func decode(_ bytes: [UInt8]) throws -> KernelMessage {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        switch self {
        case .json:
            let received = try decoder.decode(Received.self, from: Data(bytes))
            return KernelMessage(
                channel: received.channel, header: received.header, parent: received.parentHeader.msgId,
                content: received.content)
        case .v1:
            let parts = try Self.parts(of: bytes)
            return KernelMessage(
                channel: String(decoding: parts[0], as: UTF8.self),
                header: try decoder.decode(KernelMessage.Header.self, from: Data(parts[1])),
                parent: try decoder.decode(Parent.self, from: Data(parts[2])).msgId,
                content: try decoder.decode(KernelMessage.Content.self, from: Data(parts[4])))
        }
    }

    private static func parts(of bytes: [UInt8]) throws(Malformed) -> [ArraySlice<UInt8>] {
        let limit = 1024
        guard let count = integer(bytes, 0), (6...limit).contains(count), bytes.count >= 8 * (count + 1) else {
            throw Malformed(description: "a kernel message has no table of offsets")
        }
        var parts: [ArraySlice<UInt8>] = []
        var start = 8 * (count + 1)
        for index in 0..<count {
            guard let offset = integer(bytes, index + 1), offset >= start, offset <= bytes.count,
                index > 0 || offset == start
            else { throw Malformed(description: "a kernel message has offsets outside itself") }
            if index > 0 { parts.append(bytes[start..<offset]) }
            start = offset
        }
        return parts
    }

    /// The 64-bit little-endian integer at `index` in the table.
    private static func integer(_ bytes: [UInt8], _ index: Int) -> Int? {
        guard bytes.count >= 8 * (index + 1) else { return nil }
        let value = bytes[(8 * index)..<(8 * index + 8)].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return Int(exactly: value)
    }

    private static func bytes(_ number: Int) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
    }
}
