import BrokerCore
import Identity
import Literals
import TLS
import Testing

@testable import Doors

private let now = Timestamp(milliseconds: 1_800_000_000_000)
private let key = HMACKey(bytes: [UInt8](repeating: 7, count: 32))
private let signer = TicketSigner(key: key)
private let ticket = PortalTicket(Learner(portal: "school", id: "ada", name: "Ada Ünal"), now: now)

private func code(_ text: String, portal: PortalID = "school", now: Timestamp = now) -> LaunchError.Code? {
    do {
        _ = try signer.verify(text, as: PortalTicket.self, portal: portal, now: now)
        return nil
    } catch {
        return error.code
    }
}

@Suite("A portal ticket") struct PortalTicketTests {
    @Test("is believed until it expires, on its own portal")
    func roundTrip() throws {
        let text = signer.text(for: ticket)
        #expect(try signer.verify(text, as: PortalTicket.self, portal: "school", now: now) == ticket)
        #expect(code(text, portal: "company") == .wrongPortal)
        let end = now + LaunchLimits.ticketValidity
        #expect(code(text, now: Timestamp(milliseconds: end.milliseconds - 1)) == nil)
        #expect(code(text, now: end) == .expired)
    }

    @Test("is refused when any one character was altered")
    func altered() {
        let text = signer.text(for: ticket)
        for index in text.indices {
            var changed = text
            changed.replaceSubrange(index...index, with: text[index] == "A" ? "B" : "A")
            #expect(code(changed) == .wrongSignature, "altered at \(text.distance(from: text.startIndex, to: index))")
        }
    }

    @Test("is refused in any other shape", arguments: ["", ".", "a", "a.b.c", "AAAA", "é.é", "AAAAAAAA."])
    func shapes(text: String) { #expect(code(text) == .wrongSignature) }

    @Test("is refused when over-long")
    func long() { #expect(code(String(repeating: "A", count: LaunchLimits.ticketLength + 1)) == .tooLong) }

    @Test("fits its limit for the longest learner that a link can name")
    func longest() throws {
        let learner = Learner(
            portal: PortalID(rawValue: String(repeating: "p", count: LaunchLimits.nameLength)),
            id: String(repeating: "i", count: LaunchLimits.learnerLength),
            name: String(repeating: "n", count: LaunchLimits.learnerNameLength))
        let text = signer.text(for: PortalTicket(learner, now: now))
        let opened = try signer.verify(text, as: PortalTicket.self, portal: learner.portal, now: now)
        #expect(opened.holder == learner)
    }

    @Test("is no link's signature, even under the same key")
    func purpose() {
        var canonical = CanonicalBytes(purpose: SignedLink.form.purpose)
        for field in ["school", "ada", "Ada", "1800003600"] { canonical.append(field) }
        let text =
            Base64URL.encode(canonical.bytes) + "." + Base64URL.encode(key.authenticationCode(for: canonical.bytes))
        #expect(code(text) == .wrongSignature)
    }

    @Test("has canonical bytes that differ for every list of fields")
    func unambiguous() {
        var seen: Set<[UInt8]> = []
        for fields in [[], [""], ["", ""], ["ab"], ["a", "b"], ["", "ab"], ["ab", ""], ["\0\0\0\u{1}b"]] as [[String]] {
            var canonical = CanonicalBytes(purpose: "p")
            for field in fields { canonical.append(field) }
            #expect(seen.insert(canonical.bytes).inserted)
            #expect(CanonicalBytes.fields(of: canonical.bytes, purpose: "p") == fields)
        }
    }
}
