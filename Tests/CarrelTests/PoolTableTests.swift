import Broker
import Portal
import Testing

@testable import carrel

@Suite("What operators read of pools") struct PoolTableTests {
    private func pools(_ json: String) throws -> [PoolView] {
        try APICoding.decode(APIPools.self, from: Array("{\"pools\": [\(json)]}".utf8)).pools
    }

    @Test("a pool shows what it is to have, what it has and where, and why it has no more")
    func listed() throws {
        let text = PoolTable.text(
            try pools(
                """
                {"portal": "school", "lab": "python", "minimum": 5, "maximum": 20, "per_host": 10, "is_set": false,
                 "wanted": 7, "ready": 3, "starting": 1, "hosts": {"two": 1, "one": 3},
                 "reason": "No host has room."},
                {"portal": "school", "lab": "r", "minimum": 0, "maximum": 0, "per_host": 10, "is_set": true,
                 "wanted": 0, "ready": 0, "starting": 0, "hosts": {}}
                """))
        #expect(
            text == """
                LAB     MINIMUM  MAXIMUM  WANTED  READY  STARTING  HOSTS         NOTE
                python        5       20       7      3         1  one 3, two 1  No host has room.
                r             0        0       0      0         0                set by an operator
                """)
    }

    @Test("a pool that an operator has set and that lacks seats tells both")
    func both() throws {
        let text = PoolTable.text(
            try pools(
                """
                {"portal": "school", "lab": "python", "minimum": 5, "maximum": 5, "per_host": 10, "is_set": true,
                 "wanted": 5, "ready": 0, "starting": 0, "hosts": {}, "reason": "Somebody waits."}
                """))
        #expect(text.hasSuffix("  set by an operator; Somebody waits."))
    }

    @Test("no pool at all is a table without rows")
    func none() {
        #expect(PoolTable.text([]).split(separator: "\n").count == 1)
    }
}
