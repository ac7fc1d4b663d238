import Foundation
import Testing

@testable import FleetSupport

extension BrowserTests {
    @Suite("A parked lab") struct ParkingTests {
        /// Its idle timeout is long: it is parked by hand.
        private var plan: Plan {
            var lab = Plan.Lab(name: "python")
            lab.parksFor = "1h"
            return Plan(labs: [lab])
        }

        private func park(_ lab: JupyterLabPage, of fleet: Fleet, note: String) async throws -> SessionRecord {
            try await fleet.succeed("session", "park", lab.session, "--note", note)
            return try await fleet.wait(for: lab.session, toBe: "parked")
        }

        @Test("says so in its open tab, where a click brings it back with its files, and a script of the page does not")
        func openTab() async throws {
            try await withChromium(plan) { fleet, chromium in
                let tab = try await chromium.open()
                let lab = try await tab.openLab(fleet, "ada")
                #expect(try await lab.write("what I wrote", to: "notes.md") == 201)

                // A page that follows the lab shows it without a reload.
                try await tab.go(to: try await tab.url().at("/.carrel/"))
                try await tab.wait(forText: "Your lab runs")
                let first = try await park(lab, of: fleet, note: "the exam needs its seat")
                try await tab.wait(forText: "Your lab is parked")
                let told = try await tab.texts("#panel p")
                #expect(
                    told.contains {
                        $0.contains("who say: “the exam needs its seat”. The programs in it were stopped")
                    }, "\(told)")
                #expect(try await tab.evaluate("document.title").string == "Your lab is parked")
                try await tab.keepPictures("parked")
                #expect(try await fleet.containers().isEmpty)
                try await tab.click("#panel form button")
                _ = try await JupyterLabPage(in: tab)
                #expect(try await tab.url().host == first.hostname)
                try await tab.go(to: try await tab.url().at("/lab/tree/notes.md"))
                try await tab.wait(forText: "what I wrote")
                #expect(try await fleet.show(lab.session).session.epoch == first.epoch + 1)
                // Until then JupyterLab has not finished opening it, and would close it again.
                try await eventually("the file has its checkpoint", within: .seconds(30)) {
                    let count = try await tab.evaluate(
                        "fetch('/api/contents/notes.md/checkpoints').then(r => r.json()).then(all => all.length)")
                    return count == 1
                }

                // JupyterLab in a hidden tab keeps polling, and does not resume the lab.
                let second = try await park(lab, of: fleet, note: "once more")
                try await eventually("the open tab asks on", within: .seconds(60)) {
                    tab.journal.requests.contains { $0.at > second.since && $0.url.path.hasPrefix("/api/") }
                }
                #expect(try await fleet.show(lab.session).session.state == "parked")
                // Neither does a script that presses the button, or reloads the page without a person's click.
                let pressed = "fetch('/.carrel/restart', { method: 'POST' }).then(answer => answer.status)"
                #expect(try await tab.evaluate(pressed) == 403)
                try await tab.evaluate("void setTimeout(() => location.reload(), 100)")
                try await eventually("the page says so") {
                    try await tab.texts("#panel h1") == ["Your lab is parked"]
                }
                #expect(try await fleet.show(lab.session).session.state == "parked")
                try await tab.click("#panel form button")
                try await tab.wait(forText: "what I wrote", within: .seconds(90))
                #expect(try await tab.url().host == first.hostname)
                #expect(try await tab.url().path == "/lab/tree/notes.md")
                #expect(try await fleet.show(lab.session).session.epoch == first.epoch + 2)
                #expect(!tab.journal.complaints.contains { $0.what.contains("ContentSecurityPolicy") })
            }
        }
    }
}
