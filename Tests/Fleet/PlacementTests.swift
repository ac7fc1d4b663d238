import Foundation
import Testing

@testable import FleetSupport

extension FleetTests {
    @Suite("Placement", .enabled(if: Engine.all.count >= 2, "needs two engines")) struct PlacementTests {
        @Test("puts two learners on two hosts")
        func spreads() async throws {
            try await withFleet(Plan(hosts: 2)) { fleet in
                async let first = fleet.open("ada")
                async let second = fleet.open("grace")
                let labs = try await [first, second]
                let sessions = try await fleet.sessions()
                #expect(Set(sessions.compactMap(\.host)) == Set(fleet.plan.hosts.map(\.name)))
                for host in fleet.plan.hosts {
                    let containers = try await host.engine.containers(instance: fleet.instance())
                    let seated = sessions.filter { $0.host == host.name }.map(\.id)
                    #expect(containers.map(\.session) == seated)
                }
                for lab in labs { #expect(try await lab.get("/api/status").status == 200) }

                let listing = try await fleet.succeed("host", "list", "--json")
                let hosts = try JSONDecoder.api.decode([HostRecord].self, from: Data(listing.utf8))
                #expect(hosts.map(\.sessions) == [1, 1])
                #expect(hosts.allSatisfy { $0.density > 0 && $0.density < 1 })
                try await fleet.expectNothingLeaked()
            }
        }

        @Test("serves ten learners who click at once on two hosts: all get their lab, in order, without an error")
        func classStart() async throws {
            try await withFleet(Plan(hosts: 2)) { fleet in
                var links: [URL] = []
                for number in 0..<10 { links.append(try await fleet.link("learner\(number)")) }
                let labs = try await withThrowingTaskGroup(of: Lab.self) { group in
                    for link in links {
                        group.addTask { try await fleet.open(link, in: fleet.browser(), within: .seconds(120)) }
                    }
                    return try await group.reduce(into: [Lab]()) { $0.append($1) }
                }
                #expect(Set(labs.map(\.session)).count == 10)
                for lab in labs { #expect(try await lab.get("/api/status").status == 200) }

                let sessions = try await fleet.sessions()
                #expect(sessions.map(\.state) == Array(repeating: "running", count: 10))
                #expect(sessions.map(\.epoch) == Array(repeating: 1, count: 10))
                // A host takes a few starts at a time, so a fast one gets more of a crowd; but none gets all of it.
                for host in fleet.plan.hosts { #expect((3...7).contains(sessions.count { $0.host == host.name })) }

                // First come, first served: an earlier click never starts later.
                var began: [(came: Int64, seated: Int64)] = []
                for session in sessions {
                    let seat = try await fleet.show(session.id).story.first { $0.state == "starting" }
                    began.append((session.createdAt, try #require(seat).at))
                }
                began.sort { $0.came < $1.came }
                for (earlier, later) in zip(began, began.dropFirst()) where earlier.came < later.came {
                    #expect(earlier.seated <= later.seated)
                }
                try await fleet.expectNothingLeaked()
            }
        }

        @Test("queues a learner for whom there is no seat, says so, and seats them when one is free")
        func queues() async throws {
            var plan = Plan()
            plan.hosts[0].slots = 1
            try await withFleet(plan) { fleet in
                let first = try await fleet.open("ada")
                let browser = fleet.browser()
                let page = try await browser.visit(fleet.link("grace"))
                let waiting = try await fleet.wait(for: try #require(page.sessionID), toBe: "queued")
                #expect(waiting.queuePosition == 1)
                try await fleet.succeed("session", "end", first.session, "--now")
                try await browser.waitUntilRunning(page.url, within: .seconds(60))
                let second = try await fleet.enter(waiting.id, from: page.url, in: browser)
                #expect(try await second.get("/api/status").status == 200)
                try await fleet.expectNothingLeaked()
            }
        }
    }
}
