import BrokerCore
import Foundation
import Identity
import Literals
import TLS
import Testing

@testable import Doors

private let now = Timestamp(milliseconds: 1_800_000_000_000)
private let signer = LinkSigner(key: HMACKey(bytes: [UInt8](repeating: 7, count: 32)))
private let door = SignedLinkDoor(signer)
private let ada = Learner(portal: "school", id: "ada@example.org", name: "Ada Lovelace & Söhne 🦆")
private let link = SignedLink(learner: ada, lab: "python", expires: 1_800_003_600)
private let launch = verified()

private func verified(from course: String? = nil) -> VerifiedLaunch {
    VerifiedLaunch(person: ada.person, name: ada.name, role: .learner, course: course, target: .lab("python"))
}

/// What a server makes of a link's query.
private func query(_ url: String) -> [(name: String, value: String)] {
    (URLComponents(string: url)?.queryItems ?? []).map { ($0.name, $0.value ?? "") }
}

private func parameters() throws -> [(name: String, value: String)] {
    query(try signer.url(for: link, origin: "https://portal.test", now: now))
}

private func code(_ parameters: [(name: String, value: String)], portal: PortalID = "school", now: Timestamp = now)
    -> LaunchError.Code?
{
    do {
        _ = try door.verify(parameters, portal: portal, now: now)
        return nil
    } catch {
        return error.code
    }
}

@Suite("A signed link") struct SignedLinkTests {
    @Test("says who may open which lab, and is believed")
    func roundTrip() throws {
        let url = try signer.url(for: link, origin: "https://portal.test:8443", now: now)
        #expect(
            url.hasPrefix(
                "https://portal.test:8443/launch?portal=school&lab=python&learner=ada%40example.org&name=Ada%20"))
        #expect(try door.verify(query(url), portal: "school", now: now) == launch)
    }

    @Test("may have its parameters in any order")
    func order() throws {
        #expect(try door.verify(parameters().reversed(), portal: "school", now: now) == launch)
    }

    @Test("may name the course from which its learner comes, which nobody can add, change or take away")
    func context() throws {
        var fromCourse = link
        fromCourse.context = "course-v1:School+Python+2026 é"
        let found = query(try signer.url(for: fromCourse, origin: "https://portal.test", now: now))
        #expect(
            try door.verify(found, portal: "school", now: now) == verified(from: fromCourse.context))
        #expect(code(found.filter { $0.name != "context" }) == .wrongSignature)
        #expect(code(found.map { $0.name == "context" ? ($0.name, "other") : $0 }) == .wrongSignature)
        #expect(code(try parameters() + [(name: "context", value: "101")]) == .wrongSignature)
        #expect(code(found + [(name: "context", value: "101")]) == .repeatedParameter)
        for bad in ["", String(repeating: "x", count: IdentityLimits.contextLength + 1), "a\u{0}b"] {
            fromCourse.context = bad
            #expect(throws: LaunchError.self) {
                try signer.url(for: fromCourse, origin: "https://portal.test", now: now)
            }
        }
    }

    @Test("is refused when any parameter was altered", arguments: 0..<6)
    func altered(index: Int) throws {
        var changed = try parameters()
        changed[index].value += index == 4 ? "0" : "x"
        let expected: LaunchError.Code = .wrongSignature
        #expect(code(changed) == expected)
        var flipped = try parameters()
        let first = flipped[index].value.removeFirst()
        flipped[index].value = (first == "2" ? "3" : "2") + flipped[index].value
        #expect(code(flipped) == .wrongSignature)
    }

    @Test("is refused when text moved from one parameter to its neighbour")
    func moved() throws {
        var changed = try parameters()
        changed[2].value = "ada@example.orgAda "
        changed[3].value = String(changed[3].value.dropFirst(4))
        #expect(code(changed) == .wrongSignature)
    }

    @Test("is refused when one of its own parameters is missing or repeated", arguments: 0..<6)
    func shape(index: Int) throws {
        var missing = try parameters()
        missing.remove(at: index)
        #expect(code(missing) == .missingParameter)
        var repeated = try parameters()
        repeated.append(repeated[index])
        #expect(code(repeated) == .repeatedParameter)
    }

    @Test(
        "opens with whatever those who count clicks and mail programs have put into it",
        arguments: [
            "utm_source", "utm_medium", "utm_campaign", "fbclid", "gclid", "msclkid", "_ga", "mc_eid", "admin", "Lab",
        ])
    func tracked(name: String) throws {
        for value in ["", "1", "newsletter", String(repeating: "x", count: 5_000)] {
            #expect(try door.verify(parameters() + [(name, value)], portal: "school", now: now) == launch)
            #expect(
                try door.verify([(name, value), (name, value)] + parameters(), portal: "school", now: now) == launch)
        }
        // It is not signed, so it says nothing.
        #expect(code(try parameters().filter { $0.name != "lab" } + [(name, "python")]) == .missingParameter)
    }

    @Test("is refused from its last second on, and when it would be valid for more than 30 days")
    func time() throws {
        #expect(code(try parameters(), now: Timestamp(milliseconds: 1_800_003_599_999)) == nil)
        #expect(code(try parameters(), now: Timestamp(milliseconds: 1_800_003_600_000)) == .expired)
        let month = LaunchLimits.linkValidity.components.seconds
        var long = link
        long.expires = 1_800_000_000 + month
        let url = try signer.url(for: long, origin: "", now: now)
        #expect(code(query(url)) == nil)
        #expect(code(query(url), now: Timestamp(milliseconds: now.milliseconds - 1000)) == .validTooLong)
        long.expires += 1
        #expect(throws: LaunchError.self) { try signer.url(for: long, origin: "", now: now) }
    }

    @Test("is refused by another portal and under another key")
    func elsewhere() throws {
        #expect(code(try parameters(), portal: "company") == .wrongPortal)
        let other = LinkSigner(key: HMACKey(bytes: [UInt8](repeating: 8, count: 32)))
        #expect(throws: LaunchError.self) {
            try SignedLinkDoor(other).verify(try parameters(), portal: "school", now: now)
        }
    }

    @Test(
        "is refused before anything is computed when a value is over-long, empty or has control characters",
        arguments: [
            (0, String(repeating: "a", count: 64), LaunchError.Code.tooLong),
            (1, String(repeating: "a", count: 64), .tooLong),
            (2, String(repeating: "a", count: 257), .tooLong), (3, String(repeating: "é", count: 257), .tooLong),
            (4, "1234567890123", .tooLong), (2, "", .invalidParameter), (3, "Ada\nLovelace", .invalidParameter),
            (3, "Ada\u{2028}", .invalidParameter), (4, "+1800003600", .invalidParameter),
            (4, "01800003600", .invalidParameter),
            (4, "soon", .invalidParameter), (5, "", .wrongSignature),
            (5, String(repeating: "A", count: 4096), .wrongSignature),
        ])
    func values(index: Int, value: String, expected: LaunchError.Code) throws {
        var changed = try parameters()
        changed[index].value = value
        #expect(code(changed) == expected)
    }

    @Test("has one signature text only: no padding, no other alphabet")
    func strictSignature() throws {
        var changed = try parameters()
        changed[5].value += "="
        #expect(code(changed) == .wrongSignature)
        // 43 letters hold 258 bits; the last two must be clear, else a second text would mean the same bytes.
        var last = try parameters()
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
        let place = letters.firstIndex(of: last[5].value.removeLast())!
        last[5].value.append(letters[place | 1])
        #expect(code(last) == .wrongSignature)
    }

    @Test("knows one learner by one identifier, however their accents are encoded")
    func normalised() throws {
        let decomposed = SignedLink(
            learner: Learner(portal: "school", id: "zoe\u{308}", name: "Zoë"), lab: "python", expires: 1_800_003_600)
        let read = try door.verify(
            query(try signer.url(for: decomposed, origin: "", now: now)), portal: "school", now: now)
        #expect(Array(read.person.subject.utf8) == Array("zo\u{eb}".utf8))
    }

    @Test("cannot be made for nobody")
    func unmakeable() {
        let nobody = SignedLink(
            learner: Learner(portal: "school", id: "", name: "x"), lab: "python", expires: 1_800_003_600)
        #expect(throws: LaunchError.self) { try signer.url(for: nobody, origin: "", now: now) }
    }
}
