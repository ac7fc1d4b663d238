import ArgumentParser
import Broker
import BrokerCore
import EventLoop
import Foundation
import HTTPTransport
import Portal
import Testing

@testable import carrel

@Suite("The deadline of a drain") struct DrainDeadlineTests {
    private let now = Timestamp(milliseconds: 1_767_222_000_000)  // 2025-12-31T23:00:00Z
    private let utc = TimeText(clock: .utc)

    private static func host(_ state: String, sessions: Int, deadline: Int64? = nil) -> String {
        """
        {"name": "one", "endpoint": "unix:///run/docker.sock", "state": "\(state)", "sessions": \(sessions),
         "starting": 0, "starts_allowed": 2, "seats": 4, "slots": 40, "memory_used_bytes": 0, "memory_limit_bytes": 1,
         "density": 0, "use": {"policy": "profiled", "asked_bytes": 0, "used_bytes": 0, "safe_bytes": 0, "cpus": 0,
         "is_strained": false}, "origin": "configuration", "is_adjusted": false, "labels": {}, "other_containers": 0,
         "other_memory_bytes": 0\(deadline.map { ", \"drain_deadline\": \($0)" } ?? "")}
        """
    }

    private static func session(_ id: String, _ state: String) -> String {
        """
        {"id": "\(id)", "portal": "school", "learner": "ada", "learner_name": "Ada", "lab": "python",
         "lab_title": "Python", "kind": "jupyter", "state": "\(state)", "image": "i", "epoch": 1, "hostname": "h",
         "url": "u", "created_at": 1, "since": 1, "last_activity_at": 1}
        """
    }

    private func view<T: Decodable>(_ json: String, as type: T.Type) throws -> T {
        try APICoding.decode(type, from: Array(json.utf8))
    }

    @Test("sooner than the notice of session end takes consent; none, or a later one, does not")
    func short() throws {
        #expect(try !DrainDeadline.parse([]).isShort)
        #expect(try !DrainDeadline.parse(["--deadline", "5m"]).isShort)
        #expect(try DrainDeadline.parse(["--deadline", "299s"]).isShort)
        let now = try DrainDeadline.parse(["--now"])
        #expect(now.isShort && now.duration == .zero)
        #expect(throws: (any Error).self) { try DrainDeadline.parse(["--now", "--deadline", "1h"]) }
        #expect(throws: (any Error).self) { try Carrel.parseAsRoot(["host", "remove", "x", "--now"]) }
        #expect(throws: Never.self) { try Carrel.parseAsRoot(["host", "remove", "x", "--drain", "--now"]) }
    }

    @Test("is asked for with the number of sessions that it ends, and when")
    func question() throws {
        let two = try [Self.session("a", "running"), Self.session("b", "running")].map {
            try view($0, as: SessionView.self)
        }
        #expect(
            DrainDeadline.question(two, on: ["one"], within: .zero)
                == "this ends 2 sessions of host one (python 2) at once, without notice")
        #expect(
            DrainDeadline.question([two[0]], on: ["one", "two"], within: .seconds(60))
                == "this ends 1 session of hosts one, two (python 1) within 1m, sooner than the usual notice of 5m, each when "
                + "its host's turn comes")
    }

    @Test("is told with what becomes of the sessions that are there")
    func outcome() throws {
        func outcome(_ json: String) throws -> String {
            DrainDeadline.outcome(try view(json, as: HostView.self), now: now, time: utc)
        }
        #expect(
            try outcome(Self.host("draining", sessions: 2, deadline: now.milliseconds + 60_000))
                == "one drains: sessions that do not end by themselves are ended at 23:01:00 (2 sessions are there now)"
        )
        #expect(try outcome(Self.host("draining", sessions: 1)) == "one drains: 1 session ends now")
        #expect(try outcome(Self.host("drained", sessions: 0)) == "one is drained: nobody is there")
        let turns = RollingText.outcome(["one", "two"], maxUnavailable: 1, deadline: .seconds(7200))
        #expect(turns.hasPrefix("one, two drain in turn, at most 1 at a time: sessions that do not end by themselves "))
        #expect(turns.contains(" are ended 2h after the turn of their host comes; "))
        let atOnce = RollingText.outcome(["one"], maxUnavailable: 1, deadline: .zero)
        #expect(atOnce.contains(" are ended when the turn of their host comes; "))
    }

    @ControlLoop
    @Test("that is short is not sent without consent, where sessions are live")
    func consent() async throws {
        let there = Self.session("a", "running") + "," + Self.session("b", "ending")
        let details =
            "{\"host\": \(Self.host("active", sessions: 2)), \"sessions\": [\(there)], \"shares_homes\": true, "
            + "\"parked\": [], \"images\": []}"
        let socket = try ControlSocket { request in
            let drained = "{\"host\": \(Self.host("draining", sessions: 2))}"
            return .json(Array((request.method == "GET" ? details : drained).utf8))
        }
        defer { socket.close() }
        let file = socket.scratch.path + "/carrel.yaml"
        try "state: .\n".write(toFile: file, atomically: true, encoding: .utf8)
        let asking = try CarrelProcess("host", "drain", "one", "--deadline", "0s", "--config", file)
        #expect(try await asking.end() == 1)
        #expect(
            asking.output.contains(
                "this ends 1 session of host one (python 1) at once, without notice; nothing was done"),
            "\(asking.output)")
        let draining = try CarrelProcess("host", "drain", "one", "--now", "--yes", "--config", file)
        #expect(try await draining.end() == 0, "\(draining.output)")
        #expect(draining.output.contains("one drains: 2 sessions end now"), "\(draining.output)")
        #expect(
            socket.asked == [
                "GET /v1/hosts/one ", "GET /v1/hosts/one ",
                "POST /v1/hosts/one/drain {\"deadline_seconds\":0,\"without_notice\":true}",
            ])
    }
}
