import Foundation
import Programs
import Testing

@testable import FleetSupport

extension FleetTests {
    @Suite("A portal that is added while Carrel runs") struct PortalTests {
        private static let hostname = "acme.test"

        private struct Portals: Decodable {
            var name: String
            var isAdded: Bool
            var seats: Int
        }

        private func portals(_ fleet: Fleet) async throws -> [String: Portals] {
            let list = try await fleet.succeed("portal", "list", "--json")
            let decoder = JSONDecoder()
            decoder.keyDecodingStrategy = .convertFromSnakeCase
            let all = try decoder.decode([Portals].self, from: Data(list.utf8))
            return Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })
        }

        private func link(_ learner: String, portal: String, lab: String = "python", in fleet: Fleet) async throws
            -> URL
        {
            try await fleet.link(learner, lab: lab, options: ["--portal", portal])
        }

        @Test("opens labs of its own within a minute, keeps them apart, outlives restarts, and goes again")
        func added() async throws {
            var plan = Plan(labs: [Plan.Lab(name: "python")])
            plan.sharesHomes = true
            try await withFleet(plan) { fleet in
                let folder = URL(fileURLWithPath: fleet.authority.path).deletingLastPathComponent().path
                try await Command([
                    TestMachine.binary, "dev-ca", "--dir", folder, "--server",
                    "acme=\(Self.hostname),*.\(Plan.labsDomain)",
                ]).succeed()
                let school = try await fleet.open("ada")
                try await school.upload(Array("secret of the school".utf8), as: "notes.txt")

                // A mistake changes nothing.
                let wrong = try await fleet.carrel(
                    "portal", "add", "acme", "--hostname", Plan.portal, "--certificate", folder + "/acme.pem", "--key",
                    folder + "/acme.key")
                #expect(wrong.status == 1 && wrong.error.contains("the name of the portal"), "\(wrong.error)")
                #expect(try await portals(fleet).keys.sorted() == ["school"])

                let began = ContinuousClock.now
                try await fleet.succeed(
                    "portal", "add", "acme", "--hostname", Self.hostname, "--title", "Acme", "--certificate",
                    folder + "/acme.pem", "--key", folder + "/acme.key", "--seats", "1")
                let acme = try await fleet.open(link("ada", portal: "acme", in: fleet), in: fleet.browser())
                #expect(ContinuousClock.now - began < .seconds(60))
                #expect(acme.origin != school.origin)
                #expect(try await portals(fleet)["acme"]?.seats == 1)

                // The same person has other files there, in a directory of the portal's own.
                #expect(try await acme.get("/api/contents/notes.txt").status == 404)
                try await acme.upload(Array("secret of acme".utf8), as: "notes.txt")
                for (portal, text) in [("school", "secret of the school"), ("acme", "secret of acme")] {
                    let file = "\(fleet.root)/homes/\(portal)/ada/notes.txt"
                    #expect(try String(contentsOfFile: file, encoding: .utf8) == text)
                }
                // The quota holds for this portal alone.
                let bob = try await fleet.browser().visit(link("bob", portal: "acme", in: fleet), from: Fleet.course)
                #expect(bob.response.text.contains("All places are taken"), "\(bob.response.text)")
                _ = try await fleet.open(link("bob", portal: "school", in: fleet), in: fleet.browser())
                // A link of one portal opens nothing at the other.
                let foreign = try await link("eve", portal: "acme", in: fleet).absoluteString
                    .replacingOccurrences(of: Self.hostname, with: Plan.portal)
                let refused = try await fleet.browser().visit(URL(string: foreign)!, from: Fleet.course)
                #expect(refused.response.status == 403)

                // It is there after a restart and after a takeover, with its lab.
                try await fleet.stop()
                try await fleet.start()
                #expect(try await portals(fleet)["acme"]?.isAdded == true)
                #expect(try await acme.reload().isLab)
                let old = try await fleet.takeOver()
                #expect(try await acme.reload().isLab)
                kill(old, SIGTERM)

                try await fleet.succeed("portal", "set", "acme", "--title", "Acme Academy", "--reset", "quota")
                let page = try await fleet.browser().visit(
                    URL(string: "https://\(Self.hostname):\(fleet.port)/")!, from: Fleet.course)
                #expect(page.response.text.contains("Acme Academy"))

                let busy = try await fleet.carrel("portal", "remove", "acme")
                #expect(busy.status == 1 && busy.error.contains("--end-sessions"), "\(busy.error)")
                try await fleet.succeed("portal", "remove", "acme", "--end-sessions")
                #expect(try await portals(fleet).keys.sorted() == ["school"])
                #expect(try await school.reload().isLab)
                #expect(try String(contentsOfFile: "\(fleet.root)/homes/acme/ada/notes.txt", encoding: .utf8) != "")
            }
        }
    }
}
