import Foundation
import Testing
import Words

@testable import Broker
@testable import BrokerCore
@testable import Doors
@testable import Portal

/// Everything that a learner can read, code by code. The parts of a code that are for operators contain hostile text
/// here, so that any of it on a page is detected.
@Suite("What learners read")
struct LearnerWordsTests {
    private static let now = Timestamp(milliseconds: 1_700_000_000_000)
    /// Text that only operators may read.
    private static let secret = "h7.internal /srv/homes/ada `docker rm` code 137: no such image: registry/x@sha256:ab"

    private static let ends: [EndReason] = EndReason.Code.allCases.flatMap { code in
        [60, 5400, 604_740].flatMap { (seconds: Int64) in
            // A note is an operator's message to the learner.
            let text = code == .operatorEnded ? "The room closes" : secret
            return [
                EndReason(ReasonParts(word: code.rawValue, number: seconds)),
                EndReason(ReasonParts(word: code.rawValue, text: text)), EndReason(ReasonParts(word: code.rawValue)),
            ]
        }
    }
    private static let parkings: [ParkReason] = ParkReason.Code.allCases.flatMap { code in
        [
            ParkReason(ReasonParts(word: code.rawValue, number: 604_740)),
            ParkReason(ReasonParts(word: code.rawValue, text: "The seat is needed")),
        ]
    }

    private static let causes: [Waiting.Cause] = [
        .previousContainer, .configuration, .hostsClosed, .hostsSilent, .sameEngine(as: secret),
        .imageMissing(image: secret), .seatsTaken, .memoryTaken(needed: 1 << 30),
        .seatsHeld(reservations: [ReservationID(rawValue: secret)], from: now, until: now + .seconds(60)),
        .hostsStrained, .startsPaced(underWay: 2), .largerLabFirst, .reservedSeatsGone, .reservedSeatsReleased,
        .hostsUnproved, .portalQuota,
    ]

    /// This does not compile until a new cause has a case here, and an entry in the list above.
    private static func place(of cause: Waiting.Cause) -> Int {
        switch cause {
        case .previousContainer: 0
        case .configuration: 1
        case .hostsClosed: 2
        case .hostsSilent: 3
        case .sameEngine: 4
        case .imageMissing: 5
        case .seatsTaken: 6
        case .memoryTaken: 7
        case .seatsHeld: 8
        case .hostsStrained: 9
        case .startsPaced: 10
        case .largerLabFirst: 11
        case .reservedSeatsGone: 12
        case .reservedSeatsReleased: 13
        case .hostsUnproved: 14
        case .portalQuota: 15
        }
    }

    @Test("What a session waits for is said for everybody and for those with a reserved place, with an estimate")
    func waiting() {
        #expect(Self.causes.map(Self.place(of:)) == Array(Self.causes.indices))
        var view = view("queued")
        view.waiting = Waiting(cause: .seatsTaken, seatBy: Self.now + .seconds(1800))
        #expect(
            LearnerWords.current.waiting(view, seen: Self.now).plain
                == "All places are taken at the moment. If nobody leaves earlier, there is a place for you at 22:43 UTC."
        )
    }

    /// The words for every code of every kind.
    private static func everything(_ words: LearnerWords) -> [(code: String, words: Prose)] {
        var all: [(String, Prose)] = []
        for reason in ends {
            for keeps in [true, false] { all.append(("\(reason)", words.ended(reason, keepsFiles: keeps))) }
        }
        for reason in parkings { all.append(("\(reason)", words.parked(reason))) }
        for cause in EndReason.Cause.allCases {
            for (parks, delay) in [(true, 60), (false, 100_000), (false, 2_000_000)] as [(Bool, Int64)] {
                for keeps in [true, false] {
                    let end = words.willEnd(
                        cause, at: now + .seconds(delay), parks: parks, keepsFiles: keeps, note: "Lunch", seen: now)
                    all.append(("\(cause)", end))
                }
            }
        }
        for cause in causes {
            all.append(("\(cause)", words.cause(cause)))
            all.append(("\(cause), reserved", words.reserved(cause)))
        }
        for code in BrokerError.Code.allCases {
            for wish in Wish.allCases {
                let refusal = words.refusal(code, of: wish)
                all.append(("\(code) of \(wish)", Prose([.text(refusal.sentence)])))
            }
        }
        for code in LaunchError.Code.allCases {
            for aim in [LaunchAim.lab, .course] {
                let panel = NoticePage.refusedLaunch(LaunchError(code, secret, secret), to: aim, in: words).page.panel
                all.append(("\(code)", Prose.joined([Prose([.text(panel.heading + ".")])] + panel.paragraphs)))
            }
        }
        for (index, text) in [
            words.failed(keepsFiles: true), words.failed(keepsFiles: false),
            words.failed(.lab, keepsFiles: true), words.failed(.lab, keepsFiles: false),
            words.outOfMemory,
            words.outOfReach, words.save(keepsFiles: true), words.save(keepsFiles: false),
        ].enumerated() {
            all.append(("fixed words \(index)", text))
        }
        return all
    }

    /// What learners must not read, whatever the language: paths, commands, codes, raw spans, and what a text looks like
    /// in which something is missing.
    private static let forbidden: [(what: String, pattern: String)] = [
        ("a path", #"(^|\s)/\w"#), ("a command", #"`|\bcarrel \w|\bdocker\b|\bsudo\b"#),
        ("a code", #"(?i)\bcode -?\d|\bexit\b|\berror \d|\bsha256\b"#), ("a raw span", #"\d+ (h|min|s)\b"#),
        ("nobody before this one", #"(?i)nobody is|before this one"#), ("a wrong plural", #"\b1 (\w+s)\b(?<!1 this)"#),
        ("an empty piece", #"  |“”|«»|\.\.|: *$|[{}]"#), ("something of Swift's", #"\bnil\b|Optional\("#),
        ("no words", #"Something has happened|Algo ha ocurrido|\bpage\."#),
    ]

    /// The nouns of operators.
    private static let operators: [Language: String] = [
        .english: #"(?i)\b(host|container|image|engine|slot|broker|edge|queue length|epoch|configuration)s?\b"#,
        Language(rawValue: "es"):
            #"(?i)\b(host|contenedor|imagen|motor|servidor|nodo|ranura|broker|proxy|consola|configuración|época)(e?s)?\b"#,
    ]

    static func complaints(_ text: String, in language: Language = .english) -> [String] {
        let noun = (what: "an operator's noun", pattern: operators[language] ?? ".")
        return (forbidden + [noun]).filter { text.range(of: $0.pattern, options: .regularExpression) != nil }
            .map(\.what)
    }

    @Test(
        "Every code has words that are whole sentences, short, and nothing of an operator's",
        arguments: Words.standard.languages)
    func everyCode(language: Language) {
        let everything = Self.everything(LearnerWords(language))
        #expect(everything.count > 150)
        for (code, words) in everything {
            let text = words.plain
            #expect(Self.complaints(text, in: language) == [], "\(code): \(text)")
            #expect(text.count <= 400, "\(code): \(text)")
            #expect(text.first?.isUppercase == true, "\(code): \(text)")
            #expect(".!?”".contains(text.last ?? " "), "\(code): \(text)")
            #expect(!text.contains("internal") && !text.contains("registry"), "\(code): \(text)")
        }
    }

    @Test("The list of what learners do not read finds an operator's sentence")
    func forbiddenWordsAreFound() {
        let operators = [
            "No host has the image x: `carrel lab prepull`.", "It stopped by itself, with code 137.",
            "Parked for 167 h 59 min.", "The file is at /var/lib/carrel.", "Only 1 labs.",
            "Waiting for a seat; three are before this one.",
        ]
        for text in operators { #expect(!Self.complaints(text).isEmpty, "\(text)") }
    }

    @Test("Every page of a session, in every state, says nothing of an operator's, and so does what programs get")
    func everyState() throws {
        for state in ["queued", "starting", "running", "ending", "parking", "parked", "ended", "failed"] {
            for step in [nil, "creating", "starting", "waiting", "attaching"] {
                for place in [SessionPlace.portal(slug), .lab(path: "/lab"), .stay] {
                    var view = view(
                        state, step: step, reason: Self.secret, position: 2, length: 3, estimate: 43, host: Self.secret)
                    view.image = Self.secret
                    view.isOutOfReach = true
                    view.memoryWarnedAt = Self.now
                    view.endReason = state == "ended" ? .vanished(host: Self.secret) : nil
                    let page = try html(Page(view, at: place, now: Self.now))
                    let status = String(
                        decoding: APICoding.encode(StayStatus(view, contact: nil, now: Self.now)), as: UTF8.self)
                    let events = String(decoding: EventStreams.events(view, at: place, try renderer()), as: UTF8.self)
                    for text in [page, status, events] {
                        for word in ["h7", "internal", "/srv", "docker", "137", "registry", "sha256:ab"] {
                            #expect(!text.contains(word), "\(state) at \(place): \(word)")
                        }
                    }
                }
            }
        }
    }

    @Test("A lab that keeps no files does not say that they are kept, however it ends")
    func keepsNoFiles() {
        for reason in Self.ends {
            let text = LearnerWords.current.ended(reason, keepsFiles: false).plain
            #expect(!text.contains("kept"), "\(reason): \(text)")
        }
        let used = LearnerWords.current.ended(.exited(code: 137, outOfMemory: true), keepsFiles: false).plain
        #expect(used.contains("This lab keeps no files. Start again, and work with less data at a time."))
    }

    @Test("A refusal speaks of what was wanted: the queue is not left, a lab of the course is not there")
    func wishes() {
        for code in [BrokerError.Code.limit, .noSeats] {
            let refusal = LearnerWords.current.refusal(code, of: .leaveQueue)
            #expect(refusal.heading == "That did not work just now")
            #expect(!refusal.sentence.contains("start") && refusal.sentence.contains("try again"))
            #expect(LearnerWords.current.refusal(code, of: .open).heading == "Your lab cannot start now")
        }
        #expect(
            LearnerWords.current.refusal(.unknownSession, of: .extend).what.plain == "This lab is not there any more.")
        #expect(LearnerWords.current.refusal(.unknownSession, of: .open).what.plain == "This address leads nowhere.")
    }

    @Test("Where something is beyond a learner, the page says whom to ask and what to mention")
    func help() throws {
        let failed = Page(view("failed"), at: .portal(slug))
        let without = try html(failed)
        #expect(without.contains("tell your instructor and mention the reference <code>abcdefgh</code>."))
        func page(_ contact: String) throws -> String {
            let renderer = try PageRenderer(
                portalTitle: "School", labsOrigin: "https://*.labs.test", contact: Contact(contact))
            return String(decoding: renderer.html(failed), as: UTF8.self)
        }
        #expect(
            try page("help@school.example").contains(
                "<a href=\"mailto:help@school.example\"><bdi>help@school.example</bdi></a>"))
        #expect(
            try page("https://school.example/help?a=1&b=2").contains("href=\"https://school.example/help?a=1&amp;b=2\"")
        )
        #expect(try page("Room 12, <b>first</b> floor").contains("<bdi>Room 12, &lt;b&gt;first&lt;/b&gt; floor</bdi>"))
        #expect(SessionID(rawValue: "abcdefghijklmnopqrst").reference == "abcdefgh")
    }

    @Test(
        "A contact is a mail address, an https address or text in one line, and nothing that a click would run",
        arguments: [
            "", " x", "javascript:alert(1)", "http://school.example", "a\nb", String(repeating: "x", count: 201),
        ])
    func badContacts(text: String) {
        #expect(Contact(text) == nil)
    }
}

@Suite("Sentences as HTML")
struct ProseHTMLTests {
    private let seen = Timestamp(milliseconds: 1_700_000_000_000)  // Tuesday, 2023-11-14T22:13:20Z

    @Test("A name is isolated from its sentence, whatever its direction, and is text")
    func names() {
        let prose = Prose([.text("The lab of "), .name("\u{202E}<b>אדה"), .text(" is ready.")])
        #expect(prose.html == "The lab of <bdi>\u{202E}&lt;b&gt;אדה</bdi> is ready.")
    }

    @Test("The page's script gets the moment whole, and a program gets it as a number")
    func machines() throws {
        let prose = LearnerWords(.english).say("session.in-any-case", ["end": .moment(seen)], seen: seen)
        #expect(
            prose.html
                == "In any case it ends <time datetime=\"2023-11-14T22:13:20Z\" data-form=\"at\">at 22:13 UTC</time>.")
        let json = String(decoding: APICoding.encode(prose), as: UTF8.self)
        #expect(json == #"["In any case it ends ",{"form":"at","moment":1700000000000},"."]"#)
        #expect(try APICoding.encode(APICoding.decode(Prose.self, from: Array(json.utf8))) == Array(json.utf8))
    }
}
