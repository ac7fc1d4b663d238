import BrokerCore
import Foundation
import Identity
import Literals
import TLS
import Testing

@testable import Doors

private let now = Timestamp(milliseconds: 1_800_000_000_000)
private let key = HMACKey(bytes: [UInt8](repeating: 7, count: 32))
private let signer = LinkSigner(key: key)
private let tickets = TicketSigner(key: key)
private let grace = Instructor(
    course: Course(portal: "school", context: "course-v1:School+Python+2026 é"), id: "grace", name: "Grace & Söhne")
private let link = InstructorLink(instructor: grace, expires: 1_800_003_600)

private func parameters(_ link: InstructorLink = link) throws -> [(name: String, value: String)] {
    let url = try signer.url(for: link, origin: "https://portal.test", now: now)
    return (URLComponents(string: url)?.queryItems ?? []).map { ($0.name, $0.value ?? "") }
}

private func code(_ parameters: [(name: String, value: String)], now: Timestamp = now) -> LaunchError.Code? {
    do {
        _ = try signer.verifyInstructor(parameters, portal: "school", now: now)
        return nil
    } catch {
        return error.code
    }
}

@Suite("An instructor's link") struct InstructorLinkTests {
    @Test("says who teaches which course of which portal, and is believed")
    func roundTrip() throws {
        let url = try signer.url(for: link, origin: "https://portal.test:8443", now: now)
        #expect(url.hasPrefix("https://portal.test:8443/instructor?portal=school&role=instructor&context=course-v1%3A"))
        #expect(try signer.verifyInstructor(parameters(), portal: "school", now: now) == link)
        #expect(try signer.verifyInstructor(parameters().reversed(), portal: "school", now: now) == link)
    }

    @Test("is refused when any part of its own was altered, is missing, or is there twice", arguments: 0..<7)
    func altered(index: Int) throws {
        var changed = try parameters()
        let first = changed[index].value.removeFirst()
        changed[index].value = (first == "2" ? "3" : "2") + changed[index].value
        #expect([.wrongSignature, .invalidParameter].contains(code(changed)))
        var cut = try parameters()
        let removed = cut.remove(at: index)
        #expect(code(cut) == .missingParameter)
        #expect(code(try parameters() + [removed]) == .repeatedParameter)
        #expect(code(try parameters() + [(name: "utm_source", value: "mail"), (name: "lab", value: "python")]) == nil)
    }

    @Test("holds as long as it says, on its own portal")
    func expired() throws {
        #expect(code(try parameters(), now: now + .seconds(3599)) == nil)
        #expect(code(try parameters(), now: now + .seconds(3600)) == .expired)
        #expect(throws: LaunchError.self) {
            try signer.verifyInstructor(parameters(), portal: "other", now: now)
        }
        var long = link
        long.expires += 31 * 86_400
        #expect(throws: LaunchError.self) { try parameters(long) }
        long = link
        long.instructor.course.context = String(repeating: "x", count: LaunchLimits.contextLength + 1)
        #expect(throws: LaunchError.self) { try parameters(long) }
    }

    @Test("is no learner's link, nor is a learner's one of these: the same values are signed for another purpose")
    func purpose() throws {
        #expect(throws: LaunchError.self) { try signer.verify(parameters(), portal: "school", now: now) }
        var canonical = CanonicalBytes(purpose: SignedLink.form.purpose)
        let values = try parameters().dropLast().map(\.value)
        for value in values { canonical.append(value) }
        let forged = Base64URL.encode(key.authenticationCode(for: canonical.bytes))
        #expect(code(try parameters().dropLast() + [(name: "signature", value: forged)]) == .wrongSignature)
    }

    @Test("becomes a ticket of its own kind, which is no learner's")
    func ticket() throws {
        let ticket = InstructorTicket(grace, now: now)
        let text = tickets.text(for: ticket)
        func open(_ text: String, portal: PortalID = "school", now: Timestamp = now) throws -> InstructorTicket {
            try tickets.verify(text, as: InstructorTicket.self, portal: portal, now: now)
        }
        #expect(try open(text) == ticket)
        #expect(throws: LaunchError.self) {
            try tickets.verify(text, as: PortalTicket.self, portal: "school", now: now)
        }
        #expect(throws: LaunchError.self) { try open(text, portal: "other") }
        #expect(throws: LaunchError.self) { try open(text, now: now + LaunchLimits.ticketValidity) }
        let learner = tickets.text(for: PortalTicket(Learner(portal: "school", id: "ada", name: "Ada"), now: now))
        #expect(throws: LaunchError.self) { try open(learner) }
        let longest = Instructor(
            course: Course(
                portal: PortalID(rawValue: String(repeating: "p", count: LaunchLimits.nameLength)),
                context: String(repeating: "c", count: LaunchLimits.contextLength)),
            id: String(repeating: "i", count: LaunchLimits.learnerLength),
            name: String(repeating: "n", count: LaunchLimits.learnerNameLength))
        let full = tickets.text(for: InstructorTicket(longest, now: now))
        #expect(full.utf8.count <= LaunchLimits.ticketLength)
    }
}
