import Foundation
import Testing

@testable import FleetSupport

extension BrowserTests {
    /// JupyterLab's own message about an unreachable server is insufficient, and late.
    @Suite("An open tab of JupyterLab") struct NoticeTests {
        /// The longest time before something must tell the person.
        static let patience = Duration.seconds(3)

        /// The dialog on top of the page.
        static let dialog = "document.querySelector('#carrel-notice[open]')"

        private func texts(_ tab: Tab) async throws -> String {
            try await tab.texts("#carrel-notice").joined()
        }

        @Test("whose lab an operator ends says so within three seconds, with the reason, and starts it again")
        func ended() async throws {
            try await withChromium { fleet, chromium in
                let tab = try await chromium.open()
                let lab = try await tab.openLab(fleet, "ada")
                #expect(
                    try await tab.evaluate("performance.getEntriesByType('navigation')[0].nextHopProtocol").string
                        == "h2")
                try await fleet.succeed("session", "end", lab.session, "--now", "--note", "The room closes")
                try await tab.wait("the tab says that its lab ends", within: Self.patience, until: Self.dialog)
                try await tab.wait(forText: "Your lab has ended", within: .seconds(20))
                #expect(try await texts(tab).contains("who say: “The room closes”. Your files are kept."))
                #expect(try await !texts(tab).contains("Keep it"))
                try await tab.keepPictures("ended-in-jupyterlab")
                try await tab.click("#carrel-notice button")
                try await eventually("the lab runs again", within: .seconds(60)) {
                    let session = try await fleet.show(lab.session).session
                    return session.state == "running" && session.epoch == 2
                }
                _ = try await JupyterLabPage(in: tab)
                try await tab.wait("the notice is gone", within: .seconds(20), until: "\(Self.dialog) === null")
            }
        }

        @Test("is told of an announced end as it is announced, and that it was taken back")
        func announced() async throws {
            try await withChromium { fleet, chromium in
                let tab = try await chromium.open()
                let lab = try await tab.openLab(fleet, "ada")
                try await fleet.succeed("session", "end", lab.session, "--in", "20m", "--note", "A new disk comes")
                try await tab.wait(
                    forText: "who say: “A new disk comes”. Please save your work now", within: Self.patience)
                try await tab.keepPicture("announced-in-jupyterlab")
                try await fleet.succeed("session", "end", lab.session, "--cancel")
                try await tab.wait(
                    "the notification is gone", within: Self.patience,
                    until: "!document.body.innerText.includes('A new disk comes')")
                #expect(try await fleet.show(lab.session).session.state == "running")
            }
        }

        @Test("whose lab is parked says so within three seconds, and a click in it brings the lab back")
        func parked() async throws {
            var lab = Plan.Lab(name: "python")
            lab.parksFor = "1h"
            try await withChromium(Plan(labs: [lab])) { fleet, chromium in
                let tab = try await chromium.open()
                let lab = try await tab.openLab(fleet, "ada")
                try await fleet.succeed("session", "park", lab.session)
                try await tab.wait("the tab says that its lab is parked", within: Self.patience, until: Self.dialog)
                try await tab.wait(forText: "Your lab is parked", within: .seconds(20))
                try await tab.click("#carrel-notice button")
                _ = try await JupyterLabPage(in: tab)
            }
        }

        @Test("whose lab is killed from outside says so within three seconds")
        func killed() async throws {
            try await withChromium { fleet, chromium in
                let tab = try await chromium.open()
                _ = try await tab.openLab(fleet, "ada")
                for container in try await fleet.containers() {
                    try await fleet.plan.hosts[0].engine.docker("kill", container.id)
                }
                try await tab.wait("the tab says that its lab ended", within: Self.patience, until: Self.dialog)
                try await tab.wait(forText: "Start again", within: .seconds(20))
            }
        }

        @Test("says within three seconds that a program in its lab was stopped for want of memory")
        func memory() async throws {
            var hungry = Plan.Lab(name: "python")
            hungry.memory = "256MiB"
            try await withChromium(Plan(labs: [hungry])) { fleet, chromium in
                let tab = try await chromium.open()
                let lab = try await tab.openLab(fleet, "ada")
                try await lab.openConsole()
                try await lab.begin("hoard = bytearray(b'x') * (1 << 30)")
                try await eventually("the story says what happened", within: .seconds(60), every: .milliseconds(50)) {
                    try await fleet.show(lab.session).story.contains { $0.reason.contains("256 MiB of memory") }
                }
                try await tab.wait(forText: "had used all of its memory", within: Self.patience)
                try await tab.keepPicture("memory-in-jupyterlab")
                #expect(try await fleet.show(lab.session).session.state == "running")
            }
        }
    }
}
