import BrokerCore
import Foundation
import Identity
import Literals
import Programs
import Testing

@testable import Doors

private let ticket = TicketClaims(
    Claims(person: Person(portal: "school", issuer: Person.signedLinks, subject: "ada")), issued: 1_800_000_000,
    generation: 0, visit: "visit-1")
private let now = Timestamp(milliseconds: 1_800_000_000_000)

@Suite("The launch secrets") struct LaunchSecretsTests {
    @Test("are made at first use, for their owner only, and are the same from then on")
    func made() throws {
        let scratch = try Scratch()
        let directory = scratch.path + "/secrets"
        let first = try LaunchSecrets(directory: directory)
        let second = try LaunchSecrets(directory: directory)
        let text = try first.tickets.text(for: ticket)
        #expect(second.tickets.ticket(of: text) == ticket)
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: directory).sorted() == [
                "lab.key", "link.key", "ticket.key",
            ])
        for (name, mode) in [("", 0o700), ("/link.key", 0o600), ("/ticket.key", 0o600), ("/lab.key", 0o600)] {
            let attributes = try FileManager.default.attributesOfItem(atPath: directory + name)
            #expect(attributes[.posixPermissions] as? Int == mode)
        }
        let link = try Data(contentsOf: URL(fileURLWithPath: directory + "/link.key"))
        let ticketKey = try Data(contentsOf: URL(fileURLWithPath: directory + "/ticket.key"))
        #expect(link.count == LaunchLimits.secretLength)
        #expect(link != ticketKey)
    }

    @Test("are the same for two that make them at the same moment")
    func race() async throws {
        let scratch = try Scratch()
        let directory = scratch.path + "/secrets"
        let texts = try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<8 {
                group.addTask { try LaunchSecrets(directory: directory).tickets.text(for: ticket) }
            }
            return try await group.reduce(into: Set<String>()) { $0.insert($1) }
        }
        #expect(texts.count == 1)
    }

    @Test("are refused when others can read them, or when they have another length")
    func distrusted() throws {
        let scratch = try Scratch()
        _ = try LaunchSecrets(directory: scratch.path)
        let path = scratch.path + "/link.key"
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
        #expect { try LaunchSecrets(directory: scratch.path) } throws: { error in
            (error as? LaunchError)?.message.contains("chmod 600 \(path)") == true
        }
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
        try Data([1, 2, 3]).write(to: URL(fileURLWithPath: path))
        #expect { try LaunchSecrets(directory: scratch.path) } throws: { error in
            (error as? LaunchError)?.message.contains("does not hold 32 bytes") == true
        }
    }

    @Test("cannot be made where there is no directory")
    func nowhere() {
        #expect { try LaunchSecrets(directory: "/nonexistent/state/secrets") } throws: { error in
            (error as? LaunchError)?.code == .secret
        }
    }
}
