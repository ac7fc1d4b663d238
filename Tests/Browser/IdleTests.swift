import Foundation
import Testing

@testable import FleetSupport

extension BrowserTests {
    @Suite("An idle lab") struct IdleTests {
        static let timeout = 15

        /// One lab with a short patience.
        private var plan: Plan { Plan(labs: [Plan.Lab(name: "python", idle: "\(Self.timeout)s")]) }

        @Test("ends although its tab is open and asks on; the tab brings it back to the same path by “Start again”")
        func openTab() async throws {
            try await withChromium(plan) { fleet, chromium in
                let tab = try await chromium.open()
                let lab = try await tab.openLab(fleet, "ada")
                try await lab.openConsole()
                #expect(try await lab.run("6 * 7") == "42")
                try await lab.openTerminal()
                let file = try await tab.evaluate(
                    """
                    fetch('/api/contents/notes.md', {
                      method: 'PUT', headers: { 'Content-Type': 'application/json' },
                      body: JSON.stringify({ type: 'file', format: 'text', content: 'what I wrote' })
                    }).then(response => response.status)
                    """)
                #expect(file == 201)
                try await tab.go(to: try await tab.url().at("/lab/tree/notes.md"))
                try await tab.wait(forText: "what I wrote")
                try await tab.keepPicture("lab")

                let ended = try await fleet.wait(for: lab.session, toBe: "ended", within: .seconds(90))
                #expect(ended.since - ended.lastActivityAt >= Int64(Self.timeout) * 1000)
                #expect(ended.reason?.contains("\(Self.timeout) s") == true, "\(ended.reason ?? "")")
                // The tab was there all the time and did what JupyterLab does.
                let asked = tab.journal.requests.filter { $0.at > ended.lastActivityAt && $0.at < ended.since }
                #expect(asked.filter { $0.url.path.hasPrefix("/api/") }.count >= 2)
                #expect(asked.contains { $0.method == "PUT" && $0.url.path.hasPrefix("/lab/api/workspaces/") })
                try await tab.keepPicture("open-tab-after-the-end")

                try await tab.reload()
                try await tab.wait(forText: "Start again")
                #expect(try await tab.texts("#panel h1") == ["Your lab has ended"])
                #expect(try await tab.texts("#panel p").contains(ended.reason ?? "?"))
                try await tab.keepPictures("ended")
                try await tab.click("#panel form button")
                try await tab.wait(forText: "what I wrote", within: .seconds(90))
                #expect(try await tab.url().host == ended.hostname)
                #expect(try await tab.url().path == "/lab/tree/notes.md")
                #expect(try await fleet.show(lab.session).session.epoch == ended.epoch + 1)
                #expect(!tab.journal.complaints.contains { $0.what.contains("ContentSecurityPolicy") })
            }
        }

        @Test("is not one in whose terminal somebody types a key now and then")
        func typing() async throws {
            try await withChromium(plan) { fleet, chromium in
                let tab = try await chromium.open()
                let lab = try await tab.openLab(fleet, "grace")
                try await lab.openTerminal()
                let start = nowMilliseconds()
                var typed: Int64 = 0
                try await eventually("somebody has typed for much longer than the timeout", within: .seconds(90)) {
                    if nowMilliseconds() - typed > 4_000 {
                        try await tab.type("e")
                        typed = nowMilliseconds()
                    }
                    return nowMilliseconds() - start > 1_500 * Int64(Self.timeout)
                }
                let session = try await fleet.show(lab.session).session
                #expect(session.state == "running")
                #expect(session.epoch == 1)
                #expect(session.lastActivityAt > start + 1_000 * Int64(Self.timeout))
            }
        }

        @Test("is not one whose kernel computes, though its tab is closed; it ends when the kernel is quiet")
        func busyKernel() async throws {
            let busy = Self.timeout + 10
            try await withChromium(plan) { fleet, chromium in
                let tab = try await chromium.open()
                let lab = try await tab.openLab(fleet, "alan")
                try await lab.openConsole()
                try await lab.begin("import time; time.sleep(\(busy))")
                try await lab.waitUntilBusy()
                let start = nowMilliseconds()
                try await tab.close()

                let ended = try await fleet.wait(for: lab.session, toBe: "ended", within: .seconds(120))
                // The console was told what ended it only after the kernel had done its work and some time had gone by.
                #expect(ended.since - start > Int64(busy) * 1000)
                #expect(ended.lastActivityAt - start > Int64(Self.timeout) * 1000)
                #expect(ended.reason?.contains("\(Self.timeout) s") == true, "\(ended.reason ?? "")")
                try await fleet.expectNothingLeaked()
            }
        }
    }
}
