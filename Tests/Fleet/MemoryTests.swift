import Testing

@testable import FleetSupport

extension FleetTests {
    @Suite("Memory") struct MemoryTests {
        @Test("a kernel that takes more than its lab has: the learner reads why it died and what helps")
        func kernelKilled() async throws {
            var hungry = Plan.Lab(name: "python")
            hungry.memory = "256MiB"
            try await withFleet(Plan(labs: [hungry])) { fleet in
                let lab = try await fleet.open("hungry")
                let kernel = try await lab.startKernel()
                // It is killed by this, so there is no answer.
                _ = try await kernel.begin("hoard = bytearray(b'x') * (1 << 30)")
                try await eventually("the story says what happened", within: .seconds(60)) {
                    try await fleet.show(lab.session).story.contains { $0.reason.contains("256 MiB of memory") }
                }
                #expect(try await fleet.show(lab.session).session.state == "running")
                let page = try await lab.browser.visit(lab.origin.at("/.carrel/"))
                #expect(page.response.text.contains("Work with less data at a time"), "\(page.response.text)")
                await kernel.socket.close()
            }
        }
    }
}
