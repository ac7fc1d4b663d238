import Foundation
import Testing

@testable import FleetSupport

extension PatientTests {
    /// The broker dies at each write and each sync of the database during an operation, one point per run. The
    /// operations are tested in parallel, each with a broker of its own, because most of the time is spent waiting.
    @Suite("A crash at each write of the database") struct CrashMatrixTests {
        @Test("loses no launch, claim, end or drain that was acknowledged, and leaves no orphan")
        func everywhere() async throws {
            let operations: [(name: String, run: @Sendable () async throws -> Void)] = [
                ("launch", Self.launch), ("end", Self.end), ("drain", Self.drain),
                ("claim without files", { try await Self.claim(files: "none") }),
                ("claim with a home", { try await Self.claim(files: nil) }),
            ]
            await withTaskGroup { group in
                for operation in operations {
                    group.addTask {
                        do { try await operation.run() } catch { Issue.record(error, "\(operation.name)") }
                    }
                }
            }
        }

        private static func launch() async throws {
            try await CrashMatrix.with(engine: 0) { matrix in
                var acknowledged: [UInt64: String] = [:]
                let died = try await matrix.run { number in
                    acknowledged[number] = try? await matrix.click("l\(number)", in: matrix.fleet.browser())
                } check: { number in
                    let learner = "l\(number)"
                    if let id = acknowledged[number] {
                        try await matrix.fleet.wait(for: id, toBe: "running")
                    } else {
                        // Nothing was promised to the learner, who clicks again.
                        _ = try await matrix.session(learner)
                    }
                    #expect(try await matrix.fleet.sessions().filter { $0.learner == learner }.count == 1)
                    try await matrix.expectNothingLeaked()
                    try await matrix.endAll()
                }
                #expect(died >= 8, "a launch has at least four commits, each with a write and a sync: \(died)")
                #expect(!acknowledged.isEmpty)
            }
        }

        private static func end() async throws {
            try await CrashMatrix.with(engine: 1) { matrix in
                var ids: [UInt64: String] = [:]
                var acknowledged: Set<UInt64> = []
                let died = try await matrix.run { number in
                    ids[number] = try await matrix.session("e\(number)")
                } operation: { number in
                    let id = try #require(ids[number])
                    let output = try await matrix.fleet.carrel("session", "end", id, "--now", "--note", "enough")
                    if output.status == 0 { acknowledged.insert(number) }
                } check: { number in
                    let id = try #require(ids[number])
                    if acknowledged.contains(number) {
                        let ended = try await matrix.fleet.wait(for: id, toBe: "ended")
                        #expect(ended.reason?.contains("enough") == true, "\(ended.reason ?? "")")
                    }
                    try await matrix.expectNothingLeaked()
                    try await matrix.endAll()
                }
                #expect(died >= 4, "an end has at least two commits, each with a write and a sync: \(died)")
                #expect(!acknowledged.isEmpty)
            }
        }

        private static func drain() async throws {
            try await CrashMatrix.with(engine: 0) { matrix in
                let fleet = matrix.fleet
                let host = fleet.plan.hosts[0].name
                var ids: [UInt64: String] = [:]
                var acknowledged: Set<UInt64> = []
                let died = try await matrix.run { number in
                    try await fleet.succeed("host", "uncordon", host)
                    ids[number] = try await matrix.session("d\(number)")
                } operation: { number in
                    let output = try await fleet.carrel("host", "drain", host, "--deadline", "1s", "--yes")
                    if output.status == 0 { acknowledged.insert(number) }
                } check: { number in
                    let id = try #require(ids[number])
                    if acknowledged.contains(number) {
                        try await eventually("\(host) is drained", within: .seconds(30)) {
                            try await fleet.host(host).state == "drained"
                        }
                        let ended = try await fleet.wait(for: id, toBe: "ended")
                        #expect(ended.reason?.isEmpty == false)
                    }
                    try await matrix.expectNothingLeaked()
                    try await matrix.endAll()
                }
                #expect(died >= 6, "a drain has at least three commits, each with a write and a sync: \(died)")
                #expect(!acknowledged.isEmpty)
            }
        }

        /// - Parameter files: `nil`: the learner's home is attached to a lab that runs already.
        private static func claim(files: String?) async throws {
            try await CrashMatrix.with(engine: files == nil ? 1 : 0, files: files, pool: true) { matrix in
                let fleet = matrix.fleet
                var acknowledged: [UInt64: String] = [:]
                let died = try await matrix.run { number in
                    try await matrix.waitForWarm()
                    if files == nil { try matrix.giveHome(to: "c\(number)") }
                } operation: { number in
                    acknowledged[number] = try? await matrix.click("c\(number)", in: fleet.browser())
                } check: { number in
                    let learner = "c\(number)"
                    if let id = acknowledged[number] { try await fleet.wait(for: id, toBe: "running") }
                    // A learner to whom nothing was promised clicks again; the others return.
                    let browser = fleet.browser()
                    let id = try #require(try await matrix.click(learner, in: browser))
                    #expect(acknowledged[number] == nil || acknowledged[number] == id)
                    try await fleet.wait(for: id, toBe: "running")
                    let story = try await fleet.show(id).story
                    #expect(story.contains { $0.reason.contains("warm seat") }, "\(story)")
                    #expect(try await fleet.sessions().filter { $0.learner == learner }.count == 1)
                    try await matrix.expectHome(of: learner, in: id, by: browser, isKept: files == nil)
                    try await matrix.expectNothingLeaked()
                    try await matrix.endAll()
                }
                #expect(died >= 6, "a claim and the next seat have at least three commits: \(died)")
                #expect(!acknowledged.isEmpty)
                try await fleet.succeed("pool", "set", CrashMatrix.lab, "--minimum", "0", "--maximum", "0")
                // Leftover slots of a death are freed by the next listing of the host, within a minute.
                try await eventually("nothing is left", within: .seconds(90), every: .milliseconds(200)) {
                    guard try await fleet.containers().isEmpty else { return false }
                    return try fleet.slotMounts().isEmpty
                }
            }
        }
    }
}

extension CrashMatrix {
    /// Puts a file into the learner's home before they click.
    fileprivate func giveHome(to learner: String) throws {
        let home = fleet.root + "/homes/school/" + learner
        try FileManager.default.createDirectory(
            atPath: home, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
        try learner.write(toFile: home + "/whose.txt", atomically: false, encoding: .utf8)
    }

    /// Expects that the lab answers, with this learner's own files if they are kept.
    fileprivate func expectHome(of learner: String, in id: String, by browser: Browser, isKept: Bool) async throws {
        let lab = try await browser.visit(fleet.portal.at("/sessions/\(id)/open"), from: fleet.portal)
        guard lab.isAtLab else { throw FleetError("\(lab.url) answers \(lab.response.status)") }
        let file = try await browser.send("GET", lab.url.at("/whose.txt"))
        #expect(file.status == (isKept ? 200 : 404))
        if isKept { #expect(file.text == learner) }
    }
}
