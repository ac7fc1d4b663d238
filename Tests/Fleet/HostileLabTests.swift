import Foundation
import Testing

@testable import FleetSupport

/// A learner who tries to escape from the lab through the helpers.
extension FleetTests {
    @Suite("A hostile lab") struct HostileLabTests {
        /// Replaces every program that a helper could be tricked into running by one that records who runs it, and
        /// fills the process table with names that a helper could search for.
        private static let attack = #"""
            import os, shutil, subprocess
            traps = ["sh", "bash", "true", "mkdir", "mount", "umount", "nsenter", "mountpoint", "stat", "grep", "ls",
                     "seq", "sleep", "rmdir", "carrel-helper", "docker-init", "dockerd", "cat", "iptables", "nft"]
            places = ["/opt/conda/bin", os.path.expanduser("~/bin"), "/tmp"]
            for place in places:
                try:
                    os.makedirs(place, exist_ok=True)
                    for name in traps:
                        path = os.path.join(place, name)
                        with open(path, "w") as file:
                            file.write('#!/bin/bash\nprintf "%s %s\\n" "$UID" "$0 $*" >>/tmp/marks\nexec /bin/"${0##*/}" "$@"\n')
                        os.chmod(path, 0o755)
                except OSError: pass
            os.close(os.open("/tmp/marks", os.O_CREAT | os.O_WRONLY, 0o666)); os.chmod("/tmp/marks", 0o666)
            os.makedirs("/tmp/names", exist_ok=True)
            for name in ["dockerd", "carrel-helper", "containerd", "systemd"]:
                shutil.copy("/bin/sleep", "/tmp/names/" + name)
            hold = [subprocess.Popen(["/tmp/names/" + name, "600"]) for name in ["dockerd"] * 120 +
                    ["carrel-helper", "containerd", "systemd"] * 5]
            try:
                os.rename(os.path.expanduser("~"), os.path.expanduser("~") + ".old"); print("home moved")
            except OSError: pass
            os.symlink("/etc", os.path.expanduser("~/etc")) if not os.path.lexists(os.path.expanduser("~/etc")) else None
            print("set")
            """#

        private func besideHelpers(_ image: String) async throws {
            var plan = Plan(labs: [Plan.Lab(name: "python", image: image)])
            plan.sharesHomes = true
            plan.pools = [Plan.Pool(minimum: 0, maximum: 0)]
            try await withFleet(plan) { fleet in
                let mallory = try await fleet.open("mallory")
                let kernel = try await mallory.startKernel()
                // A search for a process by its name in /proc meets low numbers first, which a lab can obtain by
                // patience.
                try? "10000".write(toFile: "/proc/sys/kernel/ns_last_pid", atomically: false, encoding: .utf8)
                #expect(try await kernel.run(Self.attack).contains("set"))

                // The helpers are created, and tested, beside the hostile lab.
                try await fleet.succeed("pool", "set", "python", "--minimum", "1", "--maximum", "1")
                var isWarm = true
                do { try await fleet.waitForWarm(1) } catch { isWarm = false }
                let marks = try await kernel.run("print(open('/tmp/marks').read())")
                #expect(!marks.contains("0 /"), "a program of the learner's ran as root: \(marks)")
                #expect(isWarm, "the hostile lab has made warm seats impossible")

                let engine = fleet.plan.hosts[0].engine
                let instance = try fleet.instance()
                let helpers = try await engine.containers(instance: instance).filter { $0.session.isEmpty }
                #expect(helpers.count == 2, "\(helpers.map(\.name))")
                for helper in helpers {
                    let made = try await engine.docker(
                        "inspect", helper.id, "--format",
                        "{{.Path}} {{.HostConfig.PidMode}} {{.HostConfig.CapAdd}} {{.HostConfig.NetworkMode}} "
                            + "{{.HostConfig.ReadonlyRootfs}} {{index .Config.Labels \"carrel.role\"}}")
                    let expected = [
                        "/carrel-helper  [] none true holder\n", "/carrel-helper  [SYS_ADMIN] none true keeper\n",
                    ]
                    #expect(expected.contains(made), "\(made)")
                }

                // They attach another learner's home, and see only that home.
                let ada = try await fleet.open("ada")
                try await ada.upload(Array("hers".utf8), as: "note.txt")
                #expect(FileManager.default.fileExists(atPath: fleet.root + "/homes/school/ada/note.txt"))
                let seen = try await kernel.run(
                    "import glob; print(glob.glob('/home/*/note.txt'), open('/proc/self/mountinfo').read().count('school/ada'))"
                )
                #expect(seen.contains("[] 0"), "\(seen)")
                #expect(try await !kernel.run("print(open('/tmp/marks').read())").contains("0 /"))
                await kernel.socket.close()
            }
        }

        @Test("of our image gets nothing of its own run by a helper, and does not hinder warm seats")
        func ours() async throws { try await besideHelpers(Plan.jupyterImage) }

        @Test("of an image whose PATH the learner can write gets nothing of its own run by a helper")
        func writablePath() async throws {
            let engine = Engine.all[0]
            let name = "carrel-test/writable-path:\(UUID().uuidString.prefix(8).lowercased())"
            try await engine.buildLikeDockerStacks(name)
            do {
                try await besideHelpers(name)
            } catch {
                _ = try? await engine.docker("image", "rm", "--force", name)
                throw error
            }
            try await engine.docker("image", "rm", "--force", name)
        }

        @Test("whose home somebody has replaced by a link gets no lab with what the link leads to")
        func replacedHome() async throws {
            var plan = Plan()
            plan.sharesHomes = true
            plan.pools = [Plan.Pool(minimum: 1, maximum: 1)]
            try await withFleet(plan) { fleet in
                try await fleet.waitForWarm(1)
                let portal = fleet.root + "/homes/school"
                try FileManager.default.createDirectory(atPath: portal, withIntermediateDirectories: true)
                try FileManager.default.createSymbolicLink(atPath: portal + "/eve", withDestinationPath: "/etc")
                await #expect(throws: (any Error).self) { try await fleet.open("eve", within: .seconds(20)) }
                #expect(try fleet.slotMounts().count <= 2)
                let session = try #require(try await fleet.session(of: "eve"))
                #expect(session.state != "running")
            }
        }
    }
}
