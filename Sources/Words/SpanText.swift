import BrokerCore

/// Lengths of time as learners read them, rounded to a useful precision: `a few seconds`, `40 seconds`, `90 minutes`,
/// `2 hours`, `3½ hours`, `7 days`. Limits are shown by it, too, so a fraction of an hour is not rounded to a whole one.
struct SpanText {
    let catalogue: Catalogue

    func learner(_ seconds: Int64) -> String {
        switch max(seconds, 0) {
        case 0..<5: text("time.few-seconds", nil)
        case let value where value < 90: text("time.seconds", (value + 2) / 5 * 5)
        case let value where value < 3 * 3600: minutes((value + 30) / 60)
        case let value where value < 36 * 3600 && value % 3600 == 1800: text("time.half-hours", value / 3600)
        case let value where value < 36 * 3600: text("time.hours", (value + 1800) / 3600)
        case let value: text("time.days", (value + 43_200) / 86_400)
        }
    }

    private func minutes(_ count: Int64) -> String {
        count >= 120 && count % 60 == 0 ? text("time.hours", count / 60) : text("time.minutes", count)
    }

    private func text(_ key: String, _ number: Int64?) -> String {
        let arguments = number.map { ["n": Message.Argument.number($0)] } ?? [:]
        let filling = Filling(catalogue: catalogue, arguments: arguments, seen: Timestamp(milliseconds: 0))
        return filling.prose(key)?.plain ?? key
    }
}
