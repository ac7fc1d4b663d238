import Foundation
import Identity
import Literals
import SeededRandom
import Testing

private let now: Int64 = 1_800_000_000
private let lifetime = IdentityLimits.ticketSeconds + IdentityLimits.clockTolerance

private func person(_ subject: String, of portal: PortalID = "school") -> Person {
    Person(portal: portal, issuer: "i", subject: subject)
}

extension Revocations {
    fileprivate func ticket(_ person: Person, visit: String = "v", at moment: Int64 = now) -> TicketClaims {
        TicketClaims(Claims(person: person), issued: moment, generation: generation, visit: visit)
    }

    fileprivate func fault(_ ticket: TicketClaims, at moment: Int64 = now) -> TicketFault? {
        do {
            _ = try admit(ticket, to: ticket.person.portal, at: moment)
            return nil
        } catch {
            return error
        }
    }
}

@Suite("Admission of a ticket") struct AdmissionTests {
    @Test("takes place on its own portal, from the time when it was issued until it expires")
    func times() throws {
        let revocations = Revocations()
        let ticket = revocations.ticket(person("ada"))
        #expect(try revocations.admit(ticket, to: "school", at: now).person == person("ada"))
        #expect(throws: TicketFault.wrongPortal) { try revocations.admit(ticket, to: "acme", at: now) }
        #expect(revocations.fault(ticket, at: ticket.expires - 1) == nil)
        #expect(revocations.fault(ticket, at: ticket.expires) == .expired)
        #expect(revocations.fault(ticket, at: now - IdentityLimits.clockTolerance) == nil)
        #expect(revocations.fault(ticket, at: now - IdentityLimits.clockTolerance - 1) == .notYetValid)
    }

    @Test("is refused to a ticket of a later generation than the memory knows")
    func lostMemory() {
        var revocations = Revocations()
        _ = revocations.revoke(.person(person("bob")), at: now)
        let ticket = revocations.ticket(person("ada"))
        #expect(revocations.fault(ticket) == nil && Revocations().fault(ticket) == .notYetValid)
    }
}

@Suite("Revocations") struct RevocationTests {
    @Test("by sign-out end one visit, with all of its tickets, and no other visit")
    func signOut() {
        var revocations = Revocations()
        let (here, there) = (revocations.ticket(person("ada")), revocations.ticket(person("ada"), visit: "w"))
        let later = revocations.ticket(person("ada"), at: now + 60).continuing(here)
        let namesakes = [person("bob"), person("ada", of: "acme")].map { revocations.ticket($0) }
        _ = revocations.revoke(.visit("v", of: person("ada")), at: now + 60)
        #expect(revocations.fault(here) == .revoked && revocations.fault(later, at: now + 60) == .revoked)
        #expect(([there] + namesakes).allSatisfy { revocations.fault($0) == nil })
    }

    @Test("of a person end all visits of that person, and a launch in the same second begins a new one")
    func ofPerson() {
        var revocations = Revocations()
        let old = ["v", "w"].map { revocations.ticket(person("ada"), visit: $0) }
        let others = [person("bob"), person("ada", of: "acme")].map { revocations.ticket($0) }
        _ = revocations.revoke(.person(person("ada")), at: now)
        #expect(old.allSatisfy { revocations.fault($0) == .revoked })
        #expect(others.allSatisfy { revocations.fault($0) == nil })
        #expect(revocations.fault(revocations.ticket(person("ada"))) == nil)
    }

    @Test("of a portal end everybody's visits to it, and none to another portal")
    func ofPortal() {
        var revocations = Revocations()
        let old = ["ada", "bob"].map { revocations.ticket(person($0)) }
        let other = revocations.ticket(person("ada", of: "acme"))
        _ = revocations.revoke(.portal("school"), at: now)
        #expect(old.allSatisfy { revocations.fault($0) == .revoked } && revocations.fault(other) == nil)
        #expect(revocations.fault(revocations.ticket(person("ada"))) == nil)
        _ = revocations.revoke(.person(person("bob")), at: now)
        #expect(revocations.fault(old[0]) == .revoked)
    }

    @Test("are forgotten when every ticket that they concern has expired, and not before")
    func pruning() {
        var revocations = Revocations()
        // The clock was ahead when it was issued, and has been set back since.
        let ticket = revocations.ticket(person("ada"), at: now + IdentityLimits.clockTolerance)
        _ = revocations.revoke(.visit("v", of: person("bob")), at: now)
        _ = revocations.revoke(.person(person("ada")), at: now)
        revocations.prune(at: now + lifetime - 1)
        #expect(revocations.records.count == 2)
        #expect(revocations.fault(ticket, at: now + lifetime - 1) == .revoked)
        revocations.prune(at: now + lifetime)
        #expect(revocations.records.isEmpty && revocations.generation == 2)
        #expect(revocations.fault(ticket, at: now + lifetime) == .expired)
    }

    @Test("are restored from their records, in whatever order these come")
    func restored() throws {
        var revocations = Revocations()
        let records = [
            .visit("v", of: person("ada")), .person(person("bob")), .visit("w", of: person("bob")),
            .portal("acme"), .visit("v", of: person("ada", of: "acme")), .person(person("ada")),
        ].map { revocations.revoke($0, at: now) }
        #expect(Revocations(generation: 6, records: records.reversed()) == revocations)
        #expect(Revocations(records: revocations.records) == revocations)
        // One of a person's visits was signed out before all of them were revoked.
        #expect(revocations.records == Array(records.dropFirst()))
        let stored = try JSONEncoder().encode(records)
        #expect(try JSONDecoder().decode([Revocations.Record].self, from: stored) == records)
    }

    @Test("never exceed their memory: the visit beyond a person's limit revokes the person")
    func visitLimit() {
        var revocations = Revocations()
        let ticket = revocations.ticket(person("ada"), visit: "open")
        let other = revocations.ticket(person("bob"))
        for number in 0..<IdentityLimits.signedOutVisits {
            let record = revocations.revoke(.visit("\(number)", of: person("ada")), at: now)
            #expect(record.target == .visit("\(number)", of: person("ada")))
        }
        #expect(revocations.fault(ticket) == nil)
        #expect(revocations.revoke(.visit("more", of: person("ada")), at: now).target == .person(person("ada")))
        #expect(revocations.fault(ticket) == .revoked && revocations.fault(other) == nil)
        #expect(revocations.records.count == 1)
    }

    @Test("do not count visits of which all tickets have expired")
    func oldVisits() {
        var revocations = Revocations()
        for number in 0..<3 * IdentityLimits.signedOutVisits {
            let moment = now + Int64(number) * lifetime / Int64(IdentityLimits.signedOutVisits)
            let target = Revocations.Target.visit("\(number)", of: person("ada"))
            #expect(revocations.revoke(target, at: moment).target == target)
            #expect(revocations.records.count <= IdentityLimits.signedOutVisits)
        }
    }

    @Test("never exceed their memory: the person beyond a portal's limit revokes the portal, and no other portal")
    func peopleLimit() {
        var revocations = Revocations()
        let bystanders = ["school", "acme"].map { revocations.ticket(person("bystander", of: $0)) }
        for number in 0..<IdentityLimits.revokedPeople { _ = revocations.revoke(.person(person("\(number)")), at: now) }
        var later = revocations
        #expect(revocations.revoke(.person(person("0")), at: now).target == .person(person("0")))
        #expect(bystanders.allSatisfy { revocations.fault($0) == nil })
        #expect(revocations.revoke(.visit("v", of: person("more")), at: now).target == .portal("school"))
        #expect(bystanders.map { revocations.fault($0) } == [.revoked, nil])
        #expect(revocations.records.count == 1)
        // When the old records have lost their meaning, there is room.
        let target = Revocations.Target.person(person("more"))
        #expect(later.revoke(target, at: now + lifetime).target == target && later.records.count == 1)
    }

    @Test("agree with a list of everything that was ever revoked, in random histories", arguments: UInt64(0)..<20)
    func histories(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var (revocations, clock) = (Revocations(), now)
        var tickets: [(ticket: TicketClaims, isRevoked: Bool)] = []
        let people = TwoPortals.portals.flatMap { portal in ["ada", "bob", "eve"].map { person($0, of: portal) } }
        func revoke(_ target: Revocations.Target, concerns: (TicketClaims) -> Bool) {
            #expect(revocations.revoke(target, at: clock).target == target)
            for index in tickets.indices where concerns(tickets[index].ticket) {
                if case .visit(let visit, _) = target, tickets[index].ticket.visit != visit { continue }
                tickets[index].isRevoked = true
            }
        }
        for step in 0..<400 {
            clock += Int64.random(in: 0...900, using: &random)
            let someone = people.randomElement(using: &random)!
            switch Int.random(in: 0..<10, using: &random) {
            case 0: revoke(.visit("v\(Int.random(in: 0..<4, using: &random))", of: someone)) { $0.person == someone }
            case 1: revoke(.person(someone)) { $0.person == someone }
            case 2 where random.oneIn(4): revoke(.portal(someone.portal)) { $0.person.portal == someone.portal }
            case 3: revocations.prune(at: clock)
            case 4: revocations = Revocations(generation: revocations.generation, records: revocations.records)
            default:
                let isSignedOut = revocations.records.contains { $0.target == .visit("v\(step % 4)", of: someone) }
                // A visit has a new name each time, so a signed-out one never comes again.
                let visit = isSignedOut ? "w\(step)" : "v\(step % 4)"
                tickets.append((revocations.ticket(someone, visit: visit, at: clock), false))
            }
            let wrong = tickets.filter { ticket, isRevoked in
                let expected: TicketFault? = clock >= ticket.expires ? .expired : isRevoked ? .revoked : nil
                return revocations.fault(ticket, at: clock) != expected
            }
            #expect(wrong.isEmpty, "seed \(seed), step \(step)")
        }
    }
}
