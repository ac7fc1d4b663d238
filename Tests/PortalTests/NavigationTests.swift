import Foundation
import HTTPTransport
import HTTPWire
import Testing

@testable import Broker
@testable import Portal

@Suite("Who asks, and where to send them")
struct NavigationTests {
    @Test(
        "A browser's guess is recognised",
        arguments: [
            (["Sec-Purpose": "prefetch;prerender"], true), (["Purpose": "Prefetch"], true), (["Accept": "*/*"], false),
        ] as [(HeaderFields, Bool)])
    func prefetch(fields: HeaderFields, expected: Bool) {
        #expect(Navigation.isPrefetch(fields) == expected)
    }

    static let navigation: HeaderFields = ["Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"]
    static let safari = "Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15"
    static let chrome = "Mozilla/5.0 (X11) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36"

    @Test(
        "A person's click is told from what a script does, where the browser can tell",
        arguments: [
            ([:], true), (["Sec-Fetch-User": "?1"], true), (["Sec-Fetch-User": "?0"], false),
            (["Sec-Fetch-User": "?1", "Sec-Fetch-Mode": "cors"], false),
            (["Sec-Fetch-User": "?1", "Sec-Fetch-Dest": "iframe"], false),
            (["Sec-Fetch-User": "?1", "Sec-Purpose": "prefetch"], false), (["User-Agent": chrome], false),
            (["User-Agent": safari], true), (["User-Agent": safari, "Sec-Fetch-Mode": "cors"], false),
            (["User-Agent": safari, "Sec-Fetch-Dest": "iframe"], false),
        ] as [(HeaderFields, Bool)])
    func person(fields: HeaderFields, expected: Bool) {
        var all = Self.navigation
        for (name, value) in fields { all.replace(name, value) }
        // Without any of the fields nothing is known, and the browser is too old for the check.
        let seen: HeaderFields = fields.isEmpty ? [:] : all
        #expect(Navigation.isByPerson(seen, framed: false) == expected)
    }

    @Test("A script's navigation is no click, in a frame only where other sites may show one, and one field is enough")
    func script() {
        #expect(!Navigation.isByPerson(Self.navigation, framed: false))
        let framed: HeaderFields = [
            "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe", "Sec-Fetch-User": "?1",
        ]
        #expect(Navigation.isByPerson(framed, framed: true) && !Navigation.isByPerson(framed, framed: false))
        let one: HeaderFields = ["Sec-Fetch-Site": "same-origin"]
        #expect(!Navigation.isByPerson(one, framed: true))
    }

    @Test(
        "A path on the same hostname is kept as it is",
        arguments: ["/", "/lab/tree/a%20b.ipynb?reset#x", "/.carrels", "/lab//x", "/a/../b", "/?next=//evil.test"])
    func ownPath(path: String) {
        #expect(Navigation.nextPath(path) == path)
    }

    @Test(
        "Whatever could lead to another host, or in a circle, becomes the front page",
        arguments: [
            nil, "", "lab", "//evil.test", "/\\evil.test", "https://evil.test/", "javascript:alert(1)", "/a\nb",
            "/\t/evil.test", "/a b", "/ä", "/.carrel/enter?code=x", "/.carrel",
            "/" + String(repeating: "a", count: PortalLimits.nextPathBytes),
        ])
    func foreignPath(path: String?) {
        #expect(Navigation.nextPath(path) == "/")
    }
}

@Suite("What a lab's hostname answers without its lab")
struct LabAnswerTests {
    static let states = ["queued", "starting", "running", "ending", "parking", "parked", "ended", "failed"]

    @Test("An unknown hostname is unknown, with or without a cookie")
    func unknown() {
        for hasKey in [true, false] {
            #expect(LabAnswer(state: nil, hasKey: hasKey, isNavigation: true) == .unknown)
        }
    }

    @Test("Without a key nothing is said about the session", arguments: states)
    func forbidden(state: String) {
        #expect(LabAnswer(state: state, hasKey: false, isNavigation: true) == .forbidden)
        #expect(LabAnswer(state: state, hasKey: false, isNavigation: false) == .forbidden)
    }

    @Test("A lab on its way shows progress to people and tells programs to come back")
    func onItsWay() {
        for state in ["queued", "starting", "running"] {
            #expect(LabAnswer(state: state, hasKey: true, isNavigation: true) == .progress)
            #expect(LabAnswer(state: state, hasKey: true, isNavigation: false) == .comeBack)
        }
    }

    @Test("A parked lab is brought back by a visit and by no program", arguments: ["parking", "parked"])
    func parked(state: String) {
        #expect(LabAnswer(state: state, hasKey: true, isNavigation: true) == .resume)
        #expect(LabAnswer(state: state, hasKey: true, isNavigation: false) == .parkedForPrograms)
    }

    @Test("An ended lab offers a new start to people and stops programs")
    func over() {
        for state in ["ended", "failed"] {
            #expect(LabAnswer(state: state, hasKey: true, isNavigation: true) == .gone)
            #expect(LabAnswer(state: state, hasKey: true, isNavigation: false) == .goneForPrograms)
        }
        #expect(LabAnswer(state: "ending", hasKey: true, isNavigation: true) == .progress)
        #expect(LabAnswer(state: "ending", hasKey: true, isNavigation: false) == .goneForPrograms)
    }
}

@Suite("Server-sent events")
struct EventEncodingTests {
    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    @Test("Every line of the data is a line of its own, whatever ends it")
    func lines() {
        func event(_ data: String) -> String { text(ServerSentEvent.event("x", data: data)) }
        #expect(event("a\nb\r\nc\rd") == "event: x\ndata: a\ndata: b\ndata: c\ndata: d\n\n")
        #expect(event("a\n\nevent: forged") == "event: x\ndata: a\ndata: \ndata: event: forged\n\n")
        #expect(event("") == "event: x\ndata: \n\n")
        #expect(event("a\u{2028}b\u{85}c") == "event: x\ndata: a\u{2028}b\u{85}c\n\n")
    }

    @Test("The heartbeat is an event that a page can see")
    func heartbeat() {
        #expect(text(EventStreams.heartbeat) == "event: alive\ndata: 1\n\n")
    }

    @Test("A change is one element: first the card, then the view as JSON, without what operators see")
    func change() throws {
        let view = view("running", host: "h2")
        let bytes = EventStreams.events(view, at: .portal(slug), try renderer())
        let events = text(bytes).components(separatedBy: "\n\n").filter { !$0.isEmpty }
        #expect(events.count == 2)
        #expect(events[0].hasPrefix("event: panel\ndata: <p class=\"over\">"))
        let json = try #require(events[1].components(separatedBy: "\ndata: ").last)
        #expect(try APICoding.decode(LearnerView.self, from: Array(json.utf8)) == LearnerView(view))
        #expect(json.contains("\"state\":\"running\"") && !json.contains("h2") && !json.contains(view.image))
    }
}
