import BrokerCore
import GRDB
import Identity
import Words

/// Stores sessions in the table `sessions`.
enum SessionRow {
    static let columns = """
        id, portal, learner, learner_name, lab, epoch, state, since, host, step, address, port, \
        end_reason, end_number, end_text, failure, created_at, last_activity_at, failed_attempts, \
        activity_source, keeps, extended, not_idle_before, extended_by, context, reservation, warm, charge, \
        seat_until, announced_end, announced_note
        """

    private static let placeholders = repeatElement("?", count: columns.split(separator: ",").count)
        .joined(separator: ", ")

    static let upsert = """
        INSERT INTO sessions (\(columns)) VALUES (\(placeholders))
        ON CONFLICT (id) DO UPDATE SET
            portal = excluded.portal, learner = excluded.learner, learner_name = excluded.learner_name,
            lab = excluded.lab, epoch = excluded.epoch, state = excluded.state, since = excluded.since,
            host = CASE WHEN excluded.state IN ('parked', 'ended', 'failed') THEN host ELSE excluded.host END,
            step = excluded.step, address = excluded.address, port = excluded.port,
            end_reason = excluded.end_reason, end_number = excluded.end_number, end_text = excluded.end_text,
            failure = excluded.failure, created_at = excluded.created_at,
            activity_source = excluded.activity_source, last_activity_at = excluded.last_activity_at,
            failed_attempts = excluded.failed_attempts, keeps = excluded.keeps, extended = excluded.extended,
            not_idle_before = excluded.not_idle_before, extended_by = excluded.extended_by,
            context = excluded.context, reservation = excluded.reservation, warm = excluded.warm,
            charge = excluded.charge, seat_until = excluded.seat_until,
            announced_end = excluded.announced_end, announced_note = excluded.announced_note
        """

    static func arguments(_ session: Session) -> StatementArguments {
        let state = StateColumns(session.state)
        return [
            session.id.rawValue, session.learner.portal.rawValue, session.learner.id, session.learner.name,
            session.lab.name,
            session.epoch, state.name, state.since.milliseconds, state.host, state.step?.rawValue,
            state.endpoint?.address, state.endpoint?.port,
            state.end?.word, state.end?.number, state.end?.text ?? state.fault?.rawValue, state.failure,
            session.createdAt.milliseconds, session.lastActivityAt.milliseconds, session.failedAttempts,
            session.stay.source.rawValue, session.stay.keeps, session.stay.extended.wholeMilliseconds,
            session.stay.notIdleBefore?.milliseconds, session.stay.extendedBy,
            session.context, session.reservation?.rawValue, session.warm?.number, session.charge,
            session.stay.seatUntil?.milliseconds, session.stay.announcedEnd?.at.milliseconds,
            session.stay.announcedEnd?.note,
        ]
    }

    static func session(_ row: Row) throws -> Session {
        Session(
            id: SessionID(rawValue: row[0]),
            learner: Learner(portal: PortalID(rawValue: row[1]), id: row[2], name: row[3]),
            lab: row[4], epoch: row[5], state: try state(row), createdAt: Timestamp(milliseconds: row[16]),
            lastActivityAt: Timestamp(milliseconds: row[17]), failedAttempts: row[18], stay: stay(row),
            context: row[24], reservation: (row[25] as String?).map { ReservationID(rawValue: $0) },
            warm: (row[26] as Int64?).map { WarmSeatID(number: $0) }, charge: row[27])
    }

    private static func stay(_ row: Row) -> Stay {
        let notIdleBefore: Int64? = row[22]
        let announcedEnd: Int64? = row[29]
        return Stay(
            // Written by a newer version with an unknown source: all we know is that the lab was used.
            source: ActivitySource(rawValue: row[19]) ?? .edge, keeps: row[20],
            extended: .milliseconds(row[21] as Int64),
            notIdleBefore: notIdleBefore.map { Timestamp(milliseconds: $0) },
            seatUntil: (row[28] as Int64?).map { Timestamp(milliseconds: $0) }, extendedBy: row[23],
            announcedEnd: announcedEnd.map { AnnouncedEnd(at: Timestamp(milliseconds: $0), note: row[30] ?? "") })
    }

    private static func state(_ row: Row) throws -> SessionState {
        let name: String = row[6]
        let since = Timestamp(milliseconds: row[7])
        switch name {
        case "queued": return .queued(since: since)
        case "starting":
            // Written by a newer version with an unknown step: all we know is that the start has begun.
            return .starting(host: row[8], step: StartStep(rawValue: row[9]) ?? .creating, since: since)
        case "running": return .running(host: row[8], endpoint: Endpoint(address: row[10], port: row[11]), since: since)
        case "ending": return .ending(host: row[8], reason: EndReason(reason(row)), since: since)
        case "parking": return .parking(host: row[8], reason: ParkReason(reason(row)), since: since)
        case "parked": return .parked(reason: ParkReason(reason(row)), since: since)
        case "ended": return .ended(reason: EndReason(reason(row)), at: since)
        case "failed":
            let fault = (row[14] as String?).flatMap { StartFault(rawValue: $0) } ?? .ours
            return .failed(.told(row[15]), fault: fault, at: since)
        default:
            let id: String = row[0]
            throw DatabaseError(
                resultCode: .SQLITE_CORRUPT, message: "session \(id): its state \(name) is none that a session has")
        }
    }

    private static func reason(_ row: Row) -> ReasonParts {
        ReasonParts(word: row[12], number: row[13], text: row[14])
    }
}

/// A state split into columns.
private struct StateColumns {
    var name: String
    var since: Timestamp
    var host: String?
    var step: StartStep?
    var endpoint: Endpoint?
    var end: ReasonParts?
    var failure: String?
    /// Stored in the column of `end.text`, which a failed start does not use otherwise; NULL means `.ours`.
    var fault: StartFault?

    init(_ state: SessionState) {
        switch state {
        case .queued(let since): (name, self.since) = ("queued", since)
        case .starting(let host, let step, let since):
            (name, self.host, self.step, self.since) = ("starting", host, step, since)
        case .running(let host, let endpoint, let since):
            (name, self.host, self.endpoint, self.since) = ("running", host, endpoint, since)
        case .ending(let host, let reason, let since):
            (name, self.host, end, self.since) = ("ending", host, reason.parts, since)
        case .parking(let host, let reason, let since):
            (name, self.host, end, self.since) = ("parking", host, reason.parts, since)
        case .parked(let reason, let since): (name, end, self.since) = ("parked", reason.parts, since)
        case .ended(let reason, let at): (name, end, since) = ("ended", reason.parts, at)
        case .failed(let reason, let fault, let at):
            (name, failure, since) = ("failed", reason.message, at)
            self.fault = fault == .ours ? nil : fault
        }
    }
}
