import Foundation
import Testing

@testable import FleetSupport

extension BrowserTests {
    @Suite("An idle lab") struct IdleTests {
        /// The labs' idle timeout, in seconds. JupyterLab must be ready for a click in less time, even on a machine
        /// that runs other tests, because nothing that a tab does while it loads counts as use.
        static let timeout = 30
        /// How long a kernel computes, in seconds.
        static let busy = timeout + 10
        /// The pause of a person who thinks between two keystrokes, in milliseconds.
        static let pauseMilliseconds: Int64 = 4_000

        /// One lab with a short idle timeout.
        private var plan: Plan { Plan(labs: [Plan.Lab(name: "python", idle: "\(Self.timeout)s")]) }

        @Test("ends although its tab is open and asks on; the tab brings it back to the same path by “Start again”")
        func openTab() async throws {
            try await withChromium(plan) { fleet, chromium in
                let tab = try await chromium.open()
                let lab = try await tab.openLab(fleet, "ada")
                try await lab.openConsole()
                #expect(try await lab.run("6 * 7") == "42")
                try await lab.openTerminal()
                #expect(try await lab.write("what I wrote", to: "notes.md") == 201)
                try await tab.go(to: try await tab.url().at("/lab/tree/notes.md"))
                try await tab.wait(forText: "what I wrote")
                try await tab.keepPicture("lab")

                let ended = try await fleet.wait(for: lab.session, toBe: "ended", within: .seconds(120))
                #expect(ended.since - ended.lastActivityAt >= Int64(Self.timeout) * 1000)
                #expect(ended.reason?.contains("\(Self.timeout) s") == true, "\(ended.reason ?? "")")
                // The tab was open all the time and made JupyterLab's usual requests.
                let asked = tab.journal.requests.filter { $0.at > ended.lastActivityAt && $0.at < ended.since }
                #expect(asked.filter { $0.url.path.hasPrefix("/api/") }.count >= 2)
                #expect(asked.contains { $0.method == "PUT" && $0.url.path.hasPrefix("/lab/api/workspaces/") })
                try await tab.keepPicture("open-tab-after-the-end")

                try await tab.reload()
                // The tab that was already open says “Start again”, too.
                try await eventually("the page says so") { try await tab.texts("#panel h1") == ["Your lab has ended"] }
                let told = try await tab.texts("#panel p")
                #expect(told.contains { $0.hasPrefix("It ended because nobody had used it for") }, "\(told)")
                try await tab.keepPictures("ended")
                try await tab.click("#panel form button")
                try await tab.wait(forText: "what I wrote", within: .seconds(90))
                #expect(try await tab.url().host == ended.hostname)
                #expect(try await tab.url().path == "/lab/tree/notes.md")
                #expect(try await fleet.show(lab.session).session.epoch == ended.epoch + 1)
                #expect(!tab.journal.complaints.contains { $0.what.contains("ContentSecurityPolicy") })
            }
        }

        @Test(
            "is announced where its learner is: in JupyterLab, whose “Keep it” works, and at /.carrel/, which follows it"
        )
        func warning() async throws {
            var lab = Plan.Lab(name: "python", idle: "50s")
            lab.warning = "30s"
            try await withChromium(Plan(labs: [lab])) { fleet, chromium in
                let tab = try await chromium.open()
                let lab = try await tab.openLab(fleet, "ada")
                try await tab.wait(forText: "If nobody uses it, it ends at", within: .seconds(90))
                try await tab.keepPicture("ends-soon-in-jupyterlab")
                try await tab.click(
                    ".Toastify__toast .jp-toast-button", until: "!document.querySelector('.Toastify__toast')")
                try await eventually("the session's story tells that it was kept", within: .seconds(15)) {
                    try await fleet.show(lab.session).story.contains { $0.reason.hasPrefix("Kept by its learner, 1") }
                }

                try await tab.go(to: try await tab.url().at("/.carrel/"))
                try await tab.wait(forText: "Your lab ends soon", within: .seconds(90))
                #expect(try await tab.texts("#panel form button") == ["Keep it"])
                #expect(try await tab.evaluate("document.title").string == "Your lab ends soon")
                try await tab.keepPictures("ends-soon")
                try await tab.click("#panel form button")
                try await tab.wait(forText: "Your lab runs", within: .seconds(20))
                #expect(try await tab.url().path.hasPrefix("/.carrel"))
                #expect(
                    try await fleet.show(lab.session).story.contains { $0.reason.hasPrefix("Kept by its learner, 2") })
                #expect(!tab.journal.complaints.contains { $0.what.contains("ContentSecurityPolicy") })
            }
        }

        @Test("is not one in use: by a kernel that computes though its tab is closed, by a key typed now and then")
        func use() async throws {
            try await withChromium(plan) { fleet, chromium in
                let tab = try await chromium.open()
                let computing = try await tab.openLab(fleet, "alan")
                try await computing.openConsole()
                try await computing.begin("import time; time.sleep(\(Self.busy))")
                try await computing.waitUntilBusy()
                let begin = nowMilliseconds()
                try await tab.close()

                try await typeNowAndThen(fleet, chromium)

                // It still ended because of idleness, but only after the kernel had finished and the timeout had
                // passed.
                let ended = try await fleet.wait(for: computing.session, toBe: "ended", within: .seconds(180))
                #expect(ended.since - begin > Int64(Self.busy) * 1000)
                #expect(ended.lastActivityAt - begin > Int64(Self.timeout) * 1000)
                #expect(ended.reason?.contains("\(Self.timeout) s") == true, "\(ended.reason ?? "")")
            }
        }

        /// Types for one and a half times the timeout; the session must survive that.
        private func typeNowAndThen(_ fleet: Fleet, _ chromium: Chromium) async throws {
            let tab = try await chromium.open()
            let lab = try await tab.openLab(fleet, "grace")
            try await lab.openTerminal()
            let begin = nowMilliseconds()
            var typed: Int64 = 0
            try await eventually("somebody has typed for much longer than the timeout", within: .seconds(120)) {
                if nowMilliseconds() - typed > Self.pauseMilliseconds {
                    try await tab.type("e")
                    typed = nowMilliseconds()
                }
                return nowMilliseconds() - begin > 1_500 * Int64(Self.timeout)
            }
            let session = try await fleet.show(lab.session).session
            #expect(session.state == "running")
            #expect(session.epoch == 1)
            #expect(session.lastActivityAt > begin + 1_000 * Int64(Self.timeout))
        }
    }
}
