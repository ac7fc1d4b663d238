import Testing

@testable import HTTPWire

struct HeaderFieldsTests {
    @Test("names are found without regard to case, values come back as they are")
    func reading() {
        let fields: HeaderFields = ["Accept": "a", "X-Name": "Zoë", "accept": "b"]
        #expect(fields.first("ACCEPT") == "a")
        #expect(fields.all("Accept") == ["a", "b"])
        #expect(fields.first("X-Name") == "Zoë")
        #expect(fields.count(of: "accept") == 2)
        #expect(fields.first("Missing") == nil)
        #expect(fields.map(\.name) == ["Accept", "X-Name", "accept"])
    }

    @Test("removing and replacing keep the order of the rest, in memory and on the wire")
    func changing() {
        var fields: HeaderFields = ["A": "1", "B": "2", "a": "3", "C": "4"]
        fields.replace("a", "new")
        fields.remove("B")
        fields.append("D", "5")
        #expect(fields == ["a": "new", "C": "4", "D": "5"])
        var wire: [UInt8] = []
        fields.write(into: &wire)
        #expect(String(decoding: wire, as: UTF8.self) == "a: new\r\nC: 4\r\nD: 5\r\n")
        fields.replace("E", "6")
        #expect(fields.last?.name == "E")
        fields.removeAll()
        #expect(fields.isEmpty)
        fields.append("F", "7")
        wire = []
        fields.write(into: &wire)
        #expect(String(decoding: wire, as: UTF8.self) == "F: 7\r\n")
    }

    @Test("no value can begin a line of its own")
    func injection() {
        var fields: HeaderFields = [:]
        fields.append("Location", "/a\r\nSet-Cookie: x=y\u{0}")
        #expect(fields.first("Location") == "/a  Set-Cookie: x=y ")
        var wire: [UInt8] = []
        ResponseHead(status: 200, reason: "a\r\nX: y", fields: fields).write(framing: .length(0), into: &wire)
        #expect(
            String(decoding: wire, as: UTF8.self)
                == "HTTP/1.1 200 a  X: y\r\nLocation: /a  Set-Cookie: x=y \r\nContent-Length: 0\r\n\r\n")
    }

    @Test("a name that is no token stops the program")
    func invalidName() async {
        await #expect(processExitsWith: .failure) {
            var fields: HeaderFields = [:]
            fields.append("a b", "c")
        }
    }

    @Test("list elements are found in any line, and only whole")
    func elements() {
        let fields: HeaderFields = ["Connection": "keep-alive, ,Upgrade", "connection": "x"]
        #expect(fields.contains("Connection", element: "upgrade"))
        #expect(fields.contains("Connection", element: "x"))
        #expect(!fields.contains("Connection", element: "up"))
    }
}
