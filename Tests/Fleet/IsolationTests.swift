import Foundation
import Testing

@testable import FleetSupport

extension FleetTests {
    @Suite("A lab") struct IsolationTests {
        @Test("has no privileges, and reaches neither its neighbour nor the outside")
        func isolation() async throws {
            try await withFleet(Plan()) { fleet in
                async let adasLab = fleet.open("ada")
                async let gracesLab = fleet.open("grace")
                let (ada, grace) = try await (adasLab, gracesLab)
                let kernel = try await ada.startKernel()

                let status = try await kernel.run("print(open('/proc/self/status').read())")
                for line in [
                    "CapEff:\t0000000000000000", "CapBnd:\t0000000000000000", "NoNewPrivs:\t1", "Uid:\t1000\t",
                ] {
                    #expect(status.contains(line), "\(line): \(status)")
                }
                #expect(try await kernel.run("import os; os.path.exists('/var/run/docker.sock')") == "False")
                #expect(try await kernel.run("open('/proc/1/comm').read().strip() != 'jupyter-lab'") == "True")

                let engine = fleet.plan.hosts[0].engine
                let neighbour = try #require(
                    try await fleet.containers().first { $0.session == grace.session })
                let address = try await engine.docker(
                    "inspect", neighbour.id, "--format", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
                ).trimmingCharacters(in: .whitespacesAndNewlines)
                #expect(!address.isEmpty)
                let targets = [
                    ("('127.0.0.1', 8888)", "True"), ("('\(address)', 8888)", "False"), ("('1.1.1.1', 443)", "False"),
                ]
                for (target, expected) in targets {
                    let reached = try await kernel.run(
                        """
                        import socket
                        def reaches(address):
                            try: socket.create_connection(address, 2); return True
                            except OSError: return False
                        reaches(\(target))
                        """)
                    #expect(reached == expected, "\(target)")
                }
                await kernel.socket.close()
            }
        }

        @Test("of a learner whose home is on a shared root has that home and no other, and finds it on another host")
        func sharedHomes() async throws {
            var plan = Plan(hosts: 2)
            plan.sharesHomes = true
            try await withFleet(plan) { fleet in
                let first = try await fleet.open("ada")
                try await first.upload(Array("a note".utf8), as: "note.txt")
                let host = try #require(try await fleet.show(first.session).session.host)
                let mounts = try await #require(try await fleet.containers().first).mounts(on: fleet)
                #expect(mounts.count == 1)
                #expect(mounts.first?.hasPrefix(fleet.root + "/homes/school/") == true, "\(mounts)")

                try await fleet.succeed("session", "end", first.session, "--now")
                try await fleet.wait(for: first.session, toBe: "ended")
                try await fleet.succeed("host", "cordon", host)
                let page = try await first.reload()
                _ = try await page.submitForm(in: first.browser)
                let second = try await fleet.wait(for: first.session, toBe: "running")
                #expect(second.host != host || Engine.all.count < 2)
                #expect(try await first.download("note.txt") == Array("a note".utf8))
            }
        }
    }
}

extension Engine.Container {
    /// The paths of the host that are mounted into the container.
    fileprivate func mounts(on fleet: Fleet) async throws -> [String] {
        for host in fleet.plan.hosts where try await host.engine.exists(container: name) {
            let output = try await host.engine.docker(
                "inspect", id, "--format", "{{range .Mounts}}{{.Source}}\n{{end}}")
            return output.split(separator: "\n").map(String.init)
        }
        return []
    }
}
