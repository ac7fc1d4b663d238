import EventLoop
import Foundation
import LearnerClient
import Literals
import Logging
import TLS
import Takeover
import Testing

@testable import carrel

/// `carrel serve` taking over from `carrel serve`, with real processes.
@Suite("carrel serve --takeover", .timeLimit(.minutes(2))) struct ServeTakeoverTests {
    @ControlLoop @Test("learners click and look all the while, nobody is refused, and no launch is lost")
    func underLoad() async throws {
        let house = try House()
        let trust = Trust.file(house.scratch.path + "/tls/ca.pem")
        var running = try CarrelProcess("serve", "--config", house.file)
        try await running.expect("ready")
        let load = TakeoverLoad(port: house.port)
        for _ in 0..<4 { try load.start(.requests, hostname: "portal.localhost", trust: trust) }
        for number in 0..<2 { try load.start(.requests, hostname: "none\(number).labs.localhost", trust: trust) }
        let day = Day()
        let clicks = Task { @ControlLoop in try await Self.click(house, trust, during: day) }

        for _ in 0..<2 {
            let (answers, learners) = (load.result.answers, day.learners.count)
            try await Self.wait { load.result.answers > answers + 30 && day.learners.count > learners + 1 }
            let next = try CarrelProcess("serve", "--config", house.file, "--takeover")
            try await next.expect("ready")
            #expect(try await running.end() == 0)
            #expect(running.output.contains("another process has taken over"))
            running = next
        }
        let (answers, learners) = (load.result.answers, day.learners.count)
        try await Self.wait { load.result.answers > answers + 30 && day.learners.count > learners + 1 }
        day.isOver = true
        try await clicks.value
        await load.stop()
        #expect(load.result.refused == [])
        #expect(load.result.cut == [])
        let sessions = try await ControlClient(socket: house.controlSocket).sessions(limit: 1000)
        #expect(Set(sessions.map(\.learner)) == day.learners)

        running.signal(SIGTERM)
        #expect(try await running.end() == 0)
        for name in ["control.sock", "portal.sock", "takeover.sock"] {
            #expect(!FileManager.default.fileExists(atPath: house.scratch.path + "/" + name), "\(name)")
        }
    }

    @ControlLoop private final class Day {
        var isOver = false
        /// The learners whose launch was accepted.
        var learners: Set<String> = []
    }

    /// Learners open their links one at a time, until the day is over.
    @ControlLoop private static func click(_ house: House, _ trust: Trust, during day: Day) async throws {
        while !day.isOver {
            let name = "learner\(day.learners.count)"
            let learner = try LearnerClient(trust: trust, agent: "test")
            // The one engine does not answer: an accepted launch waits in the queue.
            let error = await #expect(throws: LearnerError.self) {
                try await learner.open(try house.link(learner: name), within: .milliseconds(200))
            }
            #expect(error?.code == .session && error?.message.contains("not running in time") == true)
            day.learners.insert(name)
        }
    }

    @ControlLoop @Test("one that dies when it has everything leaves the old one as it was", arguments: 1...3)
    func diesInTheMiddle(_ steps: Int) async throws {
        let house = try House()
        let running = try CarrelProcess("serve", "--config", house.file)
        try await running.expect("ready")
        try await house.click()
        let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let path = house.scratch.path + "/takeover.sock"
        let taker = try #require(try await TakeoverTaker.begin(at: path, role: .serve, version: "1.0", log))
        if steps > 1 {
            _ = try await taker.take()
            // No process decides now, and the lock is free: a third process could start at this moment.
            let other = try CarrelProcess("serve", "--config", house.file)
            #expect(try await other.end() == 1)
            #expect(other.output.contains("EADDRINUSE"))
        }
        if steps > 2 { try await taker.prepared() }
        taker.close()
        let sessions = try await ControlClient(socket: house.controlSocket).sessions(limit: 10)
        #expect(sessions.map(\.state) == ["queued"])
        if steps > 1 { try await running.expect("the takeover was given up, and this process goes on") }
        let again = try CarrelProcess("serve", "--config", house.file, "--takeover")
        try await again.expect("ready")
        #expect(try await running.end() == 0)
        again.signal(SIGTERM)
        #expect(try await again.end() == 0)
    }

    @Test("a configuration with a mistake takes nothing over")
    func wrong() async throws {
        let house = try House()
        let running = try CarrelProcess("serve", "--config", house.file)
        try await running.expect("ready")
        try house.write(house.configuration + "\nnonsense: 1\n")
        let next = try CarrelProcess("serve", "--config", house.file, "--takeover")
        #expect(try await next.end() == 1)
        #expect(!running.output.contains("take over"))
        running.signal(SIGTERM)
        #expect(try await running.end() == 0)
    }

    private static func wait(
        isolation: isolated (any Actor)? = #isolation, until condition: () async -> Bool
    ) async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while await !condition() {
            try #require(ContinuousClock.now < deadline, "it never came about")
            try await Task.sleep(for: .milliseconds(5))
        }
    }
}
