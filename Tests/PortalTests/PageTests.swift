import Foundation
import Programs
import Testing

@testable import Broker
@testable import Portal

@Suite("Pages")
struct PageTests {
    static let livePages: [Page] = ["queued", "starting", "running", "ending"].map { Page(view($0), at: .portal(slug)) }
    static let notices: [Page] = [
        NoticePage.home(), NoticePage.alteredLink(), NoticePage.expiredLink(), NoticePage.otherPortal(),
        NoticePage.incompleteLink(.wrong), NoticePage.unknownLab("python"),
        NoticePage.refusal(LearnerWords.current.refusal(.limit, of: .open)), NoticePage.signInNeeded(),
        NoticePage.notYours(), NoticePage.usedCode(), NoticePage.noKeyNow(),
        NoticePage.unknownHostname(), NoticePage.notFound(), NoticePage.foreignForm(),
        NoticePage.refusal(LearnerWords.current.refusal(.storage, of: .open)),
    ]
    static let all: [Page] = livePages + ["ended", "failed"].map { Page(view($0), at: .lab(path: "/lab")) } + notices

    /// Each of these would end an attribute, open an element or start a script if it were not escaped. An accent forms
    /// one character with the mark before it, which defeats escaping by characters.
    static let hostile: [String] = [
        "<script>alert(1)</script>", "\" onmouseover=\"alert(1)", "'><img src=x onerror=alert(1)>",
        "\"\u{301} onfocus=alert(1) autofocus=\"\u{301}", "<\u{338}script>", "&lt;b&gt;", "{{heading}}", "{{{over}}}",
        "{{>page}}", "</section><h1>", "a\n\nevent: session\ndata: {}", "\u{202E}txt.exe", "<!--", "]]>",
    ]

    @Test("Hostile names are text on every page", arguments: hostile)
    func hostileNames(text: String) throws {
        let pairs = zip(Self.pages(with: text), Self.pages(with: "harmless"))
        for (page, plainPage) in pairs {
            // With the hostile text, the page must have exactly the same tags as with a harmless one.
            #expect(try tags(html(page)) == tags(html(plainPage)))
        }
        #expect(try html(NoticePage.unknownLab(text)).contains("“<bdi>\(HTMLText().escapeText(text))</bdi>”"))
    }

    /// Every place where a page shows text from outside.
    private static func pages(with text: String) -> [Page] {
        [
            Page(view("failed", reason: text, learnerName: text, labTitle: text), at: .lab(path: "/" + text)),
            Page(ended(by: text), at: .lab(path: "/" + text)),
            Page(view("queued", reason: text, learnerName: text, labTitle: text), at: .lab(path: "/" + text)),
            Page(view("starting", step: "waiting", host: text, learnerName: text), at: .lab(path: "/" + text)),
            NoticePage.unknownLab(text),
        ]
    }

    /// With a note by the operator.
    private static func ended(by text: String) -> SessionView {
        var view = view("ended", learnerName: text, labTitle: text)
        view.endReason = .operatorEnded(note: text)
        return view
    }

    /// The page reduced to its markup, as a browser parses it: tags with the names of their attributes and no values.
    private func tags(_ html: String) -> [String] {
        var tags: [String] = []
        var tag = ""
        var quote: UInt8 = 0
        var isInside = false
        for byte in html.utf8 {
            if !isInside {
                if byte == UInt8(ascii: "<") { (isInside, tag) = (true, "") }
            } else if quote != 0 {
                if byte == quote { quote = 0 }
            } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
                quote = byte
            } else if byte == UInt8(ascii: ">") {
                tags.append(tag)
                isInside = false
            } else {
                tag.unicodeScalars.append(Unicode.Scalar(byte))
            }
        }
        return tags
    }

    @Test("Escaping is by scalars")
    func escaping() {
        #expect(HTMLText().escapeText("a\"\u{301}<\u{338}&'>é") == "a&quot;\u{301}&lt;\u{338}&amp;&#39;&gt;é")
    }

    @Test("A page loads nothing from anywhere, has one heading, a language and a title", arguments: all)
    func shape(page: Page) throws {
        let html = try html(page)
        #expect(html.hasPrefix("<!doctype html>\n<html lang=\"en\">"))
        #expect(html.components(separatedBy: "<h1").count == 2)
        #expect(html.contains("<title>\(HTMLText().escapeText(page.panel.heading))</title>"))
        #expect(!page.panel.heading.isEmpty)
        #expect(!html.contains("src="))
        #expect(!html.replacing("xmlns='http://www.w3.org/2000/svg'", with: "").contains("://"))
        #expect(!html.contains("style="))
        #expect(!html.contains("{{"))
        #expect(html.utf8.count < 14_000)
    }

    @Test("Every page about a mishap says what to do next, and no two are the same")
    func notices() {
        for notice in Self.notices.dropFirst() { #expect(notice.panel.paragraphs.count == 2) }
        #expect(Set(Self.notices.map(\.panel.heading)).count == Self.notices.count)
    }

    @Test("The policy allows the one style and the one script by their hashes, and nothing else")
    func contentSecurityPolicy() async throws {
        let policy = try renderer().contentSecurityPolicy
        let html = try html(Self.livePages[0])
        for (element, directive) in [("style", "style-src"), ("script", "script-src")] {
            let content = try #require(
                html.components(separatedBy: "<\(element)>").last?.components(separatedBy: "</\(element)>").first)
            let source = try #require(policy.split(separator: "; ").first { $0.hasPrefix("\(directive) 'sha256-") })
            let hash = try await sha256Base64(content)
            #expect(String(source) == "\(directive) 'sha256-\(hash)'")
        }
        #expect(policy.contains("default-src 'none'"))
        #expect(policy.contains("frame-ancestors 'none'"))
        #expect(policy.contains("base-uri 'none'"))
        #expect(policy.contains("form-action 'self' https://*.labs.test"))
        #expect(!policy.contains("unsafe"))
    }

    /// Computed by an independent program.
    private func sha256Base64(_ text: String) async throws -> String {
        var command = Command(["sha256sum"])
        command.input = FileManager.default.temporaryDirectory.path + "/hashed-\(UUID().uuidString)"
        try text.write(toFile: command.input, atomically: false, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: command.input) }
        let digits = Array(try await command.succeed().utf8.prefix(64))
        let bytes = stride(from: 0, to: digits.count, by: 2).compactMap {
            UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16)
        }
        return Data(bytes).base64EncodedString()
    }
}
