import Testing

@testable import HTTPWire

struct AuthorityTests {
    @Test("a valid authority has its host in lower case and its port")
    func valid() throws {
        let authority = try #require(Authority("ABC.Labs.example:8443"))
        #expect(authority.host == "abc.labs.example")
        #expect(authority.port == 8443)
        #expect(authority.description == "abc.labs.example:8443")
        #expect(Authority("a.example.")?.host == "a.example")
        #expect(Authority("[::1]:80")?.description == "[::1]:80")
        #expect(Authority("127.0.0.1")?.port == nil)
        #expect(Authority("my_host") != nil)
    }

    @Test(
        "an authority that is not exactly host and port is refused",
        arguments: [
            "", ".", "a:", "a:x", "a:0", "a:65536", "a:080000", "a@b", "a b", "a/b", "a\\b", "a%41", "[::1", "::1",
            "[]",
            "[a]:1", "[::1]x", "a..b", "..", "-a", "a-", "a:80:80", "a:+8",
        ])
    func invalid(text: String) {
        #expect(Authority(text) == nil)
    }

    @Test("a hostname is made of labels of letters, digits and inner hyphens")
    func hostnames() {
        let label = String(repeating: "a", count: 63)
        #expect(Hostname.isValid("a-1.example"))
        #expect(Hostname.isValid("\(label).\(label).\(label).\(label.dropLast(2))"))
        #expect(!Hostname.isValid("\(label).\(label).\(label).\(label)"))
        #expect(!Hostname.isValid("a\(label)"))
        for name in ["a_b", "a.", "", "-a", "a-.b", "a:1", "ä"] { #expect(!Hostname.isValid(name), "\(name)") }
    }

    @Test("a slug is 1 to 32 letters and digits, in lower case")
    func slugs() {
        #expect(Slug("Abc2")?.description == "abc2")
        #expect(Slug("abcdefghijklmnopqrstuvwxyz234567")?.description == "abcdefghijklmnopqrstuvwxyz234567")
        #expect(Slug("abc2") == Slug("ABC2"))
        #expect(Slug("abc2") != Slug("abc3"))
        for text in ["abcdefghijklmnopqrstuvwxyz2345678", "ab-cd", "ab.cd", "abc\u{0}d", ""] {
            #expect(Slug(text) == nil, "\(text)")
        }
    }

    @Test("PORT--SLUG is split, and nothing that only looks like it")
    func labels() {
        func label(_ text: String) -> LabLabel? { withBytes(text) { LabLabel($0) } }
        #expect(label("8080--abcd")?.port == 8080)
        #expect(label("8080--abcd")?.slug == Slug("abcd"))
        #expect(label("abcd")?.port == nil)
        #expect(label("2abc")?.slug == Slug("2abc"))
        for text in [
            "0--abcd", "08--abcd", "65536--abcd", "123456--abcd", "80-abcd", "80---abc", "80--", "--abcd", "x--abcd",
        ] {
            #expect(label(text) == nil, "\(text)")
        }
    }

    @Test("only a single label under the labs' domain is a lab's")
    func labsDomain() throws {
        let labs = try #require(LabsDomain("Labs.Example"))
        func label(_ host: String) -> Range<Int>? { withBytes(host) { labs.label(of: $0) } }
        #expect(label("abcd.labs.example") == 0..<4)
        #expect(label("ABCD.LABS.EXAMPLE") == 0..<4)
        for host in ["labs.example", ".labs.example", "a.b.labs.example", "abcdlabs.example", "abcd.labs.example.evil"]
        {
            #expect(label(host) == nil, "\(host)")
        }
    }
}
