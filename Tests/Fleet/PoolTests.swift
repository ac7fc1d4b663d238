import Foundation
import Testing

@testable import FleetSupport

extension FleetTests {
    @Suite("A pool") struct PoolTests {
        private func plan(files: String? = nil, minimum: Int = 1, hosts: Int = 1) -> Plan {
            var plan = Plan(hosts: hosts, labs: [Plan.Lab(name: "python", files: files)])
            plan.pools = [Plan.Pool(minimum: minimum, maximum: minimum)]
            plan.sharesHomes = files == nil
            return plan
        }

        @Test(
            "of a lab without files is full before anybody asks; who clicks has a lab at once, and it is filled again")
        func withoutFiles() async throws {
            try await withFleet(plan(files: "none", minimum: 2)) { fleet in
                try await fleet.waitForWarm(2)
                let warm = try await fleet.containers().map(\.id)
                let link = try await fleet.link("ada")
                let click = ContinuousClock.now
                let lab = try await fleet.open(link, in: fleet.browser())
                print("click to page, warm, without files: \(ContinuousClock.now - click)")
                #expect(try await lab.get("/api/status").status == 200)
                let kernel = try await lab.startKernel()
                #expect(try await kernel.run("sum(range(10))") == "45")
                await kernel.socket.close()

                let story = try await fleet.show(lab.session)
                #expect(story.story.map(\.state) == ["queued", "running"])
                #expect(story.story.last?.reason.contains("warm seat") == true)
                try await fleet.waitForWarm(2)
                let now = try await fleet.containers().map(\.id)
                #expect(Set(now).isSuperset(of: warm))
                #expect(now.count == 3)

                try await fleet.succeed("session", "end", lab.session, "--now")
                try await fleet.wait(for: lab.session, toBe: "ended")
                try await fleet.succeed("pool", "set", "python", "--minimum", "0", "--maximum", "0")
                try await eventually("nothing is left", within: .seconds(20)) { try await fleet.containers().isEmpty }
                #expect(try await fleet.pools().map(\.ready) == [0])
            }
        }

        @Test("gives each learner their own files in a lab that ran before, and nobody else's")
        func attachesHomes() async throws {
            try await withFleet(plan(minimum: 2)) { fleet in
                try await fleet.waitForWarm(2)
                let file = try await blocking { try randomBytes(1 << 20) }
                let link = try await fleet.link("ada")
                let click = ContinuousClock.now
                let ada = try await fleet.open(link, in: fleet.browser())
                print("click to page, warm, with files: \(ContinuousClock.now - click)")
                let story = try await fleet.show(ada.session).story
                #expect(story.contains { $0.reason.contains("mount propagation") }, "\(story)")
                try await ada.upload(file, as: "ada.bin")
                let grace = try await fleet.open("grace")
                #expect(try await grace.get("/api/contents/ada.bin").status == 404)

                // On the shared root, where every host and every later lab of hers finds it.
                let home = fleet.root + "/homes/school/ada"
                #expect(try Data(contentsOf: URL(fileURLWithPath: home + "/ada.bin")) == Data(file))
                #expect(!FileManager.default.fileExists(atPath: fleet.root + "/homes/school/grace/ada.bin"))

                let kernel = try await ada.startKernel()
                #expect(try await kernel.run("import os; os.path.exists(os.path.expanduser('~/ada.bin'))") == "True")
                await kernel.socket.close()

                for lab in [ada, grace] {
                    try await fleet.succeed("session", "end", lab.session, "--now")
                    try await fleet.wait(for: lab.session, toBe: "ended")
                }
                #expect(try Data(contentsOf: URL(fileURLWithPath: home + "/ada.bin")) == Data(file))
                try await fleet.succeed("pool", "set", "python", "--minimum", "0", "--maximum", "0")
                try await eventually("nothing is left", within: .seconds(30)) {
                    guard try await fleet.containers().isEmpty else { return false }
                    return try fleet.slotMounts().isEmpty
                }
                #expect(try Data(contentsOf: URL(fileURLWithPath: home + "/ada.bin")) == Data(file))
            }
        }

        @Test("survives a broker that is killed: warm seats and claimed labs go on, and nothing is left over")
        func survives() async throws {
            try await withFleet(plan(minimum: 1)) { fleet in
                try await fleet.waitForWarm(1)
                let lab = try await fleet.open("ada")
                try await fleet.waitForWarm(1)
                let before = Set(try await fleet.containers().map(\.id))
                fleet.killBroker()
                try await fleet.start()
                #expect(try await lab.get("/api/status").status == 200)
                try await fleet.waitForWarm(1)
                #expect(Set(try await fleet.containers().map(\.id)) == before)
                let grace = try await fleet.open("grace")
                #expect(before.count == 2)
                #expect(try await fleet.show(grace.session).story.contains { $0.reason.contains("warm seat") })
                #expect(try await lab.get("/api/status").status == 200)
            }
        }

        @Test("gives its seats up for somebody who finds none, and when its host is cordoned")
        func givesWay() async throws {
            var plan = plan(files: "none", minimum: 2)
            plan.labs.append(Plan.Lab(name: "other"))
            plan.hosts[0].slots = 2
            try await withFleet(plan) { fleet in
                try await fleet.waitForWarm(2)
                let lab = try await fleet.open("ada", lab: "other")
                #expect(try await lab.get("/api/status").status == 200)
                #expect(try await fleet.pools().map(\.ready) == [1])
                try await fleet.succeed("host", "cordon", fleet.plan.hosts[0].name)
                try await eventually("only the learner's lab is left", within: .seconds(20)) {
                    try await fleet.containers().map(\.session) == [lab.session]
                }
            }
        }
    }
}
