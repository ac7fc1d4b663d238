import Foundation
import Testing

@testable import FleetSupport

extension FleetTests {
    @Suite("An instructor's page") struct InstructorTests {
        private static let image = "fleet/course:test"

        /// Ada and Bob are in course 101, Eve is in course 102. A run can be extended by an hour and a half in total.
        private func withCourse(_ body: (Fleet, _ sessions: [String: String]) async throws -> Void) async throws {
            var plan = Plan(labs: [Plan.Lab(name: "quick", image: Self.image, kind: "http", port: 8080)])
            plan.instructorExtension = "90m"
            try await plan.hosts[0].engine.buildImage(Self.image, command: ["python3", "-m", "http.server", "8080"])
            try await withFleet(plan) { fleet in
                var sessions: [String: String] = [:]
                for (learner, course) in [("ada", "101"), ("bob", "101"), ("eve", "102")] {
                    let link = try await fleet.link(learner, lab: "quick", options: ["--context", course])
                    let page = try await fleet.browser().visit(link, from: Fleet.course)
                    let id: String = try #require(page.sessionID)
                    sessions[learner] = id
                }
                for id in sessions.values { try await fleet.wait(for: id, toBe: "running") }
                try await body(fleet, sessions)
            }
        }

        /// The instructor's browser after following their link, and the page that it shows.
        private func enter(_ fleet: Fleet, course: String) async throws -> (browser: Browser, page: Browser.Visit) {
            let link = try await fleet.succeed(
                "link", "--role", "instructor", "--context", course, "--learner", "grace", "--name", "Grace Hopper")
            let browser = fleet.browser()
            let address = try #require(URL(string: link.trimmingCharacters(in: .whitespacesAndNewlines)))
            return (browser, try await browser.visit(address, from: Fleet.course))
        }

        /// Presses a button of the page: for one lab, or for all running ones.
        private func extend(
            _ session: String?, by seconds: Int, course: String = "101", in browser: Browser, of fleet: Fleet
        ) async throws -> Browser.Visit {
            try await browser.visit(
                fleet.portal.at("/course/extend"), from: fleet.portal.at("/course"), method: "POST",
                form: Array("course=\(course)&session=\(session ?? "")&by=\(seconds)".utf8))
        }

        private func extensions(_ fleet: Fleet, _ sessions: [String: String]) async throws -> [String: Int] {
            var all: [String: Int] = [:]
            for (learner, id) in sessions { all[learner] = try await fleet.show(id).session.extendedSeconds ?? 0 }
            return all
        }

        @Test("has the labs of its course and no other, and gives one or all of them more time, within the bound")
        func moreTime() async throws {
            try await withCourse { fleet, sessions in
                let (browser, page) = try await enter(fleet, course: "101")
                #expect(page.response.status == 200 && page.url.path == "/course")
                #expect(page.url.query == "course=101", "the link is out of the address")
                for seen in [
                    "2 labs of this course", "Course <bdi>101</bdi>", "Grace Hopper", ">Ada<", ">Bob<", "30 min", "1 h",
                ] {
                    #expect(page.response.text.contains(seen), "\(seen)")
                }
                #expect(!page.response.text.contains("Eve") && !page.response.text.contains(sessions["eve"]!))
                #expect(!page.response.text.contains("value=\"7200\""), "more than the bound is not offered")

                let one = try await extend(sessions["ada"], by: 3600, in: browser, of: fleet)
                #expect(one.response.status == 200 && one.response.text.contains("1 lab has more time now."))
                #expect(try await extensions(fleet, sessions) == ["ada": 3600, "bob": 0, "eve": 0])
                let told = try await fleet.succeed("session", "explain", sessions["ada"]!)
                #expect(told.contains("the instructor Grace Hopper (grace)"), "\(told)")

                // Ada's total would exceed the limit; Bob's does not.
                let all = try await extend(nil, by: 3600, in: browser, of: fleet)
                #expect(all.response.status == 409 && all.response.text.contains("1 lab has more time now."))
                let why = "<bdi>Ada</bdi>: That is more time than it can still be given."
                #expect(all.response.text.contains(why))
                #expect(try await extensions(fleet, sessions) == ["ada": 3600, "bob": 3600, "eve": 0])
                let rest = try await extend(nil, by: 1800, in: browser, of: fleet)
                #expect(rest.response.status == 200 && rest.response.text.contains("2 labs have more time now."))
                #expect(try await extensions(fleet, sessions) == ["ada": 5400, "bob": 5400, "eve": 0])
                let beyond = try await extend(sessions["bob"], by: 1800, in: browser, of: fleet)
                #expect(beyond.response.status == 409)
                #expect(try await extensions(fleet, sessions) == ["ada": 5400, "bob": 5400, "eve": 0])
            }
        }

        @Test("is closed to learners, to links that were altered, and to instructors of other courses")
        func closed() async throws {
            try await withCourse { fleet, sessions in
                let ada = fleet.browser()
                _ = try await ada.visit(
                    fleet.link("ada", lab: "quick", options: ["--context", "101"]), from: Fleet.course)
                for browser in [ada, fleet.browser()] {
                    let page = try await browser.visit(
                        try #require(URL(string: "/course?course=101", relativeTo: fleet.portal)), from: fleet.portal)
                    #expect(page.response.status == 403 && !page.response.text.contains("Bob"))
                    #expect(try await extend(nil, by: 1800, in: browser, of: fleet).response.status == 403)
                }

                let link = try await fleet.succeed(
                    "link", "--role", "instructor", "--context", "102", "--learner", "mallory")
                for (old, new) in [("context=102", "context=101"), ("portal=school", "portal=other")] {
                    #expect(link.contains(old))
                    let forged = link.replacing(old, with: new).trimmingCharacters(in: .whitespacesAndNewlines)
                    let page = try await fleet.browser().visit(try #require(URL(string: forged)), from: Fleet.course)
                    #expect(page.response.status == 403 && !page.response.text.contains("Ada"))
                }

                let (other, page) = try await enter(fleet, course: "102")
                #expect(page.response.text.contains("1 lab of this course") && page.response.text.contains(">Eve<"))
                #expect(!page.response.text.contains("Ada") && !page.response.text.contains("Bob"))
                // Not with the form of another course's page, nor by naming another course's lab.
                for course in ["101", "102"] {
                    let answer = try await extend(sessions["ada"], by: 1800, course: course, in: other, of: fleet)
                    #expect(answer.response.status == (course == "101" ? 403 : 409))
                    #expect(!answer.response.text.contains("Ada"))
                }
                let (nobody, empty) = try await enter(fleet, course: "103")
                #expect(empty.response.text.contains("No labs of this course"))
                _ = try await extend(nil, by: 1800, course: "103", in: nobody, of: fleet)
                #expect(try await extensions(fleet, sessions) == ["ada": 0, "bob": 0, "eve": 0])
            }
        }
    }
}
