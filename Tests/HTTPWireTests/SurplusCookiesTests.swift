import Testing

@testable import HTTPWire

@Suite("More cookies than are read")
struct SurplusCookiesTests {
    private static var limits: HTTPLimits {
        var limits = HTTPLimits()
        limits.headerBlockBytes = 300
        limits.surplusCookieBytes = 2_000
        return limits
    }

    private struct Outcome: Equatable {
        var names: [String]?
        var cookies: [String] = []
        var error: HTTPParseError?
        var isComplete = false
    }

    private static func outcome(_ head: RequestHead) -> Outcome {
        var names: [String]?
        if let surplus = head.surplusCookies {
            names = []
            surplus.forEachName { names?.append(String(decoding: $0, as: UTF8.self)) }
        }
        return Outcome(names: names, cookies: head.fields.all("Cookie"), isComplete: true)
    }

    private static func read(_ text: String, piece: Int) -> Outcome {
        var parser = RequestParser(limits: limits)
        let bytes = Array(text.utf8)
        var start = 0
        while start < bytes.count {
            let end = min(start + piece, bytes.count)
            var position = 0
            do {
                let event = try bytes[start..<end].withUnsafeBytes { try parser.next(in: $0, at: &position) }
                if event == .head { return outcome(parser.head) }
            } catch {
                return Outcome(error: error as? HTTPParseError)
            }
            start += max(1, position)
        }
        return Outcome()
    }

    /// The same however the bytes are cut.
    private func read(_ fields: String) -> Outcome {
        let text = "GET / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n"
        let whole = Self.read(text, piece: text.utf8.count)
        for piece in 1...40 {
            #expect(Self.read(text, piece: piece) == whole, "in pieces of \(piece): \(fields.prefix(60))")
        }
        return whole
    }

    private let long = String(repeating: "v", count: 100)

    @Test("are read over, and their names kept")
    func names() {
        let bomb = "Cookie: a=\(long); b=\(long);c=\(long); __Host-carrel=x; lonely; =v; d e=1; f=\r\n"
        #expect(read(bomb) == Outcome(names: ["a", "b", "c", "__Host-carrel", "f"], isComplete: true))
        #expect(read("X: y\r\ncOOKIE:a=\(long)\(long)\(long)\r\nZ: y\r\n").names == ["a"])
    }

    @Test("make room for the other fields, wherever they stand")
    func order() {
        let cookies = "Cookie: a=\(long); b=\(long)\r\n"
        let others = "X: \(long)\r\n"
        let wanted = Outcome(names: ["a", "b"], isComplete: true)
        #expect(read(cookies + others) == wanted)
        #expect(read(others + cookies) == wanted)
        #expect(read(cookies).cookies == ["a=\(long); b=\(long)"])
        #expect(read(cookies).names == nil)
    }

    @Test("are the only fields that are read over")
    func othersAreRefused() {
        #expect(read("X: \(long)\(long)\(long)\r\n").error == .headerBlockTooLarge)
        #expect(read("Cookies: a=\(long)\(long)\(long)\r\n").error == .headerBlockTooLarge)
        #expect(read("Cookie: a=\(long)\(long)\(long)\r\nX: \(long)\(long)\(long)\r\n").error == .headerBlockTooLarge)
    }

    @Test("have a limit of their own, and no controls in them")
    func limits() {
        let most = String(repeating: "v", count: 1_990)
        #expect(read("Cookie: a=\(most)\r\n").names == ["a"])
        #expect(read("Cookie: a=\(most)\(long)\r\n").error == .headerBlockTooLarge)
        #expect(read("Cookie: a=\(long)\(long)\(long)\u{0}\r\n").error == .invalidFieldValue)
        #expect(read("Cookie: a=\(long)\(long)\(long)\n").error == .bareLineFeed)
        #expect(read("Cookie: a=\(long)\(long)\(long)\rX: y\r\n").error == .bareCarriageReturn)
    }

    @Test("come in many fields by HTTP/2, to the same end")
    func http2() throws {
        var assembler = RequestAssembler(limits: Self.limits)
        func add(_ name: String, _ value: String) {
            name.withBytes { name in value.withBytes { assembler.add(name: name, value: $0) } }
        }
        func head() throws -> RequestHead {
            try assembler.finish(endsHere: true) { "" }
            return assembler.head
        }
        func begin() {
            assembler.begin()
            for (name, value) in [(":method", "GET"), (":scheme", "https"), (":path", "/"), (":authority", "a")] {
                add(name, value)
            }
        }
        begin()
        for name in ["a", "b", "c", "d"] { add("cookie", "\(name)=\(long)") }
        #expect(Self.outcome(try head()) == Outcome(names: ["a", "b", "c", "d"], isComplete: true))
        #expect(!assembler.isFlood)
        begin()
        add("cookie", "a=1")
        add("cookie", "b=1")
        #expect(Self.outcome(try head()) == Outcome(names: nil, cookies: ["a=1; b=1"], isComplete: true))
        begin()
        for _ in 0..<16 { add("cookie", "a=\(long)") }
        #expect(assembler.isFlood)
    }

    @Test("leave no more than a bounded number of bytes of names behind")
    func manyNames() throws {
        var cookies = SurplusCookies()
        var all = ""
        for number in 0..<10_000 { all += "name\(number)=1; " }
        all.withBytes { cookies.add($0) }
        var bytes = 0
        cookies.forEachName { bytes += $0.count }
        #expect(bytes > SurplusCookies.nameBytes / 2 && bytes <= SurplusCookies.nameBytes)
        #expect(cookies.contains("name0") && !cookies.contains("name9999"))
        let giant = String(repeating: "n", count: SurplusCookies.longestName + 1)
        var other = SurplusCookies()
        "\(giant)=1; ok=1".withBytes { other.add($0) }
        #expect(other.contains("ok") && !other.contains(giant))
    }
}
