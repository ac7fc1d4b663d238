import Foundation
import Testing

@testable import FleetSupport

extension FleetTests {
    @Suite("The helpers for homes") struct HelperFailureTests {
        private func withWarmSeat(_ body: (Fleet, Engine, String) async throws -> Void) async throws {
            var plan = Plan()
            plan.sharesHomes = true
            plan.pools = [Plan.Pool(minimum: 1, maximum: 1)]
            try await withFleet(plan) { fleet in
                try await fleet.waitForWarm(1)
                try await body(fleet, fleet.plan.hosts[0].engine, "carrel-\(try fleet.instance())")
            }
        }

        private func waitUntilAttachable(_ fleet: Fleet) async throws {
            try await eventually("the host attaches homes again", within: .seconds(30)) {
                let shown = try await fleet.succeed("host", "show", fleet.plan.hosts[0].name)
                guard shown.contains("attached") else { throw FleetError(shown) }
                return true
            }
        }

        @Test("are made again when somebody removes the keeper; a click meanwhile has its warm seat all the same")
        func keeperRemoved() async throws {
            try await withWarmSeat { fleet, engine, prefix in
                let warm = try await fleet.containers().map(\.id)
                try await engine.docker("rm", "--force", prefix + "-keeper")
                let lab = try await fleet.open("ada")
                try await lab.upload(Array("kept".utf8), as: "note.txt")
                #expect(FileManager.default.fileExists(atPath: fleet.root + "/homes/school/ada/note.txt"))
                #expect(try await fleet.show(lab.session).session.epoch == 1, "an attempt was lost")
                #expect(Set(try await fleet.containers().map(\.id)).isSuperset(of: warm))
                try await waitUntilAttachable(fleet)
                try await fleet.waitForWarm(1)
                let grace = try await fleet.open("grace")
                #expect(try await fleet.show(grace.session).story.contains { $0.reason.contains("mount propagation") })
            }
        }

        @Test("are made again when the holder ends, and labs keep their homes")
        func holderRemoved() async throws {
            try await withWarmSeat { fleet, engine, prefix in
                let lab = try await fleet.open("ada")
                try await lab.upload(Array("kept".utf8), as: "note.txt")
                try await engine.docker("rm", "--force", prefix + "-holder")
                try await eventually("the holder is there again", within: .seconds(30)) {
                    try await engine.exists(container: prefix + "-holder")
                }
                try await waitUntilAttachable(fleet)
                #expect(try await lab.download("note.txt") == Array("kept".utf8))
                try await fleet.waitForWarm(1)
            }
        }

        @Test("are made again when both are gone; who clicks gets a lab with their files, and warm seats heal")
        func bothRemoved() async throws {
            try await withWarmSeat { fleet, engine, prefix in
                try await engine.docker("rm", "--force", prefix + "-keeper", prefix + "-holder")
                let lab = try await fleet.open("ada")
                try await lab.upload(Array("kept".utf8), as: "note.txt")
                #expect(FileManager.default.fileExists(atPath: fleet.root + "/homes/school/ada/note.txt"))
                try await waitUntilAttachable(fleet)
                try await fleet.waitForWarm(1)
            }
        }
    }

    @Suite("What a run leaves") struct LeftoverTests {
        @Test("is nothing of what its image declares as a volume, also when the broker dies in between")
        func volumes() async throws {
            let engine = Engine.all[0]
            let name = "carrel-test/volumes:\(UUID().uuidString.prefix(8).lowercased())"
            try await engine.buildImage(name, lines: ["VOLUME /home/learner /opt/scratch"])
            let plan = Plan(labs: [
                Plan.Lab(name: "python", image: name, files: "none"), Plan.Lab(name: "kept", image: name),
            ])
            try await withFleet(plan) { fleet in
                let lab = try await fleet.open("ada")
                try await lab.upload(Array("secret".utf8), as: "note.txt")
                let kept = try await fleet.open("grace", lab: "kept")
                try await kept.upload(Array("kept".utf8), as: "note.txt")
                var volumes: Set<String> = []
                for container in try await fleet.containers() {
                    volumes.formUnion(try await engine.volumes(of: container.id))
                }
                let homes = volumes.filter { $0.contains("-home-") }
                #expect(homes.count == 1 && volumes.count == 4, "\(volumes)")
                for session in [lab.session, kept.session] {
                    try await fleet.succeed("session", "end", session, "--now")
                    try await fleet.wait(for: session, toBe: "ended")
                }
                let left = volumes.intersection(try await engine.allVolumes())
                #expect(left == homes)

                // `docker rm` without -v leaves the same as an engine that dies during a removal.
                _ = try await fleet.open("ada")
                let container = try #require(try await fleet.containers().first)
                let lost = try await engine.volumes(of: container.id)
                fleet.killBroker()
                try await engine.docker("rm", "--force", container.id)
                let remaining = try await engine.allVolumes()
                #expect(!lost.isEmpty && lost.isSubset(of: remaining))
                try await fleet.start()
                try await eventually("the volumes of the lost container are gone", within: .seconds(20)) {
                    lost.isDisjoint(with: try await engine.allVolumes())
                }
            }
            _ = try? await engine.docker("image", "rm", "--force", name)
        }

        @Test("is no core dump; and /dev/shm is half of the memory, or what the configuration says")
        func sharedMemory() async throws {
            var plan = Plan(labs: [Plan.Lab(name: "python", files: "none"), Plan.Lab(name: "small", files: "none")])
            plan.labs[1].sharedMemory = "100MiB"
            try await withFleet(plan) { fleet in
                for (lab, size) in [("python", 256), ("small", 100)] {
                    let opened = try await fleet.open("ada-\(lab)", lab: lab)
                    let kernel = try await opened.startKernel()
                    let seen = try await kernel.run(
                        """
                        import os, resource
                        shm = os.statvfs('/dev/shm')
                        print(shm.f_frsize * shm.f_blocks >> 20, resource.getrlimit(resource.RLIMIT_CORE))
                        """)
                    #expect(seen.contains("\(size) (0, 0)"), "\(lab): \(seen)")
                    await kernel.socket.close()
                }
            }
        }
    }
}
