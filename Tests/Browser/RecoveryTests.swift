import Foundation
import Testing

@testable import FleetSupport

extension BrowserTests {
    @Suite("An open progress page") struct RecoveryTests {
        @Test("survives kill -9 of the broker and its restart, and comes to the lab by itself")
        func killedBroker() async throws {
            try await withChromium { fleet, chromium in
                let tab = try await chromium.open()
                try await tab.noteSteps()
                try await tab.go(to: fleet.link("ada"))
                try await tab.wait(forStep: "Waiting for JupyterLab")
                fleet.killBroker()
                // The page has noticed and retries its stream, in vain.
                let asked = tab.journal.requests.count
                try await eventually("the page asks again") {
                    tab.journal.requests.dropFirst(asked).contains { $0.url.path.hasSuffix("/events") }
                }
                #expect(try await tab.url().host == Plan.portal)
                try await fleet.start()

                let lab = try await JupyterLabPage(in: tab)
                #expect(try await fleet.sessions().map(\.id) == [lab.session])
                try await fleet.expectNothingLeaked()
            }
        }

        @Test("survives an outage in which it gave up its stream, and is loaded anew only when somebody answers")
        func longOutage() async throws {
            try await withChromium { fleet, chromium in
                let tab = try await chromium.open()
                try await tab.noteSteps()
                try await tab.call("Page.addScriptToEvaluateOnNewDocument", ["source": .string(Self.hastyBrowser)])
                try await tab.go(to: fleet.link("ada"))
                fleet.killBroker()
                let page = try await tab.url()
                #expect(page.host == Plan.portal)
                try await eventually("the page looks whether somebody answers") {
                    tab.journal.requests.filter { $0.method == "HEAD" }.count >= 3
                }
                #expect(try await tab.url() == page)
                try await fleet.start()
                _ = try await JupyterLabPage(in: tab)
            }
        }

        /// A browser whose streams always fail immediately and permanently, and whose timers are accelerated.
        private static let hastyBrowser = """
            if (location.hostname === '\(Plan.portal)') {
              window.EventSource = class {
                static CLOSED = 2;
                readyState = 2;
                constructor() { setTimeout(() => this.onerror()); }
                addEventListener() {}
                close() {}
              };
              const original = window.setTimeout;
              window.setTimeout = (body, delay) => original(body, Math.min(delay ?? 0, 300));
            }
            """
    }
}
