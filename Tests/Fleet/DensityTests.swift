import Foundation
import Testing

@testable import FleetSupport

extension FleetTests {
    @Suite("Density") struct DensityTests {
        private static let mebibyte: Int64 = 1 << 20

        @Test("what a JupyterLab really uses is shown, and learned when it ends")
        func measured() async throws {
            var plan = Plan()
            plan.sampleEvery = "5s"
            try await withFleet(plan) { fleet in
                let lab = try await fleet.open("ada")
                let idle = try await eventually("its use is measured", within: .seconds(30)) {
                    try await fleet.show(lab.session).session.use
                }
                // An idle JupyterLab takes tens of MiB; a value near the limit would be the page cache or a mistake.
                #expect((30...350).contains(idle.memoryBytes / Self.mebibyte), "\(idle)")
                let kernel = try await lab.startKernel()
                #expect(
                    try await kernel.run("hoard = bytearray(b'x') * (200 << 20); print(len(hoard))") == "209715200\n")
                let busy = try await eventually("its kernel's memory is seen", within: .seconds(30)) {
                    let use = try await fleet.show(lab.session).session.use
                    return use.flatMap { $0.memoryBytes > idle.memoryBytes + 150 * Self.mebibyte ? $0 : nil }
                }
                #expect(busy.peakMemoryBytes < 512 * Self.mebibyte)
                try await eventually("its use of the CPU is seen", within: .seconds(30)) {
                    try await fleet.show(lab.session).session.use?.cpus != nil
                }
                #expect(try await fleet.succeed("session", "show", lab.session).contains("MiB, at most"))

                let host = try await fleet.host(fleet.plan.hosts[0].name)
                #expect(host.use.policy == "guaranteed")
                #expect(host.use.askedBytes == 512 * Self.mebibyte && host.use.safeBytes == host.use.askedBytes)
                #expect((host.use.usedBytes ?? 0) > 180 * Self.mebibyte)
                #expect(try await fleet.succeed("host", "list").contains("ASKED"))
                #expect(
                    try await fleet.succeed("metrics").contains(
                        "carrel_host_use_bytes{host=\"\(host.name)\",kind=\"used\"}"))

                #expect(try await fleet.profile(of: "python").sessions == 0)
                await kernel.socket.close()
                _ = try await fleet.succeed("session", "end", lab.session, "--now")
                try await fleet.wait(for: lab.session, toBe: "ended")
                let profile = try await fleet.profile(of: "python")
                #expect(profile.sessions == 1)
                #expect((profile.memoryP95Bytes ?? 0) >= busy.memoryBytes)
                #expect(profile.cpuP95 != nil)
                // One session is not enough for a reliable profile.
                #expect(profile.chargeBytes == 512 * Self.mebibyte)
                #expect(try await fleet.succeed("lab", "show", "python").contains("1 session; it counts from 30 on"))

                _ = try await fleet.succeed("host", "set", host.name, "--policy", "profiled")
                #expect(try await fleet.host(host.name).use.policy == "profiled")
                try await fleet.expectNothingLeaked()
            }
        }
    }
}
