import BrokerCore
import Foundation
import Testing

@testable import carrel

@Suite("The chart of the seats") struct CapacityChartTests {
    private let start = Timestamp(milliseconds: 1_796_108_400_000)  // 2026-12-01T07:00:00Z
    private let time = TimeText(clock: .utc)

    /// Eight half hours from seven, for a class from eight to ten.
    private func chart(seats: Int, capacity: Int, reserved: [Int], occupied: [Int]) -> CapacityChart {
        let steps = reserved.indices.map { index in
            CapacityForecast.Step(
                at: start + .seconds(1800 * index), reserved: reserved[index], occupied: occupied[index],
                free: capacity - reserved[index] - occupied[index])
        }
        return CapacityChart(
            CapacityForecast(
                from: start, to: start + .seconds(1800 * steps.count), capacity: capacity, steps: steps),
            wanted: ReservationTerms(
                lab: "school/python", seats: seats, from: start + .seconds(3600),
                to: start + .seconds(10_800), lead: .zero),
            time: time)
    }

    @Test("shows what is reserved, who may still be there, what is asked for, and what is too much")
    func plain() {
        let text = chart(
            seats: 3, capacity: 4, reserved: [0, 0, 0, 1, 1, 2, 2, 0], occupied: [1, 1, 0, 0, 0, 0, 0, 0]
        ).text(Terminal(width: 80, isUnicode: false))
        #expect(
            text.split(separator: "\n", omittingEmptySubsequences: false) == [
                "    5 |     X", "      |---+++--", "    3 |  ++++", "      |  +++##", "      |oo+####",
                "      +--^---^-",
                "       2026-12-01 08:00 10:00",
                "# reserved  o sessions that may still run  + asked for  X too many  - 4 seats can be reserved",
            ])
    }

    @Test("a big house is drawn in as many lines, each for several seats")
    func scaled() {
        let text = chart(
            seats: 300, capacity: 1000, reserved: Array(repeating: 100, count: 8),
            occupied: Array(repeating: 0, count: 8)
        ).text(Terminal(width: 80, isUnicode: true))
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.count == 15 && lines[0].contains("─") && lines[0].contains("1008"))
        #expect(
            lines.filter { $0.contains("█") }.count == 4 && lines.last?.contains("1000 seats can be reserved") == true)
    }

    @Test("a house without a host, or without a wish, is drawn, too")
    func empty() {
        let text = chart(
            seats: 2, capacity: 0, reserved: Array(repeating: 0, count: 8), occupied: Array(repeating: 0, count: 8)
        )
        .text(Terminal(width: 80, isUnicode: false))
        #expect(text.contains("XXXX") && text.contains("0 seats can be reserved"))
    }

    @Test("as wide as the terminal, with plain characters where it shows no others")
    func terminal() {
        #expect(
            Terminal.current(plain: false, environment: ["COLUMNS": "120", "LANG": "pl_PL.UTF-8"])
                == Terminal(width: 120, isUnicode: true))
        #expect(!Terminal.current(plain: false, environment: ["COLUMNS": "120", "LANG": "C"]).isUnicode)
        #expect(!Terminal.current(plain: false, environment: ["LC_ALL": "C", "LANG": "pl_PL.UTF-8"]).isUnicode)
        #expect(Terminal.current(plain: false, environment: ["LC_ALL": "", "LANG": "C.utf8"]).isUnicode)
        #expect(!Terminal.current(plain: true, environment: ["LANG": "pl_PL.UTF-8"]).isUnicode)
        #expect(Terminal(width: 3, isUnicode: true).width == 40 && Terminal(width: 9999, isUnicode: true).width == 240)
        #expect(CapacityChart.columns(in: 80) == 72 && CapacityChart.columns(in: 100_000) == Limits.forecastSteps)
    }
}
