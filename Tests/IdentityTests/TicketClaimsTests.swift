import Identity
import Literals
import Testing

private let issued: Int64 = 1_800_000_000
private let end = issued + IdentityLimits.ticketSeconds

/// The ticket of the example in the documentation, with a second course.
private func example() -> TicketClaims {
    let claims = Claims(
        person: Person(portal: "school", issuer: "https://platform.example", subject: "4711"), name: "Ada Lovelace",
        courses: ["101": .assistant, "algebra 2": .learner], portalRole: .administrator)
    return TicketClaims(claims, issued: issued, generation: 3, visit: "k3v7x2aq")
}

private let exampleLines = [
    "version=1", "portal=school", "issuer=https://platform.example", "subject=4711", "name=Ada Lovelace",
    "course=assistant 1800043200 101", "course=learner 1800043200 algebra 2", "administrator=1800043200",
    "issued=1800000000", "expires=1800043200", "generation=3", "visit=k3v7x2aq",
]

private func bytes(_ lines: [String]) -> [UInt8] { Array(lines.map { $0 + "\n" }.joined().utf8) }

private func fault(_ payload: [UInt8]) -> TicketFault? {
    do {
        _ = try TicketClaims(payload: payload)
        return nil
    } catch {
        return error
    }
}

private func fault(_ lines: [String]) -> TicketFault? { fault(bytes(lines)) }

/// What is wrong with the example after a change; `nil` if it is a ticket still, and stays the same when it is decoded.
private func fault(changing change: (inout TicketClaims) -> Void) throws -> TicketFault? {
    var ticket = example()
    change(&ticket)
    do {
        let payload = try ticket.payload()
        #expect(try TicketClaims(payload: payload) == ticket)
        return nil
    } catch {
        return error
    }
}

@Suite("A ticket's payload") struct TicketPayloadTests {
    @Test("is lines of named fields")
    func form() throws {
        #expect(String(decoding: try example().payload(), as: UTF8.self) == exampleLines.map { $0 + "\n" }.joined())
        #expect(try TicketClaims(payload: bytes(exampleLines)) == example())
    }

    @Test("is decoded to the same ticket, whatever its texts are")
    func roundTrip() throws {
        let texts = [
            "a", "=", "a=b", " a  b ", "Jos\u{E9}", "Jose\u{301}", "\u{301}", "👩‍🔬", "version=1", "\u{202E}abc", "100%",
        ]
        for text in texts {
            #expect(
                try fault { ticket in
                    ticket.person = Person(portal: "school", issuer: text, subject: text)
                    ticket.name = text
                    ticket.courses = [text: TicketClaims.CourseClaim(role: .instructor, until: end)]
                } == nil, "\(text)")
        }
        let little = try fault { ticket in
            (ticket.name, ticket.courses, ticket.administratorUntil, ticket.generation) = (nil, [:], nil, 0)
        }
        #expect(little == nil)
    }

    @Test("keeps the bytes of identifiers that differ in their normalization only")
    func normalization() throws {
        for subject in ["Jos\u{E9}", "Jose\u{301}"] {
            var ticket = example()
            ticket.person = Person(portal: "school", issuer: "i", subject: subject)
            let decoded = try TicketClaims(payload: try ticket.payload())
            #expect(decoded.person.subject.utf8.elementsEqual(subject.utf8))
        }
    }

    @Test("is refused when it was cut, wherever that was")
    func truncated() {
        let payload = bytes(exampleLines)
        for length in payload.indices { #expect(fault(Array(payload[..<length])) != nil, "cut to \(length)") }
        for length in payload.indices.dropFirst() { #expect(fault(Array(payload[length...])) != nil, "from \(length)") }
    }

    @Test("is refused with any byte changed, left out or put in, unless that makes the one payload of another ticket")
    func mutated() throws {
        let payload = bytes(exampleLines)
        var refused = 0
        func check(_ mutation: [UInt8], _ place: Int) throws {
            guard let ticket = try? TicketClaims(payload: mutation) else {
                refused += 1
                return
            }
            #expect(try ticket.payload() == mutation && ticket != example(), "at \(place)")
        }
        for place in payload.indices {
            for bit in 0..<8 {
                var mutation = payload
                mutation[place] ^= 1 << bit
                try check(mutation, place)
            }
            try check(Array(payload[..<place] + payload[(place + 1)...]), place)
            for byte in "\0\n\r =9a".utf8 {
                try check(Array(payload[..<place] + [byte] + payload[place...]), place)
            }
        }
        // Names, separators and times have no other meaning; only the texts have.
        #expect(refused > payload.count * 8)
    }

    @Test("is refused without any of its fields, with one of them twice, and in any other order")
    func lines() throws {
        for (index, line) in exampleLines.enumerated() {
            var without = exampleLines
            without.remove(at: index)
            let isOptional = ["name=", "course=", "administrator="].contains { line.hasPrefix($0) }
            #expect((fault(without) == nil) == isOptional, "without \(line)")
            for place in 0...exampleLines.count {
                var twice = exampleLines
                twice.insert(line, at: place)
                #expect(fault(twice) != nil, "\(line) twice")
            }
            for other in exampleLines.indices where other != index {
                var swapped = exampleLines
                swapped.swapAt(index, other)
                #expect(fault(swapped) != nil, "\(line) in another place")
            }
        }
        // A second value for a field, rather than the same again.
        for line in ["portal=acme", "subject=1", "course=instructor 1800043200 101", "expires=1800043199"] {
            #expect(fault(exampleLines + [line]) != nil, "\(line)")
            #expect(fault(exampleLines.prefix(8) + [line] + exampleLines.dropFirst(8)) != nil, "\(line)")
        }
    }

    @Test("is refused with an unknown field, wherever it is")
    func unknownFields() {
        for line in [
            "role=operator", "operator=1800043200", "Portal=school", "portal =school", "=", "", "portal", "x=1",
        ] {
            for place in 1...exampleLines.count {
                var more = exampleLines
                more.insert(line, at: place)
                #expect(fault(more) == .malformed, "\(line)")
            }
        }
    }

    @Test("is refused as another version's unless it begins with this one")
    func versions() {
        for version in [
            "version=0", "version=2", "version=01", "version=1 ", "version=", "version=10", "portal=school",
        ] {
            #expect(fault([version] + exampleLines.dropFirst()) == .unknownVersion, "\(version)")
        }
        #expect(fault(["version=2", "everything=new"]) == .unknownVersion)
    }

    @Test(
        "is refused in every other spelling of its values",
        arguments: [
            (8, "issued=01800000000"), (8, "issued=+1800000000"), (8, "issued=1.8e9"), (8, "issued= 1800000000"),
            (8, "issued=-1"), (8, "issued="), (9, "expires=9223372036854775808"), (9, "expires=1800043200 "),
            (9, "expires=1800043201"), (9, "expires=1800000000"), (10, "generation=-1"), (10, "generation=03"),
            (7, "administrator="), (7, "administrator=0"), (7, "administrator=1800043201"), (7, "administrator=yes"),
            (5, "course=assistant 1800043200"), (5, "course=assistant  1800043200 101"), (5, "course=101"),
            (5, "course=Assistant 1800043200 101"), (5, "course=administrator 1800043200 101"),
            (5, "course=operator 1800043200 101"), (5, "course=assistant 01800043200 101"),
            (5, "course=assistant 1800043200 "), (5, "course=assistant 1800043201 101"),
            (5, "course=assistant 1800000000 101"), (1, "portal=School"), (1, "portal="), (1, "portal=a/b"),
            (3, "subject="), (4, "name="), (4, "name=Ada\u{0}"), (4, "name=Ada\r"), (4, "name=Ada\u{2028}"),
            (11, "visit="), (11, "visit=k3v7 x2aq"), (11, "visit=k3v7x2aq="), (11, "visit=é"),
        ])
    func spellings(index: Int, line: String) {
        var changed = exampleLines
        changed[index] = line
        #expect(fault(changed) != nil)
    }

    @Test("is refused with courses that are one course to Unicode, or in another order")
    func courseOrder() {
        let (one, other) = ("course=learner 1800043200 Jos\u{E9}", "course=learner 1800043200 Jose\u{301}")
        for courses in [[one, other], [other, one]] {
            #expect(fault(exampleLines.prefix(5) + courses + exampleLines.dropFirst(7)) != nil)
        }
        #expect(fault(exampleLines.prefix(5) + [one] + exampleLines.dropFirst(7)) == nil)
    }

    @Test("is refused when it is no text in UTF-8, and when it is none at all")
    func noText() {
        for payload in [[], [0x0A], [0xFF, 0x0A], bytes(["version=1"]), bytes([""])] as [[UInt8]] {
            #expect(fault(payload) != nil)
        }
        #expect(fault([0xEF, 0xBB, 0xBF] + bytes(exampleLines)) != nil)
        let name = Array("name=Ada".utf8)
        for wrong in [[0xC0, 0x80], [0xED, 0xA0, 0x80], [0xFF], [0xC3]] as [[UInt8]] {
            let payload = bytes(Array(exampleLines.prefix(4))) + name + wrong + [0x0A] + bytes(exampleLines.suffix(7))
            #expect(fault(payload) != nil, "\(wrong)")
        }
    }
}

@Suite("The limits of a ticket") struct TicketLimitTests {
    private func text(_ count: Int) -> String { String(repeating: "i", count: count) }

    @Test("hold for each of its texts, to the byte")
    func texts() throws {
        typealias Change = (inout TicketClaims, String) -> Void
        let issuer: Change = { $0.person = Person(portal: "a", issuer: $1, subject: "s") }
        let subject: Change = { $0.person = Person(portal: "a", issuer: "i", subject: $1) }
        let name: Change = { $0.name = $1 }
        let course: Change = { $0.courses = [$1: TicketClaims.CourseClaim(role: .learner, until: end)] }
        let visit: Change = { $0.visit = $1 }
        let portal: Change = { $0.person = Person(portal: PortalID(rawValue: $1), issuer: "i", subject: "s") }
        let limits: [(String, Int, Change)] = [
            ("issuer", IdentityLimits.issuerLength, issuer), ("subject", IdentityLimits.subjectLength, subject),
            ("name", IdentityLimits.nameLength, name), ("course", IdentityLimits.contextLength, course),
            ("visit", IdentityLimits.visitLength, visit), ("portal", PortalID.longestName, portal),
        ]
        for (field, limit, set) in limits {
            #expect(try fault { set(&$0, text(limit)) } == nil, "\(field)")
            #expect(try fault { set(&$0, text(limit + 1)) } == .badField(field))
        }
    }

    @Test("hold for the number of courses and for the whole, before anything is decoded")
    func whole() throws {
        let claim = TicketClaims.CourseClaim(role: .learner, until: end)
        func courses(_ count: Int, _ prefix: String = "") -> [String: TicketClaims.CourseClaim] {
            Dictionary(uniqueKeysWithValues: (0..<count).map { ("\(prefix)\($0)", claim) })
        }
        #expect(try fault { $0.courses = courses(IdentityLimits.ticketCourses) } == nil)
        #expect(try fault { $0.courses = courses(IdentityLimits.ticketCourses + 1) } == .tooLong)
        #expect(try fault { $0.courses = courses(20, text(200)) } == .tooLong)
        #expect(fault([UInt8](repeating: 0x0A, count: IdentityLimits.ticketPayload + 1)) == .tooLong)
        #expect(fault([UInt8](repeating: 0x0A, count: IdentityLimits.ticketPayload)) == .malformed)
    }

    @Test("leave room for the longest person in four of the longest courses")
    func longest() throws {
        let claim = TicketClaims.CourseClaim(role: .instructor, until: IdentityLimits.latestTime)
        let ticket = try fault { ticket in
            ticket.person = Person(
                portal: PortalID(rawValue: text(PortalID.longestName)), issuer: text(IdentityLimits.issuerLength),
                subject: text(IdentityLimits.subjectLength))
            ticket.name = text(IdentityLimits.nameLength)
            ticket.visit = text(IdentityLimits.visitLength)
            ticket.generation = .max
            ticket.issued = IdentityLimits.latestTime - IdentityLimits.ticketSeconds
            (ticket.expires, ticket.administratorUntil) = (IdentityLimits.latestTime, IdentityLimits.latestTime)
            ticket.courses = [:]
            for number in 0..<4 { ticket.courses["\(number)" + text(IdentityLimits.contextLength - 1)] = claim }
        }
        #expect(ticket == nil)
    }

    @Test("hold for its times: no ticket and no role outlives the longest validity or ends before it began")
    func times() throws {
        #expect(try fault { $0.expires = end + 1 } == .badField("expires"))
        #expect(try fault { $0.expires = issued } == .badField("expires"))
        #expect(try fault { $0.expires = .min } == .badField("expires"))
        #expect(try fault { $0.issued = -1 } == .badField("issued"))
        #expect(try fault { $0.issued = .max } == .badField("issued"))
        #expect(try fault { ($0.issued, $0.expires) = (IdentityLimits.latestTime, .max) } == .badField("expires"))
        #expect(try fault { $0.generation = -1 } == .badField("generation"))
        for until in [issued, end + 1, .min, .max] {
            #expect(try fault { $0.administratorUntil = until } == .badField("administrator"))
            #expect(try fault { $0.courses["101"]?.until = until } == .badField("course"))
        }
        for until in [issued + 1, end] { #expect(try fault { $0.administratorUntil = until } == nil) }
    }
}

@Suite("A ticket that continues a visit") struct TicketContinuationTests {
    private func launch(
        _ courses: [String: CourseRole], at moment: Int64, as role: PortalRole = .member, by subject: String = "ada"
    ) -> TicketClaims {
        let person = Person(portal: "school", issuer: "i", subject: subject)
        return TicketClaims(
            Claims(person: person, name: subject, courses: courses, portalRole: role), issued: moment,
            generation: 0, visit: "v\(moment)")
    }

    @Test("has the roles of all launches, each for as long as its own launch gave it")
    func roles() throws {
        let first = launch(["101": .instructor], at: issued, as: .administrator)
        let second = launch(["202": .learner], at: issued + 3_600).continuing(first)
        #expect(second.visit == first.visit && second.expires == end + 3_600)
        #expect(try TicketClaims(payload: try second.payload()) == second)
        func claims(_ now: Int64) throws -> Claims { try Revocations().admit(second, to: "school", at: now) }
        let both = try claims(end - 1)
        #expect(both.courses == ["101": .instructor, "202": .learner] && both.portalRole == .administrator)
        let late = try claims(end)
        #expect(late.courses == ["202": .learner] && late.portalRole == .member)
        // However often somebody launches elsewhere, an old role ends when it was to end.
        let third = launch(["303": .learner], at: end - 1).continuing(second)
        #expect(third.courses["101"]?.until == end && third.administratorUntil == end)
        #expect(launch(["303": .learner], at: end).continuing(second).courses["101"] == nil)
    }

    @Test("has the role that a course's latest launch gave, though it is a lesser one")
    func latest() {
        let first = launch(["101": .instructor], at: issued)
        #expect(launch(["101": .learner], at: issued + 1).continuing(first).courses["101"]?.role == .learner)
    }

    @Test("takes nothing from another person's ticket in the same browser")
    func otherPerson() {
        let first = launch(["101": .instructor], at: issued, as: .administrator, by: "bob")
        let second = launch(["202": .learner], at: issued + 1)
        #expect(second.continuing(first) == second)
    }

    @Test("leaves out the roles that end first when it would be too long")
    func limits() throws {
        var ticket = launch(["0": .learner], at: issued)
        for number in 1..<IdentityLimits.ticketCourses + 5 {
            ticket = launch(["\(number)": .learner], at: issued + Int64(number)).continuing(ticket)
        }
        #expect(ticket.courses.count == IdentityLimits.ticketCourses)
        #expect((0..<5).allSatisfy { ticket.courses["\($0)"] == nil })
        let long = String(repeating: "c", count: IdentityLimits.contextLength - 2)
        for number in 10..<30 {
            ticket = launch(["\(number)\(long)": .learner], at: issued + 100 + Int64(number)).continuing(ticket)
        }
        #expect(try ticket.payload().count > IdentityLimits.ticketPayload - IdentityLimits.contextLength - 40)
        #expect(ticket.courses["29\(long)"] != nil && ticket.courses["10\(long)"] == nil)
    }

    @Test("ends no later than its own validity when the clock was set back in between")
    func clock() throws {
        let first = launch(["101": .instructor], at: issued + 200, as: .administrator)
        let second = launch(["202": .learner], at: issued).continuing(first)
        #expect(second.courses["101"]?.until == end && second.administratorUntil == end)
        #expect(try TicketClaims(payload: try second.payload()) == second)
    }
}
