/// Reads HTTP/1.1 exactly as the edge writes it, and nothing else; it shares no code with the product. Any deviation is
/// a complaint.
struct WireReader {
    enum Event: Equatable {
        case head([String])
        case body([UInt8])
        case end
    }

    enum State: Equatable {
        case head
        case length(Int)
        case chunkSize
        case chunk(Int)
        case chunkEnd
        case lastLine
        case untilClose
        /// The bytes are no longer HTTP.
        case tunnel
    }

    private(set) var complaint: String?
    private(set) var state = State.head
    private var bytes: [UInt8] = []
    private var start = 0

    /// Nothing of the next message has arrived.
    var isBetweenMessages: Bool { state == .head && start == bytes.count }

    mutating func add(_ more: some Sequence<UInt8>) {
        bytes.removeFirst(start)
        start = 0
        bytes += more
    }

    /// Sets how the body of the head that was just read ends.
    mutating func expect(_ next: State) { state = next }

    mutating func next() -> Event? {
        while complaint == nil {
            switch state {
            case .head:
                guard let end = endOfHead else { return nil }
                let text = String(decoding: bytes[start..<end], as: UTF8.self)
                start = end + 4
                // The caller decides what follows.
                state = .tunnel
                return .head(text.split(separator: "\r\n", omittingEmptySubsequences: false).map(String.init))
            case .length(0):
                state = .head
                return .end
            case .length(let left):
                guard let piece = take(left) else { return nil }
                state = .length(left - piece.count)
                return .body(piece)
            case .chunkSize:
                guard let line = line() else { return nil }
                guard let size = Int(line, radix: 16), size >= 0 else { return complain("a chunk size of '\(line)'") }
                state = size == 0 ? .lastLine : .chunk(size)
            case .chunk(let left):
                guard let piece = take(left) else { return nil }
                state = piece.count == left ? .chunkEnd : .chunk(left - piece.count)
                return .body(piece)
            case .chunkEnd:
                guard let line = line() else { return nil }
                if !line.isEmpty { return complain("'\(line)' behind a chunk") }
                state = .chunkSize
            case .lastLine:
                guard let line = line() else { return nil }
                if !line.isEmpty { return complain("a trailer: '\(line)'") }
                state = .head
                return .end
            case .untilClose, .tunnel:
                return take(.max).map { .body($0) }
            }
        }
        return nil
    }

    private mutating func complain(_ what: String) -> Event? {
        complaint = what
        return nil
    }

    private mutating func take(_ most: Int) -> [UInt8]? {
        guard start < bytes.count else { return nil }
        let end = bytes.count - start <= most ? bytes.count : start + most
        defer { start = end }
        return Array(bytes[start..<end])
    }

    private mutating func line() -> String? {
        guard let end = bytes[start...].firstIndex(of: 0x0A) else { return nil }
        guard end > start, bytes[end - 1] == 0x0D else {
            complaint = "a line without CR"
            return nil
        }
        defer { start = end + 1 }
        return String(decoding: bytes[start..<end - 1], as: UTF8.self)
    }

    private var endOfHead: Int? {
        var index = start
        while index + 4 <= bytes.count {
            if bytes[index] == 0x0D, bytes[index + 1] == 0x0A, bytes[index + 2] == 0x0D, bytes[index + 3] == 0x0A {
                return index
            }
            index += 1
        }
        return nil
    }
}

extension [String] {
    /// The value of the only field with that name, in a head's lines.
    func field(_ name: String) -> String? {
        let values = dropFirst().filter { $0.lowercased().hasPrefix(name.lowercased() + ": ") }
        return values.count == 1 ? String(values[values.startIndex].dropFirst(name.count + 2)) : nil
    }
}
