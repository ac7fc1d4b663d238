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
private let door = InstructorLinkDoor(signer)
private let course = Course(portal: "school", context: "course-v1:School+Python+2026 é")
private let link = InstructorLink(course: course, id: "grace", name: "Grace & Söhne", expires: 1_800_003_600)
private let launch = VerifiedLaunch(
    person: Person(portal: "school", issuer: Person.signedLinks, subject: "grace"), name: "Grace & Söhne",
    role: .instructor, course: course.context, target: .coursePage)

private func parameters(_ link: InstructorLink = link) throws -> [(name: String, value: String)] {
    let url = try signer.url(for: link, origin: "https://portal.test", now: now)
    return (URLComponents(string: url)?.queryItems ?? []).map { ($0.name, $0.value ?? "") }
}

private func code(_ parameters: [(name: String, value: String)], now: Timestamp = now) -> LaunchError.Code? {
    do {
        _ = try door.verify(parameters, portal: "school", now: now)
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
        #expect(try door.verify(parameters(), portal: "school", now: now) == launch)
        #expect(try door.verify(parameters().reversed(), portal: "school", now: now) == launch)
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
            try door.verify(parameters(), portal: "other", now: now)
        }
        var long = link
        long.expires += 31 * 86_400
        #expect(throws: LaunchError.self) { try parameters(long) }
        long = link
        long.course.context = String(repeating: "x", count: IdentityLimits.contextLength + 1)
        #expect(throws: LaunchError.self) { try parameters(long) }
    }

    @Test("is no learner's link, nor is a learner's one of these: the same values are signed for another purpose")
    func purpose() throws {
        #expect(throws: LaunchError.self) {
            try SignedLinkDoor(signer).verify(parameters(), portal: "school", now: now)
        }
        var canonical = CanonicalBytes(purpose: SignedLink.form.purpose)
        let values = try parameters().dropLast().map(\.value)
        for value in values { canonical.append(value) }
        let forged = Base64URL.encode(key.authenticationCode(for: canonical.bytes))
        #expect(code(try parameters().dropLast() + [(name: "signature", value: forged)]) == .wrongSignature)
    }

    @Test("makes its holder an instructor of its course, and of no other")
    func claims() {
        #expect(
            launch.claims
                == Claims(person: launch.person, name: launch.name, courses: [course.context: .instructor]))
        #expect(launch.claims.role(in: Course(portal: "school", context: "102")) == nil)
        #expect(launch.claims.role(in: Course(portal: "other", context: course.context)) == nil)
    }
}
