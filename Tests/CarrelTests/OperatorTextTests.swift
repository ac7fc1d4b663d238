import Broker
import Foundation
import Portal
import Testing

@testable import BrokerCore
@testable import Words
@testable import carrel

private let now = Timestamp(milliseconds: 1_767_222_000_000)  // 2025-12-31T23:00:00Z
private let utc = TimeText(clock: .utc)

private func host(_ state: String, sessions: Int = 3, deadline: Int64? = nil, reason: String? = nil) throws -> HostView
{
    try APICoding.decode(
        HostView.self,
        from: Array(
            """
            {"name": "one", "endpoint": "unix:///run/docker.sock", "state": "\(state)", "sessions": \(sessions), "starting": 1, "starts_allowed": 2,
             "seats": 4, "slots": 40, "memory_used_bytes": 3221225472, "memory_limit_bytes": 51539607552, "density": 0.0749,
             "use": {"policy": "profiled", "asked_bytes": 4294967296, "used_bytes": 1288490188, "safe_bytes": 2147483648, "cpus": 0.257, "is_strained": false},
             "origin": "configuration", "is_adjusted": false, "labels": {}, "other_containers": 0, "other_memory_bytes": 0
             \(deadline.map { ", \"drain_deadline\": \($0)" } ?? "") \(reason.map { ", \"reason\": \"\($0)\"" } ?? "")}
            """.utf8))
}

private func session(_ id: String, _ state: String, extra: String = "") throws -> SessionView {
    try APICoding.decode(
        SessionView.self,
        from: Array(
            """
            {"id": "\(id)", "portal": "school", "learner": "ada", "learner_name": "Ada\\u001b[2J", "lab": "python",
             "lab_title": "Python", "kind": "jupyter", "state": "\(state)", "host": "one", "image": "carrel/jupyterlab:1",
             "epoch": 2, "hostname": "\(id).labs.test", "url": "https://\(id).labs.test/", "created_at": 1767218400000,
             "since": 1767221000000, "last_activity_at": 1767221940000 \(extra)}
            """.utf8))
}

@Suite("What operators read") struct OperatorTextTests {
    @Test("a host shows its state, seats, memory and density")
    func hosts() throws {
        let text = HostTable.text(
            [try host("active"), try host("draining", deadline: now.milliseconds + 90_000, reason: "drained by hand")],
            now: now)
        #expect(
            text == """
                NAME  STATE     SESSIONS  STARTING  SEATS      MEMORY  ASKED    USED  SAFE  DENSITY  ENDPOINT                 NOTE
                one   active           3       1/2   4/40  3GiB/48GiB   4GiB  1.2GiB  2GiB       7%  unix:///run/docker.sock
                one   draining         3       1/2   4/40  3GiB/48GiB   4GiB  1.2GiB  2GiB       7%  unix:///run/docker.sock  drained by hand; until the deadline in 1m30s
                """)
    }

    @Test("a session shows who, where, since when, and its place in the queue")
    func sessions() throws {
        let queued = #", "queue_position": 2, "queue_length": 5, "estimate_seconds": 75"#
        let text = SessionTable.text(
            [try session("abc", "running"), try session("def", "queued", extra: queued)], now: now, time: utc)
        #expect(
            text == """
                ID   STATE    LAB     LEARNER  NAME          HOST  SINCE     LAST ACTIVITY  NOTE
                abc  running  python  ada      Ada\\u{1B}[2J  one   22:43:20         1m ago
                def  queued   python  ada      Ada\\u{1B}[2J  one   22:43:20         1m ago  place 2 of 5 in the queue, about 1m15s
                """)
    }

    @Test("a story is told in order, with the time that each step took")
    func story() throws {
        let id = SessionID(rawValue: "abc")
        let story = [
            StoryEntry(session: id, at: now, epoch: 1, state: "starting", host: "one", reason: "a seat is free"),
            StoryEntry(
                session: id, at: now + .milliseconds(2340), epoch: 1, state: "running", host: "one", reason: "ready"),
        ]
        let view = try session("abc", "starting", extra: #", "step": "waiting", "lifetime_ends_at": 1767236400000"#)
        let text = SessionTable.story(view, story, now: now, time: utc)
        #expect(text.contains("state               starting (waiting)\n"))
        #expect(text.contains("ends at the latest  2026-01-01 03:00:00\n"))
        #expect(
            text.hasSuffix(
                """
                TIME                     AFTER  STATE     RUN  HOST  REASON
                2025-12-31 23:00:00.000         starting    1  one   a seat is free
                2025-12-31 23:00:02.340   2.3s  running     1  one   ready
                """))
    }

    @Test("an explanation shows the decision, the last sign of use, every limit and what counts")
    func explanation() throws {
        let id = SessionID(rawValue: "abc")
        let explanation = SessionExplanation(
            session: id, lab: "python", state: "running", since: now - .seconds(3600), summary: "It is alive.",
            decision: StoryEntry(
                session: id, at: now - .seconds(3600), epoch: 1, state: "running", host: "one", reason: "ready"),
            lastSign: SessionExplanation.Sign(
                at: now - .seconds(60), source: .edge, words: "somebody did something in it"),
            ends: [
                SessionExplanation.End(cause: .idle, at: now + .seconds(540), why: "because", isWarned: true),
                SessionExplanation.End(cause: .lifetime, at: nil, why: "why not", isWarned: false),
            ],
            extended: SessionExplanation.Extension(
                totalSeconds: 7200, by: "the operator ada\u{1b}[2J", notIdleBefore: now + .seconds(60)),
            keeps: 2, queuePosition: nil, queueLength: nil, estimateSeconds: nil,
            rules: [
                ActivityRule(what: "a page", counts: true, witness: .edge, example: "GET /"),
                ActivityRule(what: "a busy kernel", counts: true, witness: .lab, example: nil),
            ])
        #expect(
            ExplanationText.text(explanation, now: now, time: utc) == """
                session abc, lab python: running since 2025-12-31 22:00:00 (1h ago)
                It is alive.

                decided           2025-12-31 22:00:00: ready
                last sign of use  2025-12-31 22:59:00 (1m ago): somebody did something in it
                kept              2 of 4 times in a row
                extended          by 2h, last by the operator ada\\u{1B}[2J; not idle before 2025-12-31 23:01:00

                ENDS BY   AT                   IN  WARNED  WHY
                idle      2025-12-31 23:09:00  9m  yes     because
                lifetime  never as it is        -  no      why not

                COUNTS  SEEN BY  WHAT           FOR EXAMPLE
                yes     edge     a page         GET /
                yes     lab      a busy kernel
                """)
    }

    @Test("a drain shows who is still there and until when, and knows when it is over")
    func drain() throws {
        var progress = DrainProgress(host: "one")
        let view = try host("draining", deadline: now.milliseconds + 600_000)
        let sessions = [
            try session("b", "running", extra: #", "lifetime_ends_at": 1767222060000"#), try session("a", "ending"),
            try session("c", "ended"),
        ]
        #expect(
            progress.text(view, sessions, now: now, time: utc) == """
                one is draining, at the latest at 23:10:00 (in 10m); still there: 2
                ID  STATE    LAB     LEARNER  NAME          LAST ACTIVITY  ENDS AT THE LATEST
                a   ending   python  ada      Ada\\u{1B}[2J         1m ago  23:10:00
                b   running  python  ada      Ada\\u{1B}[2J         1m ago  23:01:00
                """)
        let news = [sessions, sessions, Array(sessions.dropFirst())].map { progress.isNews(view, $0) }
        #expect(news == [true, false, true])
        #expect(progress.outcome(view) == .goesOn)
        #expect(progress.outcome(try host("unreachable")) == .goesOn)
        #expect(progress.outcome(try host("drained")) == .drained)
        #expect(progress.outcome(try host("active")) == .cancelled("the drain of one was cancelled: it is active"))
        #expect(progress.outcome(nil) == .cancelled("one is no longer in the configuration"))
        #expect(progress.text(try host("drained"), [], now: now, time: utc) == "one is drained; nobody is there")
    }
}
