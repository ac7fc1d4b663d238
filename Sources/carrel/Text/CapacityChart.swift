import BrokerCore
import Text

/// The seats of a lab over time, as bars in a terminal: the reserved ones, those that sessions may still take, and the
/// requested ones on top.
struct CapacityChart {
    private let forecast: CapacityForecast
    private let wanted: ReservationTerms
    private let time: TimeText

    /// The height of the bars in lines.
    private static let height = 12
    /// Columns to the left of the bars, for the numbers of seats.
    private static let margin = 7

    init(_ forecast: CapacityForecast, wanted: ReservationTerms, time: TimeText) {
        self.forecast = forecast
        self.wanted = wanted
        self.time = time
    }

    /// How many steps of a forecast a terminal shows.
    static func columns(in width: Int) -> Int { min(max(width - margin - 1, 16), Limits.forecastSteps) }

    private struct Marks {
        var reserved, occupied, asked, tooMany, limit: Character
        var side, corner, base, tick: Character

        static let unicode = Marks(
            reserved: "▒", occupied: "░", asked: "█", tooMany: "×", limit: "─", side: "│", corner: "└", base: "─",
            tick: "┴")
        static let plain = Marks(
            reserved: "#", occupied: "o", asked: "+", tooMany: "X", limit: "-", side: "|", corner: "+", base: "-",
            tick: "^")
    }

    func text(_ terminal: Terminal) -> String {
        let marks = terminal.isUnicode ? Marks.unicode : Marks.plain
        let top = forecast.steps.map { $0.reserved + $0.occupied + asked(at: $0) }.max() ?? 0
        let greatest = max(forecast.capacity, top, 1)
        let unit = (greatest + Self.height - 1) / Self.height
        let rows = (greatest + unit - 1) / unit
        var lines: [String] = []
        for row in stride(from: rows, through: 1, by: -1) {
            let seats = row * unit
            let label = row == rows || row % 3 == 0 || rows <= 4 ? String(seats) : ""
            lines.append(Self.padded(label, to: Self.margin - 2) + " " + String(marks.side) + bar(row, unit, marks))
        }
        lines.append(String(repeating: " ", count: Self.margin - 1) + axis(marks))
        lines.append(String(repeating: " ", count: Self.margin) + clock())
        lines.append(
            "\(marks.reserved) reserved  \(marks.occupied) sessions that may still run  \(marks.asked) asked for  "
                + "\(marks.tooMany) too many  \(marks.limit) \(Plural.count(forecast.capacity, "seat")) can be reserved"
        )
        return lines.map(Self.withoutTrailingSpaces).joined(separator: "\n")
    }

    private func asked(at step: CapacityForecast.Step) -> Int {
        let end = step.at + (forecast.to - forecast.from) / forecast.steps.count
        return wanted.opensAt < end && step.at < wanted.endsAt ? wanted.seats : 0
    }

    /// One line of the bars: the seats from `(row - 1) * unit` up to `row * unit`; a bar with any of them is drawn.
    private func bar(_ row: Int, _ unit: Int, _ marks: Marks) -> String {
        let floor = (row - 1) * unit
        let isLimit = floor < forecast.capacity && forecast.capacity <= row * unit
        return String(
            forecast.steps.map { step -> Character in
                let reserved = step.reserved
                let occupied = reserved + step.occupied
                let asked = occupied + asked(at: step)
                if floor < reserved { return marks.reserved }
                if floor < occupied { return marks.occupied }
                if floor < asked { return floor >= occupied + step.free ? marks.tooMany : marks.asked }
                return isLimit ? marks.limit : " "
            })
    }

    /// The axis, with marks at the start and the end.
    private func axis(_ marks: Marks) -> String {
        var axis = Array(repeating: marks.base, count: forecast.steps.count)
        for moment in [wanted.from, wanted.to] {
            if let column = column(of: moment) { axis[column] = marks.tick }
        }
        return String(marks.corner) + String(axis)
    }

    /// The times at the two marks, with their days if those differ.
    private func clock() -> String {
        var line = ""
        var last: Timestamp?
        for moment in [wanted.from, wanted.to] {
            guard let column = column(of: moment) else { continue }
            let whole = time.moment(moment).dropLast(3)
            let isSameDay = last.map { time.moment($0).prefix(10) == whole.prefix(10) } ?? false
            let text = isSameDay ? String(whole.suffix(5)) : String(whole)
            let start = max(line.isEmpty ? 0 : line.count + 1, min(column, forecast.steps.count - text.count))
            line += String(repeating: " ", count: max(0, start - line.count)) + text
            last = moment
        }
        return line
    }

    private func column(of moment: Timestamp) -> Int? {
        guard forecast.from <= moment, moment < forecast.to else { return nil }
        let length = (forecast.to - forecast.from).wholeMilliseconds
        return Int((moment - forecast.from).wholeMilliseconds * Int64(forecast.steps.count) / length)
    }

    private static func padded(_ text: String, to width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }

    private static func withoutTrailingSpaces(_ line: String) -> String {
        var line = line[...]
        while line.last == " " { line.removeLast() }
        return String(line)
    }
}
