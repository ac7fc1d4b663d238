import EventLoop
import HTTPTransport
import Testing

@testable import DockerEngine

/// Readings of containers as engines report them, for both versions of control groups.
@Suite("What an engine reads of a container", .timeLimit(.minutes(1)))
@ControlLoop
struct EngineStatsTests {
    private func script(_ body: String, status: Int = 200) throws -> EngineAnswersTests.Script {
        try EngineAnswersTests.Script { _ in .json(Array(body.utf8), status: status) }
    }

    private func body(_ memory: String, cpu: String = #"{"total_usage":2500000000,"usage_in_usermode":1}"#) -> String {
        #"{"read":"2026-11-23T14:00:00.1Z","id":"x","memory_stats":"# + memory + #","cpu_stats":{"cpu_usage":"# + cpu
            + #","online_cpus":2}}"#
    }

    @Test(
        "The working set is what is charged, less the file pages that nobody uses",
        arguments: [
            // Version 1: of the container alone, and including everything below it.
            (#"{"usage":1000,"limit":9,"stats":{"inactive_file":1,"total_inactive_file":300}}"#, 700),
            (#"{"usage":1000,"stats":{"inactive_file":250,"anon":3}}"#, 750),
            (#"{"usage":1000,"stats":{}}"#, 1000), (#"{"usage":1000}"#, 1000),
            // Two numbers that were read at different times.
            (#"{"usage":1000,"stats":{"inactive_file":1001}}"#, 1000),
        ] as [(String, Int64)])
    func workingSet(memory: String, bytes: Int64) async throws {
        let script = try script(body(memory))
        let use = try await script.engine.stats("lab one")
        #expect(use?.memoryBytes == bytes && use?.cpuNanoseconds == 2_500_000_000)
        #expect(script.asked.last == "GET /v1.41/containers/lab%20one/stats?stream=false&one-shot=true")
    }

    @Test("A container that does not run has no use", arguments: [#"{}"#, #"{"usage":0,"stats":{}}"#])
    func stopped(memory: String) async throws {
        let script = try script(body(memory, cpu: #"{"total_usage":0}"#))
        #expect(try await script.engine.stats("lab") == nil)
        // The engine answers as long as the container exists.
        #expect(script.asked.count == 2)
    }

    @Test(
        "What is no reading is an error, and no zero",
        arguments: [
            #"{"memory_stats":{"usage":1}}"#, #"{"cpu_stats":{"cpu_usage":{"total_usage":1}}}"#, "[]", "",
            #"{"memory_stats":{"usage":-1},"cpu_stats":{"cpu_usage":{"total_usage":1}}}"#,
            #"{"memory_stats":{"usage":"1"},"cpu_stats":{"cpu_usage":{"total_usage":1}}}"#,
        ])
    func nonsense(body: String) async throws {
        let script = try script(body)
        let error = await #expect(throws: EngineError.self) { try await script.engine.stats("lab") }
        #expect(error?.code == .protocolViolation)
    }

    @Test("One that is gone is not found")
    func gone() async throws {
        let script = try script(#"{"message":"No such container: lab"}"#, status: 404)
        let error = await #expect(throws: EngineError.self) { try await script.engine.stats("lab") }
        #expect(error?.code == .notFound)
    }
}
