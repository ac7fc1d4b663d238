/// Parses server-sent events (the WHATWG's `text/event-stream`) from bytes as they arrive.
struct EventStreamParser {
    struct Event: Hashable, Sendable {
        var name: String
        var data: String
    }

    /// The largest size of one line and of one event's data, in bytes; our events are smaller.
    static let limit = 1 << 20

    struct TooLong: Error, Hashable {}

    private var line: [UInt8] = []
    private var name = ""
    private var data: [String] = []
    private var dataLength = 0
    private var sawCarriageReturn = false

    /// The events that these bytes complete.
    mutating func push(_ bytes: some Sequence<UInt8>) throws(TooLong) -> [Event] {
        var events: [Event] = []
        for byte in bytes {
            if sawCarriageReturn {
                sawCarriageReturn = false
                if byte == UInt8(ascii: "\n") { continue }
            }
            switch byte {
            case UInt8(ascii: "\n"), UInt8(ascii: "\r"):
                sawCarriageReturn = byte == UInt8(ascii: "\r")
                if let event = endLine() { events.append(event) }
            default:
                line.append(byte)
                if line.count > Self.limit || dataLength > Self.limit { throw TooLong() }
            }
        }
        return events
    }

    private mutating func endLine() -> Event? {
        defer { line.removeAll(keepingCapacity: true) }
        if line.isEmpty {
            defer { (name, data, dataLength) = ("", [], 0) }
            return data.isEmpty ? nil : Event(name: name.isEmpty ? "message" : name, data: data.joined(separator: "\n"))
        }
        let text = String(decoding: line, as: UTF8.self)
        let colon = text.firstIndex(of: ":") ?? text.endIndex
        var value = text[colon...].dropFirst()
        if value.first == " " { value = value.dropFirst() }
        switch text[..<colon] {
        case "event": name = String(value)
        case "data":
            data.append(String(value))
            dataLength += value.utf8.count
        default: break
        }
        return nil
    }
}
