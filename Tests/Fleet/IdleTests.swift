import Foundation
import Testing

@testable import FleetSupport

extension PatientTests {
    @Suite("Idleness") struct IdleTests {
        static let timeout = 8

        @Test("is what people do not do: an open tab keeps no lab alive; a keystroke and a busy kernel do")
        func whatCounts() async throws {
            var lab = Plan.Lab(name: "python")
            lab.idle = "\(Self.timeout)s"
            try await withFleet(Plan(hosts: 2, labs: [lab])) { fleet in
                async let tab: Void = openTab(fleet)
                async let terminal: Void = keystrokes(fleet)
                async let kernel: Void = busyKernel(fleet)
                _ = try await (tab, terminal, kernel)
                try await fleet.expectNothingLeaked()
            }
        }

        /// Polls and keeps a kernel's socket open, as JupyterLab does while its tab is open.
        private func openTab(_ fleet: Fleet) async throws {
            let lab = try await fleet.open("tab")
            let kernel = try await lab.startKernel()
            _ = try await kernel.run("1")
            let lastUse = nowMilliseconds()
            let ended = try await eventually("the open tab's lab ends", within: .seconds(60)) {
                _ = try await lab.pollAsOpenTab()
                let session = try await fleet.show(lab.session).session
                return session.state == "ended" ? session : nil
            }
            // The kernel's two channels and two clocks, with a resolution of a millisecond each, may disagree about the
            // order.
            #expect(ended.lastActivityAt <= lastUse + 100)
            #expect(ended.since - ended.lastActivityAt >= Int64(Self.timeout) * 1000)
            // Only the idle timeout ended it, and the learner can read that.
            #expect(ended.reason?.contains("\(Self.timeout)") == true, "\(ended.reason ?? "")")
            await kernel.socket.close()
        }

        /// Types occasionally, for three times the timeout.
        private func keystrokes(_ fleet: Fleet) async throws {
            let lab = try await fleet.open("typist")
            let terminal = try await lab.openTerminal()
            let start = nowMilliseconds()
            var typed = start
            try await terminal.send(#"["stdin","e"]"#)
            try await eventually("typing has gone on for three timeouts", within: .seconds(60)) {
                if nowMilliseconds() - typed > 2_000 {
                    typed = nowMilliseconds()
                    try await terminal.send(#"["stdin","e"]"#)
                    let state = try await fleet.show(lab.session).session.state
                    if state != "running" { throw Ended(state: state) }
                }
                return nowMilliseconds() - start > 3_000 * Int64(Self.timeout)
            }
            #expect(try await fleet.show(lab.session).session.state == "running")
            await terminal.close()
            try await fleet.wait(for: lab.session, toBe: "ended", within: .seconds(60))
        }

        private struct Ended: Error { let state: String }

        /// Computes silently for three timeouts without any browser.
        private func busyKernel(_ fleet: Fleet) async throws {
            let lab = try await fleet.open("computer")
            let kernel = try await lab.startKernel()
            let start = nowMilliseconds()
            try await kernel.begin("import time\nwhile True: time.sleep(0.1)")
            await kernel.socket.close()
            let busy = try await eventually(
                "the broker has seen the busy kernel", within: .seconds(90), every: .milliseconds(250)
            ) {
                let session = try await fleet.show(lab.session).session
                if session.state != "running" { throw Ended(state: session.state) }
                return session.lastActivityAt > start + 2_000 * Int64(Self.timeout) ? session : nil
            }
            #expect(busy.state == "running")
            #expect(try await lab.state(of: kernel) == "busy")
        }

        @Test("is warned of, explained, put off by Keep it and by an operator's extension, and comes all the same")
        func warned() async throws {
            var lab = Plan.Lab(name: "python", idle: "34s", lifetime: "1h")
            lab.warning = "30s"
            try await withFleet(Plan(labs: [lab])) { fleet in
                let lab = try await fleet.open("ada")
                try await eventually("the lab's hostname warns", within: .seconds(60)) {
                    // Polling the status is not activity, nor is an open tab.
                    _ = try await lab.pollAsOpenTab()
                    return try await lab.get("/.carrel/status").object()["is_warned"] as? Bool == true
                }
                let warned = try await lab.get("/.carrel/status").object()
                #expect(warned["ends_by"] as? String == "idle")
                #expect(warned["keeps_left"] as? Int == 4)
                #expect(try await lab.get("/.carrel/", for: .navigation).text.contains("Keep it"))
                let before = try await fleet.succeed("session", "explain", lab.session)
                #expect(before.contains("It is alive because"), "\(before)")
                #expect(before.contains(" yes     34 s after the last sign of use"), "\(before)")

                let kept = try await lab.send("POST", "/.carrel/keep")
                #expect(kept.status == 200)
                #expect(try kept.object()["is_warned"] as? Bool == false)
                #expect(try await fleet.succeed("session", "explain", lab.session).contains("pressed Keep it"))

                let end = try #require(try await fleet.show(lab.session).session.idleEndsAt)
                let extended = try await fleet.succeed(
                    "session", "extend", lab.session, "--by", "5s", "--note", "exam")
                #expect(extended.contains("is extended by 5s"))
                #expect(try await fleet.show(lab.session).session.idleEndsAt == end + 5_000)
                let tooMuch = try await fleet.carrel("session", "extend", lab.session, "--by", "24h")
                #expect(tooMuch.status != 0)

                let ended = try await fleet.wait(for: lab.session, toBe: "ended", within: .seconds(120))
                #expect(ended.since >= end + 5_000)
                let after = try await fleet.succeed("session", "explain", lab.session)
                #expect(after.contains("the lab said that no kernel is executing"), "\(after)")
                #expect(try await lab.send("POST", "/.carrel/keep").status == 409)
            }
        }

        @Test("does not matter at the maximum lifetime: a lab in use ends then, with the reason")
        func lifetime() async throws {
            let lab = Plan.Lab(name: "python", idle: "10s", lifetime: "12s")
            try await withFleet(Plan(labs: [lab])) { fleet in
                let lab = try await fleet.open("ada")
                let terminal = try await lab.openTerminal()
                let ended = try await eventually(
                    "the lab ends though somebody types", within: .seconds(40), every: .milliseconds(500)
                ) {
                    try? await terminal.send(#"["stdin","x"]"#)
                    let session = try await fleet.show(lab.session).session
                    return session.state == "ended" ? session : nil
                }
                let story = try await fleet.show(lab.session).story
                let ready = try #require(story.first { $0.state == "running" })
                #expect(ended.since - ready.at >= 12_000)
                #expect(ended.reason?.contains("lifetime") == true, "\(ended.reason ?? "")")
                await terminal.close()
            }
        }
    }
}
