import Broker
import BrokerCore
import Text

/// The table of sessions, for operators.
enum SessionTable {
    static func text(_ sessions: [SessionView], now: Timestamp, time: TimeText) -> String {
        var table = Table([
            ("ID", .left), ("STATE", .left), ("LAB", .left), ("LEARNER", .left), ("NAME", .left), ("HOST", .left),
            ("SINCE", .left), ("LAST ACTIVITY", .right), ("NOTE", .left),
        ])
        let names = LabNames(sessions.map(\.portal))
        for session in sessions {
            table.add([
                session.id.rawValue, state(session), names.name(session.lab, of: session.portal), session.learner,
                session.learnerName,
                session.host ?? "-", time.short(session.since, now: now), ago(session.lastActivityAt, now: now),
                note(session, now: now, time: time),
            ])
        }
        return table.text()
    }

    /// The details of one session: its fields, then its story.
    static func story(_ session: SessionView, _ story: [StoryEntry], now: Timestamp, time: TimeText) -> String {
        var entries = [
            ("id", session.id.rawValue), ("reference", session.id.reference), ("state", state(session)),
            ("lab", "\(session.lab) (\(session.labTitle))"),
            ("learner", "\(session.learner) (\(session.learnerName))"), ("course", session.course ?? "-"),
            ("portal", session.portal.rawValue),
            ("host", session.host ?? "-"), ("image", session.image), ("run", "\(session.epoch)"), ("url", session.url),
            ("created", time.moment(session.createdAt)),
            ("last activity", "\(time.moment(session.lastActivityAt)) (\(ago(session.lastActivityAt, now: now)))"),
        ]
        if let charge = session.chargeBytes {
            entries.append(("seat", "counts for \(SizeText.format(charge)) of its host's memory"))
        }
        if let use = session.use { entries.append(("use", UseText.session(use))) }
        if let end = session.announcedEndAt {
            let note = session.announcedNote.map { $0.isEmpty ? "" : " (\($0))" } ?? ""
            entries.append(("an operator ends it", time.moment(end) + note))
        }
        if let end = session.idleEndsAt { entries.append(("ends if idle", time.moment(end))) }
        if let end = session.lifetimeEndsAt { entries.append(("ends at the latest", time.moment(end))) }
        if let until = session.parkedUntil { entries.append(("kept until", time.moment(until))) }
        if let reason = session.reason { entries.append(("reason", reason)) }
        var table = Table([
            ("TIME", .left), ("AFTER", .right), ("STATE", .left), ("RUN", .right), ("HOST", .left), ("REASON", .left),
        ])
        var previous: Timestamp?
        for entry in story {
            table.add([
                time.precise(entry.at), previous.map { DurationText.brief(entry.at - $0) } ?? "", entry.state,
                "\(entry.epoch)", entry.host ?? "-", entry.reason,
            ])
            previous = entry.at
        }
        return Table.list(entries) + "\n\n" + table.text()
    }

    private static func state(_ session: SessionView) -> String {
        session.step.map { "\(session.state) (\($0))" } ?? session.state
    }

    private static func note(_ session: SessionView, now: Timestamp, time: TimeText) -> String {
        if let position = session.queuePosition {
            let length = session.queueLength.map { " of \($0)" } ?? ""
            let estimate = session.estimateSeconds.map { ", about \(DurationText.brief(.seconds($0)))" } ?? ""
            return "place \(position)\(length) in the queue\(estimate)"
        }
        if let until = session.parkedUntil {
            return "kept until \(time.short(until, now: now)): \(session.reason ?? "")"
        }
        return session.reason ?? ""
    }

    /// The state or outcome of a session, in a line.
    static func outcome(_ session: SessionView) -> String {
        let reason = session.reason.map { ": \(Table.cleaned($0))" } ?? ""
        return "session \(session.id) is \(session.state)\(reason)"
    }

    /// The result of ending a session, or of cancelling its end.
    ///
    /// - Parameter asked: when that was requested. A session that had ended before is unchanged.
    static func ending(_ session: SessionView, asked: Timestamp, time: TimeText) -> String {
        let over = [SessionState.Name.ending, .ended, .failed].map(\.rawValue)
        if over.contains(session.state), session.since < asked {
            let reason = session.reason.map { ": \(Table.cleaned($0))" } ?? ""
            return "session \(session.id) is \(session.state) already, so nothing was changed\(reason)"
        }
        guard session.state == SessionState.Name.running.rawValue else { return outcome(session) }
        guard let end = session.announcedEndAt else { return "session \(session.id) goes on" }
        return "session \(session.id) ends at \(time.moment(end)), and its learner has been told; "
            + "`carrel session end \(session.id) --cancel` takes it back"
    }

    static func ago(_ time: Timestamp, now: Timestamp) -> String {
        let past = now - time
        return past < .seconds(1) ? "now" : "\(DurationText.brief(past)) ago"
    }
}
