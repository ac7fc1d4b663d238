import BrokerCore
import Identity
import Literals
import TLS
import Testing

@testable import Doors

private let key = HMACKey(bytes: [UInt8](repeating: 7, count: 32))
private let signer = TicketSigner(key: key)
private let person = Person(portal: "school", issuer: Person.signedLinks, subject: "ada")

private func ticket(_ name: String = "Ada Ünal", courses: [String: CourseRole] = ["101": .learner]) -> TicketClaims {
    TicketClaims(
        Claims(person: person, name: name, courses: courses), issued: 1_800_000_000, generation: 3, visit: "visit-1")
}

@Suite("A signed ticket") struct TicketSignerTests {
    @Test("is read as it was signed")
    func roundTrip() throws {
        #expect(signer.ticket(of: try signer.text(for: ticket())) == ticket())
    }

    @Test("is refused when any one character was altered")
    func altered() throws {
        let text = try signer.text(for: ticket())
        for index in text.indices {
            var changed = text
            changed.replaceSubrange(index...index, with: text[index] == "A" ? "B" : "A")
            #expect(signer.ticket(of: changed) == nil, "altered at \(text.distance(from: text.startIndex, to: index))")
        }
    }

    @Test("is refused in any other shape", arguments: ["", ".", "a", "a.b.c", "AAAA", "é.é", "AAAAAAAA."])
    func shapes(text: String) { #expect(signer.ticket(of: text) == nil) }

    @Test("is refused under another key")
    func otherKey() throws {
        let other = TicketSigner(key: HMACKey(bytes: [UInt8](repeating: 8, count: 32)))
        #expect(other.ticket(of: try signer.text(for: ticket())) == nil)
    }

    @Test("fits the cookie with the longest payload that there is, and one that would not fit is not made")
    func longest() throws {
        let rest = try ticket("n", courses: [:]).payload().count
        let long = String(repeating: "n", count: IdentityLimits.nameLength)
        let course = { (index: Int) in
            String(repeating: "c", count: IdentityLimits.contextLength - 2) + String(index + 10)
        }
        var full = ticket(long, courses: [:])
        for index in 0..<IdentityLimits.ticketCourses {
            full.courses[course(index)] = TicketClaims.CourseClaim(role: .learner, until: full.expires)
            guard let text = try? signer.text(for: full) else { break }
            #expect(text.utf8.count <= LaunchLimits.ticketLength)
            #expect(signer.ticket(of: text) == full)
        }
        #expect(full.courses.count > 5 && rest < 300)
        #expect(throws: TicketFault.tooLong) { try signer.text(for: full) }
        #expect(signer.ticket(of: String(repeating: "A", count: LaunchLimits.ticketLength + 1)) == nil)
    }

    @Test("is no link's signature, even under the same key")
    func purpose() throws {
        let payload = try ticket().payload()
        let forged = [
            key.authenticationCode(for: payload),
            key.authenticationCode(for: CanonicalBytes(purpose: SignedLink.form.purpose).bytes + payload),
        ]
        for code in forged {
            #expect(signer.ticket(of: Base64URL.encode(payload) + "." + Base64URL.encode(code)) == nil)
        }
    }

    @Test("has canonical bytes that differ for every list of fields")
    func unambiguous() {
        var seen: Set<[UInt8]> = []
        for fields in [[], [""], ["", ""], ["ab"], ["a", "b"], ["", "ab"], ["ab", ""], ["\0\0\0\u{1}b"]] as [[String]] {
            var canonical = CanonicalBytes(purpose: "p")
            for field in fields { canonical.append(field) }
            #expect(seen.insert(canonical.bytes).inserted)
        }
    }
}
