import Foundation
import Testing

@testable import FleetSupport

extension BrowserTests {
    @Suite("A click on a signed link") struct LaunchTests {
        /// The words of the progress page for the current step, in order.
        static let steps = [
            "In the queue", "Choosing a computer", "Preparing the lab", "Starting the lab",
            "Waiting for JupyterLab", "Opening the lab",
        ]

        @Test("shows the real steps in order, ends by itself in JupyterLab, and its kernels and terminals work")
        func wholeWay() async throws {
            try await withChromium { fleet, chromium in
                let tab = try await chromium.open()
                try await tab.noteSteps()
                try await tab.go(to: fleet.link("ada"))
                try await tab.wait(forStep: "Waiting for JupyterLab")
                try await tab.keepPictures("progress")
                let lab = try await JupyterLabPage(in: tab)

                let order = tab.journal.notes.map { Self.steps.firstIndex(of: $0) }
                #expect(order.allSatisfy { $0 != nil } && order.count >= 2, "\(tab.journal.notes)")
                #expect(order.compactMap(\.self) == order.compactMap(\.self).sorted(), "\(tab.journal.notes)")

                // It opens at top level, on its own hostname, without any page in between that a person had to click.
                let session = try await fleet.show(lab.session).session
                let url = try await tab.url()
                #expect(url.host == "\(lab.session).\(Plan.labsDomain)")
                #expect(url.host == session.hostname)
                #expect(
                    try await tab.evaluate("window === window.top && document.querySelector('iframe') === null").isTrue)
                let hosts = tab.journal.pages.compactMap { URL(string: $0)?.host }
                #expect(hosts == [Plan.portal, session.hostname])

                try await lab.openConsole()
                #expect(try await lab.run("sum(range(10))") == "45")
                try await lab.openTerminal()
                try await tab.type("echo carrel")
                try await tab.pressEnter()
                // At the start of a line: the shell's output, not the echo of what was typed.
                try await eventually("the shell says “carrel”") { tab.journal.terminal.contains("\rcarrel\r\n") }
                try await tab.keepPicture("terminal")
            }
        }

        @Test("leads to the lab without JavaScript too")
        func withoutScript() async throws {
            try await withChromium { fleet, chromium in
                let tab = try await chromium.open()
                try await tab.allowScripts(false)
                try await tab.go(to: fleet.link("linus"))
                // Retried, because the page may reload during the evaluation, as it does every two seconds.
                try await eventually("the page shows the steps") { try await tab.html().contains(Self.steps[4]) }
                try await eventually("the tab shows the lab's page", within: .seconds(90)) {
                    guard try await tab.url().host?.hasSuffix("." + Plan.labsDomain) == true else { return false }
                    return try await tab.html().contains("jupyter-config-data")
                }
                // The page reloaded itself for as long as the lab's start took, and redirected to it; no script did
                // that.
                let visits = tab.journal.pages.filter { URL(string: $0)?.host == Plan.portal }
                #expect(Set(visits).count == 1)
            }
        }

        @Test("that was altered leads to a page that says so, and starts nothing")
        func forged() async throws {
            try await withChromium { fleet, chromium in
                let genuine = try await fleet.link("ada").absoluteString
                let forged = try #require(URL(string: genuine.replacing("learner=ada", with: "learner=eve")))
                #expect(forged.absoluteString != genuine)
                let tab = try await chromium.open()
                try await tab.go(to: forged)
                try await tab.wait(forText: "This link was altered")
                #expect(try await tab.texts("h1") == ["This link was altered"])
                #expect(try await tab.cookies(for: [fleet.portal]).isEmpty)
                #expect(try await fleet.sessions().isEmpty)
                try await tab.keepPictures("forged")
            }
        }
    }
}
