import Testing

@testable import HTTPWire

struct SerializationTests {
    private func wire(_ write: (inout [UInt8]) -> Void) -> String {
        var bytes: [UInt8] = []
        write(&bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test("the framing alone decides about Content-Length and Transfer-Encoding of a request")
    func requestFraming() {
        let fields: HeaderFields = ["Host": "a", "content-length": "9", "Transfer-Encoding": "gzip"]
        let head = RequestHead(method: "PUT", target: "/x?y", fields: fields)
        let start = "PUT /x?y HTTP/1.1\r\nHost: a\r\n"
        #expect(wire { head.write(framing: .none, into: &$0) } == start + "\r\n")
        #expect(wire { head.write(framing: .length(120), into: &$0) } == start + "Content-Length: 120\r\n\r\n")
        #expect(wire { head.write(framing: .chunked, into: &$0) } == start + "Transfer-Encoding: chunked\r\n\r\n")
    }

    @Test("a response to HEAD and a 304 keep the length they tell of; a 204 and a 1xx do not")
    func responseFraming() {
        func head(_ status: Int) -> ResponseHead {
            ResponseHead(status: status, version: .http10, fields: ["Content-Length": "9", "Transfer-Encoding": "x"])
        }
        #expect(
            wire { head(304).write(framing: .none, into: &$0) }
                == "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n")
        #expect(wire { head(204).write(framing: .none, into: &$0) } == "HTTP/1.1 204 No Content\r\n\r\n")
        #expect(wire { head(103).write(framing: .none, into: &$0) } == "HTTP/1.1 103 \r\n\r\n")
        #expect(wire { head(200).write(framing: .untilClose, into: &$0) } == "HTTP/1.1 200 OK\r\n\r\n")
    }

    @Test("what is written reads back the same", arguments: [1, 9, 15, 16, 255, 256, 65_536, 1_048_575])
    func chunksReadBack(count: Int) {
        let data = String(repeating: "x", count: count)
        var bytes: [UInt8] = []
        let head = RequestHead(method: "POST", target: "/", fields: ["Host": "a"])
        head.write(framing: .chunked, into: &bytes)
        ChunkEncoding.writePrefix(count: count, into: &bytes)
        bytes += Array(data.utf8) + Array("\(ChunkEncoding.suffix)\(ChunkEncoding.end)".utf8)
        let heard = readRequests(String(decoding: bytes, as: UTF8.self))
        #expect(heard.dropFirst() == [.body(data), .end])
    }
}
