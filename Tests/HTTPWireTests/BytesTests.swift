import Testing

@testable import HTTPWire

@Suite("Classes of bytes")
struct BytesTests {
    @Test("a token's bytes are those of RFC 9110, section 5.6.2, and no others")
    func tokens() {
        let marks = Array("!#$%&'*+-.^_`|~".utf8)
        for byte in UInt8.min...UInt8.max {
            let isLetter = (0x61...0x7A).contains(byte) || (0x41...0x5A).contains(byte)
            let isDigit = (0x30...0x39).contains(byte)
            #expect(Byte.isToken(byte) == (isLetter || isDigit || marks.contains(byte)), "\(byte)")
        }
    }

    @Test("what no field value may have is found wherever it stands, and nothing else is")
    func forbidden() {
        for length in [1, 7, 8, 9, 16, 23] {
            for place in 0..<length {
                for byte in UInt8.min...UInt8.max {
                    var bytes = [UInt8](repeating: 0x61, count: length)
                    bytes[place] = byte
                    let expected = Byte.isFieldValue(byte) ? nil : place
                    #expect(bytes.withUnsafeBytes { $0.firstForbidden(from: 0, before: length) } == expected)
                }
            }
        }
        // Tabs and high bytes beside it, and what stands before and behind the range.
        let mixed: [UInt8] = [0, 0x09, 0xFF, 0x80, 0x09, 0x7E, 0x20, 0x09, 0x09, 0x7F, 0x0A]
        #expect(mixed.withUnsafeBytes { $0.firstForbidden(from: 1, before: 9) } == nil)
        #expect(mixed.withUnsafeBytes { $0.firstForbidden(from: 1, before: 11) } == 9)
        #expect(mixed.withUnsafeBytes { $0.firstForbidden(from: 0, before: 11) } == 0)
        #expect(mixed.withUnsafeBytes { $0.firstForbidden(from: 4, before: 4) } == nil)
    }

    @Test("a line that is not written as it would be written anew is written anew")
    func plainLines() throws {
        let texts = [
            "A: b\r\n", "A:b\r\n", "A:\tb\r\n", "A:  b\r\n", "A: b \r\n", "A: \r\n", "A:\r\n", "A: b\tc\r\n",
        ]
        for text in texts {
            var parser = RequestParser()
            var position = 0
            let input = Array("GET / HTTP/1.1\r\nHost: h\r\n\(text)\r\n".utf8)
            let event = try input.withUnsafeBytes { try parser.next(in: $0, at: &position) }
            #expect(event == .head)
            var output: [UInt8] = []
            parser.head.fields.write(into: &output)
            let value = text.dropFirst(2).trimmingWhitespace
            #expect(String(decoding: output, as: UTF8.self) == "Host: h\r\nA: \(value)\r\n")
        }
    }
}

extension Substring {
    fileprivate var trimmingWhitespace: Substring {
        let isSpace = { (character: Character) in character == " " || character == "\t" || character == "\r\n" }
        guard let first = firstIndex(where: { !isSpace($0) }), let last = lastIndex(where: { !isSpace($0) }) else {
            return ""
        }
        return self[first...last]
    }
}
