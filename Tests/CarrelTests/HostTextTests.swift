import Broker
import Foundation
import Portal
import Testing

@testable import BrokerCore
@testable import carrel

@Suite("What operators read of one host") struct HostTextTests {
    private let now = Timestamp(milliseconds: 1_767_222_000_000)  // 2025-12-31T23:00:00Z
    private let utc = TimeText(clock: .utc)

    private func details(sharesHomes: Bool, running: Int, starting: Int = 0) throws -> HostDetailsView {
        func session(_ number: Int, _ state: String) -> String {
            """
            {"id": "s\(number)", "portal": "school", "learner": "ada", "learner_name": "Ada\\u001b[2J", "lab": "python",
             "lab_title": "Python", "kind": "jupyter", "state": "\(state)", "host": "one", "image": "i",
             "epoch": 2, "hostname": "h", "url": "https://h/", "created_at": 1767218400000,
             "since": 1767221000000, "last_activity_at": 1767221940000, "lifetime_ends_at": 1767222060000}
            """
        }
        let sessions =
            (0..<running).map { session($0, "running") }
            + (running..<running + starting).map { session($0, "starting") }
        return try APICoding.decode(
            HostDetailsView.self,
            from: Array(
                """
                {"shares_homes": \(sharesHomes), "parked": \(sharesHomes ? "[]" : "[\"p1\", \"p2\"]"), "images": [{"portal": "school", "lab": "python", "image": "i:1", "found": {"host": "one",
                 "host_state": "active", "presence": "missing", "differs": false}}], "sessions": [\(sessions.joined(separator: ","))], "host":
                {"name": "one", "endpoint": "unix:///run/docker.sock", "state": "unreachable", "sessions": 1, "starting": 0,
                 "starts_allowed": 2, "seats": 1, "slots": 40, "memory_used_bytes": 1073741824,
                 "memory_limit_bytes": 2147483648, "restores_live": false, "use": {"policy": "profiled", "asked_bytes": 4294967296, "used_bytes": 1288490188, "safe_bytes": 2147483648, "cpus": 0.257, "is_strained": false},
                 "density": 0.5, "origin": "runtime",
                 "is_adjusted": true, "engine_id": "AB:CD",
                 "clock_skew_milliseconds": -7200, "other_containers": 2, "other_memory_bytes": 1073741824, "labels": {"gpu": "true", "disk_kind": "ssd"}, "reason": "It does not answer."}}
                """.utf8))
    }

    @Test("a host is shown with who is there, and until when")
    func shown() throws {
        let text = HostText.details(try details(sharesHomes: true, running: 1), now: now, time: utc)
        #expect(
            text == """
                name          one
                state         unreachable
                endpoint      unix:///run/docker.sock
                seats         1 of 40
                memory        1GiB of 2GiB
                use           4GiB asked, 1.2GiB used, 0.26 CPUs, 2GiB safe to expect
                policy        profiled: a seat counts for what sessions of its lab were measured to use
                starting      0, at most 2 at the same time
                live-restore  off: a restart of the engine ends every lab here
                labels        disk_kind=ssd gpu=true
                from          host add, changed by host set
                engine        AB:CD
                clock         -7200 ms
                others        2 labs of another Carrel with 1GiB
                note          It does not answer.

                LAB     IMAGE  ID  NOTE
                python  i:1    -   missing

                ID  STATE    LAB     LEARNER  NAME          LAST ACTIVITY  ENDS AT THE LATEST
                s0  running  python  ada      Ada\\u{1B}[2J         1m ago  23:01:00
                """)
        let table = HostTable.text([try details(sharesHomes: true, running: 1).host], now: now)
        #expect(table.hasSuffix("It does not answer.; its clock is 7.2s behind; 2 labs of another Carrel with 1GiB"))
        let empty = HostText.details(try details(sharesHomes: true, running: 0), now: now, time: utc)
        #expect(empty.hasSuffix("\n\nNobody is there."))
    }

    @Test("what the host's kernel has too little of for all its labs is shown, and nothing where it has enough")
    func kernel() throws {
        var details = try details(sharesHomes: true, running: 0)
        details.host.kernel = KernelLimits(inotifyInstances: 128, inotifyWatches: 1 << 20, pipePages: 0)
        let row =
            "kernel        little for all labs here together: fs.inotify.max_user_instances is 128 and should be "
            + "1280"
        #expect(HostText.details(details, now: now, time: utc).contains(row + "\n"))
        details.host.kernel?.inotifyInstances = 1280
        #expect(!HostText.details(details, now: now, time: utc).contains("kernel"))
    }

    @Test("before a host is declared lost, it is said how many get a new seat, and how many lose their lab")
    func lossAhead() throws {
        let shared = HostText.lossAhead(try details(sharesHomes: true, running: 3, starting: 1))
        #expect(
            shared.hasPrefix(
                "3 learners with a lab there get a new seat, with the same files, at the same address; 1 more"))
        let bound = HostText.lossAhead(try details(sharesHomes: false, running: 1))
        #expect(bound.hasPrefix("1 learner with a lab there loses it, and their files with it"))
        #expect(bound.contains("; 2 parked with their files there end"))
        let closed = HostText.details(try details(sharesHomes: false, running: 0), now: now, time: utc)
        #expect(closed.contains("parked        2 with their files here, where alone they can come back"))
    }
}
