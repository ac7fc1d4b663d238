import BrokerCore
import Foundation
import Scheduling
import Testing

@testable import carrel

@Suite("Tables and times") struct TableTests {
    @Test("columns are aligned, numbers to the right, without trailing spaces")
    func aligned() {
        var table = Table([("NAME", .left), ("SLOTS", .right), ("NOTE", .left)])
        table.add(["one", "40", ""])
        table.add(["a-longer-name", "5", "waits"])
        #expect(
            table.text() == """
                NAME           SLOTS  NOTE
                one               40
                a-longer-name      5  waits
                """)
    }

    @Test("a name cannot command the terminal")
    func cleaned() {
        var table = Table([("NAME", .left)])
        table.add(["Ada\u{1B}[2J\nLovelace"])
        #expect(table.text() == "NAME\nAda\\u{1B}[2J\\u{A}Lovelace")
        #expect(Table.list([("a", "1"), ("long", "\u{7}2")]) == "a     1\nlong  \\u{7}2")
    }

    @Test("a name of any length leaves the other columns in sight, and notes stay whole")
    func cut() {
        var table = Table([("NAME", .left), ("STATE", .left), ("NOTE", .left)])
        let long = String(repeating: "n", count: 500)
        table.add([long, "running", long])
        let line = table.text().split(separator: "\n")[1]
        let name = String(repeating: "n", count: Table.cellWidth - 1) + "…"
        #expect(line == "\(name)  running  \(long)")
    }

    @Test("a moment is read in the operator's zone, with the date unless it is today's")
    func moments() throws {
        let time = TimeText(clock: WallClock(name: "x", rules: ZoneRules(fixed: 3600)))
        let moment = Timestamp(milliseconds: 1_767_222_000_007)  // 2025-12-31T23:00:00.007Z
        #expect(time.moment(moment) == "2026-01-01 00:00:00")
        #expect(time.precise(moment) == "2026-01-01 00:00:00.007")
        #expect(time.short(moment, now: moment + .seconds(3600)) == "00:00:00")
        #expect(time.short(moment, now: moment + .seconds(-1)) == "2026-01-01 00:00:00")
    }
}
