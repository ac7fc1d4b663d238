import BrokerCore
import Doors
import EventLoop
import Foundation
import HTTPTransport
import Portal
import Testing

@testable import Configuration
@testable import carrel

@Suite("The commands about sessions") struct SessionCommandTests {
    private static func session(_ id: String, _ state: String, _ more: String = "") -> String {
        """
        {"id": "\(id)", "portal": "school", "learner": "ada", "learner_name": "Ada", "lab": "python",
         "lab_title": "Python", "kind": "jupyter", "state": "\(state)", "image": "i", "epoch": 1, "hostname": "h",
         "url": "u", "created_at": 1, "since": 1, "last_activity_at": 1\(more)}
        """
    }

    private static let listed = [
        session("late", "running"), session("told", "running", ", \"announced_end_at\": 2000"),
        session("new", "queued"),
    ].joined(separator: ",")

    /// A broker with three sessions of course 101. It refuses every action on one of them, and performs it on the
    /// others.
    @ControlLoop private func broker() throws -> ControlSocket {
        let told = Self.session("told", "running")
        let socket = try ControlSocket { request in
            if request.method == "GET" { return .json(Array("{\"sessions\": [\(Self.listed)]}".utf8)) }
            if request.path.contains("late") {
                let refusal = #"{"error": {"code": "conflict", "message": "It is too late."}}"#
                return .json(Array(refusal.utf8), status: 409)
            }
            return .json(Array("{\"session\": \(told), \"story\": []}".utf8))
        }
        try "state: .\n".write(toFile: socket.scratch.path + "/carrel.yaml", atomically: true, encoding: .utf8)
        return socket
    }

    @ControlLoop private func carrel(
        _ arguments: [String], _ socket: ControlSocket
    ) async throws -> (status: Int32, output: String) {
        let command = try CarrelProcess(arguments + ["--config", socket.scratch.path + "/carrel.yaml"])
        return (try await command.end(), command.output)
    }

    @ControlLoop
    @Test("session end gives learners the usual notice, and another one, or none, only where that is said")
    func notice() async throws {
        let socket = try broker()
        defer { socket.close() }
        let notices: [[String]] = [[], ["--in", "2m"], ["--now"]]
        for notice in notices {
            let ended = try await carrel(["session", "end", "told"] + notice, socket)
            #expect(ended.status == 0, "\(ended.output)")
        }
        let seconds = [PortalLimits.endNotice.components.seconds, 120, 0]
        #expect(
            socket.asked == seconds.map { "POST /v1/sessions/told/end {\"in_seconds\":\($0),\"note\":\"\"}" })
    }

    @ControlLoop
    @Test("session end --cancel of a course is about the sessions whose end is announced, and about no others")
    func cancel() async throws {
        let socket = try broker()
        defer { socket.close() }
        let kept = try await carrel(["session", "end", "--cancel", "--course", "101", "--yes"], socket)
        #expect(kept.status == 0)
        #expect(kept.output.contains("this keeps 1 session of course 101 (python 1)\n"), "\(kept.output)")
        #expect(kept.output.contains("session told goes on\n1 session kept\n"), "\(kept.output)")
        try #require(socket.asked.count == 2)
        #expect(socket.asked[0].hasPrefix("GET /v1/sessions?course=101&live=true&"))
        #expect(socket.asked[1] == "POST /v1/sessions/told/cancel-end ")
    }

    @ControlLoop
    @Test("session extend of a course is about all that run; one that is refused keeps no other from its extension")
    func extend() async throws {
        let socket = try broker()
        defer { socket.close() }
        let extended = try await carrel(["session", "extend", "--course", "101", "--by", "30m", "--yes"], socket)
        #expect(extended.status == 1)
        #expect(extended.output.contains("this extends 2 sessions of course 101 (python 2)\n"), "\(extended.output)")
        #expect(extended.output.contains("session late: It is too late.\n"), "\(extended.output)")
        #expect(extended.output.contains("1 of 2 sessions extended, 1 failed\n"), "\(extended.output)")
        let extensions = socket.asked.filter { $0.hasPrefix("POST") }
        #expect(
            extensions == ["late", "told"].map { "POST /v1/sessions/\($0)/extend {\"note\":\"\",\"seconds\":1800}" })
    }

    @Test("link --roster prints a link for each learner of the file after it was told to, and nothing before")
    func roster() async throws {
        let house = try House()
        let roster = house.scratch.path + "/class.csv"
        try "learner;name\ngrace;Grace\nada;Ada\n".write(toFile: roster, atomically: true, encoding: .utf8)
        let command = ["link", "--lab", "python", "--roster", roster, "--context", "101", "--config", house.file]
        let asking = try CarrelProcess(command)
        #expect(try await asking.end() == 1)
        let question = "this prints 2 links for learners in the roster \(roster)"
        #expect(asking.output.contains("\(question); nothing was done: give --yes"), "\(asking.output)")
        #expect(!asking.output.contains("https://"))

        let printing = try CarrelProcess(command + ["--yes"])
        #expect(try await printing.end() == 0)
        let lines = printing.output.split(separator: "\n")
        try #require(lines.count == 4, "\(printing.output)")
        #expect(lines[0] == question && lines[1] == "learner,link")
        let configuration = try Configuration(contentsOf: house.file)
        let door = SignedLinkDoor(try LaunchSecrets(directory: configuration.secretsDirectory).links)
        for (line, learner) in zip(lines[2...], ["ada", "grace"]) {
            let start = "\(learner),\(configuration.origin(of: configuration.portals[0]))"
            #expect(line.hasPrefix(start))
            let request = try #require(HTTPRequest(method: "GET", target: String(line.dropFirst(start.count))))
            let launch = try door.verify(request.query, portal: "school", now: .current())
            #expect(launch.person.subject == learner && launch.target == .lab("python") && launch.course == "101")
        }
    }
}
