import Foundation
import Testing

@testable import FleetSupport

extension BrowserTests {
    @Suite("Carrel's own pages") struct SafetyTests {
        @Test("keep their cookies to themselves: __Host-, Secure, HttpOnly, out of reach for a lab's scripts")
        func cookies() async throws {
            try await withChromium { fleet, chromium in
                let tab = try await chromium.open()
                let lab = try await tab.openLab(fleet, "ada")
                let origin = try await tab.url().at("/")
                let cookies = try await tab.cookies(for: [fleet.portal, origin])
                let ours = cookies.filter { $0["name"].string?.contains("carrel") == true }
                #expect(
                    Set(ours.map { "\($0["name"].string ?? "") at \($0["domain"].string ?? "")" }) == [
                        "__Host-carrel-portal at \(Plan.portal)", "__Host-carrel at \(lab.session).\(Plan.labsDomain)",
                    ])
                for cookie in ours {
                    #expect(cookie["secure"].isTrue)
                    #expect(cookie["httpOnly"].isTrue)
                    #expect(cookie["sameSite"] == "Lax")
                    #expect(cookie["path"] == "/")
                }
                // Neither the old API nor the new one shows it; the lab's own cookie proves that both can see cookies.
                let seen = try await tab.evaluate(
                    """
                    cookieStore.getAll().then(all => document.cookie + ' ' + all.map(cookie => cookie.name).join(' '))
                    """
                ).string
                #expect(seen?.contains("_xsrf") == true)
                #expect(seen?.contains("carrel") == false, "\(seen ?? "")")
            }
        }

        @Test("complain of nothing in the browser's console, and break none of their own rules")
        func console() async throws {
            try await withChromium { fleet, chromium in
                let tab = try await chromium.open()
                try await tab.go(to: fleet.portal)
                try await tab.wait(forText: "Labs open from your course")
                try await tab.keepPictures("home")
                try await tab.go(to: fleet.portal.at("/sessions/nobodys"))
                try await tab.wait(forText: "Open the lab from your course")
                try await tab.go(to: fleet.portal.at("/nothing"))
                try await tab.wait(forText: "There is nothing here")
                let nobodys = URL(string: "https://nobodysnobodysnobody.\(Plan.labsDomain):\(fleet.port)/")!
                try await tab.go(to: nobodys)
                try await tab.wait(forText: "There is no lab at this address")
                let lab = try await tab.openLab(fleet, "ada")

                // A stranger at the lab's hostname.
                let stranger = try await chromium.open()
                try await stranger.go(to: tab.url())
                try await stranger.wait(forText: "This lab is not open for you")
                try await stranger.keepPictures("stranger")

                _ = try await fleet.succeed("session", "end", lab.session, "--now")
                try await fleet.wait(for: lab.session, toBe: "ended")
                let ended = try await tab.url().at("/lab/tree/notes.md")
                try await tab.go(to: ended)
                try await tab.wait(forText: "Start again")

                // JupyterLab's own complaints are ignored.
                let own = tab.journal.complaints.filter { complaint in
                    complaint.page == ended.absoluteString
                        || URL(string: complaint.page)?.host.map { !$0.hasPrefix(lab.session) } == true
                }
                // Statuses 403, 404 and 424 of a page are reported as errors, and are intended.
                let addresses = Set(tab.journal.pages + stranger.journal.pages)
                let complaints = (own + stranger.journal.complaints).filter { !addresses.contains($0.url ?? "") }
                #expect(complaints.isEmpty)

                // This proves that the events which the test listens for do arrive.
                try await tab.evaluate(
                    "document.body.append(Object.assign(document.createElement('script'), { text: '1' }))")
                try await eventually("the browser tells of a broken rule") {
                    tab.journal.complaints.contains { $0.what.contains("ContentSecurityPolicyIssue") }
                }
            }
        }
    }
}
