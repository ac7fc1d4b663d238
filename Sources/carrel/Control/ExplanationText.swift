import BrokerCore
import Text
import Words

/// The explanation of a session's state, for operators.
enum ExplanationText {
    static func text(_ explanation: SessionExplanation, now: Timestamp, time: TimeText) -> String {
        let since = "\(time.moment(explanation.since)) (\(SessionTable.ago(explanation.since, now: now)))"
        let head = "session \(explanation.session), lab \(explanation.lab): \(explanation.state) since \(since)"
        var parts = [Table.cleaned(head) + "\n" + Table.cleaned(explanation.summary)]
        let facts = facts(explanation, now: now, time: time)
        if !facts.isEmpty { parts.append(Table.list(facts)) }
        if !explanation.ends.isEmpty { parts.append(ends(explanation.ends, now: now, time: time)) }
        if !explanation.rules.isEmpty { parts.append(rules(explanation.rules)) }
        return parts.joined(separator: "\n\n")
    }

    private static func facts(
        _ explanation: SessionExplanation, now: Timestamp, time: TimeText
    ) -> [(String, String)] {
        var facts: [(String, String)] = []
        if let position = explanation.queuePosition {
            facts.append(("place in the queue", "\(position)" + (explanation.queueLength.map { " of \($0)" } ?? "")))
        }
        if let moment = explanation.waiting?.seatBy {
            facts.append(("a seat is free", "at \(time.moment(moment)), or before"))
        }
        if let seconds = explanation.estimateSeconds {
            facts.append(("estimate", "about \(DurationText.brief(.seconds(seconds)))"))
        }
        if let decision = explanation.decision {
            facts.append(("decided", "\(time.moment(decision.at)): \(decision.reason)"))
        }
        if let sign = explanation.lastSign {
            let ago = SessionTable.ago(sign.at, now: now)
            facts.append(("last sign of use", "\(time.moment(sign.at)) (\(ago)): \(sign.words)"))
        }
        if explanation.keeps > 0 {
            facts.append(("kept", "\(explanation.keeps) of \(Limits.keepsInARow) times in a row"))
        }
        if let extended = explanation.extended {
            let total = DurationText.format(.seconds(extended.totalSeconds))
            let floor = time.moment(extended.notIdleBefore)
            facts.append(("extended", "by \(total), last by \(extended.by); not idle before \(floor)"))
        }
        return facts
    }

    private static func ends(_ ends: [SessionExplanation.End], now: Timestamp, time: TimeText) -> String {
        var table = Table([("ENDS BY", .left), ("AT", .left), ("IN", .right), ("WARNED", .left), ("WHY", .left)])
        for end in ends {
            table.add([
                end.cause.rawValue, end.at.map { time.moment($0) } ?? "never as it is",
                end.at.map { DurationText.brief(max(.zero, $0 - now)) } ?? "-", end.isWarned ? "yes" : "no", end.why,
            ])
        }
        return table.text()
    }

    private static func rules(_ rules: [ActivityRule]) -> String {
        var table = Table([("COUNTS", .left), ("SEEN BY", .left), ("WHAT", .left), ("FOR EXAMPLE", .left)])
        for rule in rules {
            table.add([rule.counts ? "yes" : "no", rule.witness.rawValue, rule.what, rule.example ?? ""])
        }
        return table.text()
    }
}
