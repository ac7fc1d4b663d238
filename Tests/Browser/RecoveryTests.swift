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
                // The page has noticed and asks for its stream, in vain.
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
    }
}
