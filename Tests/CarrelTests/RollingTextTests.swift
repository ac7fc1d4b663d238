import Broker
import BrokerCore
import Foundation
import Portal
import Testing

@testable import carrel

@Suite("What operators read of a rolling drain") struct RollingTextTests {
    private let now = Timestamp(milliseconds: 1_767_222_000_000)  // 2025-12-31T23:00:00Z
    private let utc = TimeText(clock: .utc)

    private func drain(_ phases: [(String, String)]) throws -> RollingDrainView {
        let hosts = phases.map { "{\"host\": \"\($0.0)\", \"phase\": \"\($0.1)\"}" }.joined(separator: ",")
        return try APICoding.decode(
            RollingDrainView.self,
            from: Array("{\"hosts\": [\(hosts)], \"max_unavailable\": 1, \"deadline_seconds\": 60}".utf8))
    }

    private func host(_ name: String, _ state: String, deadline: Int64? = nil) throws -> HostView {
        let end = deadline.map { ", \"drain_deadline\": \($0)" } ?? ""
        return try APICoding.decode(
            HostView.self,
            from: Array(
                """
                {"name": "\(name)", "endpoint": "e", "state": "\(state)", "sessions": 2, "starting": 0, "starts_allowed": 2,
                 "seats": 2, "slots": 40, "memory_used_bytes": 0, "memory_limit_bytes": 1, "density": 0,
                 "use": {"policy": "profiled", "asked_bytes": 4294967296, "used_bytes": 1288490188, "safe_bytes": 2147483648, "cpus": 0.257, "is_strained": false}, "origin": "runtime",
                 "is_adjusted": false, "labels": {}, "other_containers": 0, "other_memory_bytes": 0 \(end)}
                """.utf8))
    }

    @Test("each host is shown with its turn, and with what is to be done")
    func shown() throws {
        let hosts = [
            try host("a", "active"), try host("b", "drained"),
            try host("c", "draining", deadline: now.milliseconds + 60_000), try host("d", "active"),
        ]
        let text = RollingText.text(
            try drain([("a", "done"), ("b", "begun"), ("c", "begun"), ("d", "waiting"), ("e", "waiting")]), hosts,
            now: now, time: utc)
        #expect(
            text == """
                HOST  TURN     STATE     SESSIONS  NOTE
                a     done     active           2
                b     begun    drained          2  do its work, then carrel host uncordon b
                c     begun    draining         2  empty at the latest at 23:01:00
                d     waiting  active           2  its turn comes when another is uncordoned
                e     waiting  gone             0  its turn comes when another is uncordoned
                """)
    }

    @Test("it is through when nothing more happens by itself")
    func through() throws {
        let hosts = [try host("a", "active"), try host("b", "drained"), try host("c", "draining")]
        #expect(RollingText.isThrough(try drain([("a", "done"), ("b", "begun"), ("gone", "begun")]), hosts))
        #expect(!RollingText.isThrough(try drain([("b", "begun"), ("c", "begun")]), hosts))
        #expect(!RollingText.isThrough(try drain([("a", "waiting"), ("b", "begun")]), hosts))
        let before = RollingText.news(try drain([("a", "waiting")]), hosts)
        #expect(RollingText.news(try drain([("a", "begun")]), hosts) != before)
    }
}
