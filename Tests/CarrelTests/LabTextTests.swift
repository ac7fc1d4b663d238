import Broker
import BrokerCore
import Foundation
import Portal
import Testing
import Text

@testable import carrel

@Suite("What operators read of labs and images") struct LabTextTests {
    private let now = Timestamp(milliseconds: 1_767_222_000_000)

    private func lab(pull: String = "", seen: Int = 212, charge: Int64 = 545_259_520) throws -> LabView {
        try APICoding.decode(
            LabView.self,
            from: Array(
                """
                {"portal": "school", "name": "python", "title": "Python", "kind": "jupyter", "image": "carrel/jupyterlab:1",
                 "memory_bytes": 1073741824, "profile": {"sessions": \(seen), "sessions_needed": 30,
                 "memory_p50_bytes": 150994944, "memory_p95_bytes": 436207616, "cpu_p50": 0.031, "cpu_p95": 0.206,
                 "charge_bytes": \(charge)}, "requires": {}, "image_id": "sha256:0123456789abcdef", "hosts": [
                 {"host": "one", "host_state": "active", "presence": "present", "image_id": "sha256:0123456789abcdef",
                  "created_at": 1767218400000, "differs": false},
                 {"host": "two", "host_state": "active", "presence": "present", "image_id": "sha256:fedcba9876543210",
                  "created_at": 1767135600000, "differs": true},
                 {"host": "three", "host_state": "draining", "presence": "missing", "differs": false \(pull)}]}
                """.utf8))
    }

    @Test("a lab shows its image, how many hosts have it, and where it is missing or another one")
    func listed() throws {
        #expect(
            LabText.table([try lab()]) == """
                LAB     KIND     MEMORY     P50     P95  CPU P95  SEEN  IMAGE                ID            HOSTS  NOTE
                python  jupyter    1GiB  144MiB  416MiB     0.21   212  carrel/jupyterlab:1  0123456789ab    2/3  missing on three; another image on two
                """)
    }

    @Test("a pull shows how far it is, and why it failed")
    func pulls() throws {
        let pulling = try lab(
            pull: #"""
                , "pull": {"state": "pulling", "layers_done": 2, "layers": 5, "bytes": 3355443, "total_bytes": 104857600, "message": "x"}
                """#)
        #expect(LabText.isPulling(pulling))
        #expect(
            LabText.images(pulling, now: now) == """
                python: carrel/jupyterlab:1
                HOST   STATE     IMAGE          BUILT  NOTE
                one    active    0123456789ab  1h ago
                two    active    fedcba987654  1d ago  another image than most hosts have
                three  draining  -                  -  missing; being pulled: 2 of 5 layers, 3.1MiB of 100MiB
                """)
        let failed = try lab(
            pull: #"""
                , "pull": {"state": "failed", "layers_done": 0, "layers": 0, "bytes": 0, "total_bytes": 0, "message": "access denied"}
                """#)
        #expect(!LabText.isPulling(failed))
        #expect(LabText.images(failed, now: now).hasSuffix("missing; not pulled: access denied"))
    }

    @Test("a lab is shown with what its sessions use, and what a seat counts for")
    func profile() throws {
        let text = LabText.details(try lab(), now: now)
        #expect(
            text.hasPrefix(
                """
                name               python
                asks               1GiB
                memory             p50 144MiB, p95 416MiB
                CPU                p50 0.03, p95 0.21
                learned from       212 sessions
                a seat counts for  1GiB where the policy is guaranteed, 520MiB where it is profiled
                """), "\(text)")
        #expect(text.contains("\n\npython: carrel/jupyterlab:1\n"))
        let young = LabText.details(try lab(seen: 1, charge: 1 << 30), now: now)
        #expect(young.contains("1 session; it counts from 30 on"))
        #expect(young.contains("a seat counts for  1GiB\n"))
    }

    @Test("what was not measured is not shown as nothing")
    func notMeasured() {
        #expect(UseText.size(nil) == "-" && UseText.cpus(nil) == "-")
        #expect(UseText.size(0) == "0B" && UseText.cpus(0) == "0.00" && UseText.cpus(12.345) == "12.35")
    }

    @Test("sizes are rounded for people")
    func sizes() {
        #expect(
            [0, 1023, 1024, 1536, 5 << 20, (100 << 20) + 600_000, 3 << 40].map { SizeText.brief($0) } == [
                "0B", "1023B", "1KiB", "1.5KiB", "5MiB", "100MiB", "3TiB",
            ])
    }
}
