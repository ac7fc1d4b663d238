import BrokerCore
import GRDB

/// How a session lies in the table `sessions`.
enum SessionRow {
    static let columns = """
        id, portal, learner, learner_name, lab, epoch, state, since, host, step, address, port, \
        end_reason, end_number, end_text, failure, created_at, last_activity_at, failed_attempts, \
        activity_source, keeps, extended, not_idle_before, extended_by, context, reservation, warm, charge
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
            activity_source = CASE WHEN excluded.last_activity_at >= last_activity_at
                THEN excluded.activity_source ELSE activity_source END,
            last_activity_at = max(last_activity_at, excluded.last_activity_at),
            failed_attempts = excluded.failed_attempts, keeps = excluded.keeps, extended = excluded.extended,
            not_idle_before = excluded.not_idle_before, extended_by = excluded.extended_by,
            context = excluded.context, reservation = excluded.reservation, warm = excluded.warm,
            charge = excluded.charge
        """

    static func arguments(_ session: Session) -> StatementArguments {
        let state = StateColumns(session.state)
        return [
            session.id.rawValue, session.learner.portal, session.learner.id, session.learner.name, session.lab,
            session.epoch, state.name, state.since.milliseconds, state.host, state.step?.rawValue,
            state.endpoint?.address, state.endpoint?.port,
            state.end?.name, state.end?.number, state.end?.text, state.failure,
            session.createdAt.milliseconds, session.lastActivityAt.milliseconds, session.failedAttempts,
            session.stay.source.rawValue, session.stay.keeps, session.stay.extended.wholeMilliseconds,
            session.stay.notIdleBefore?.milliseconds, session.stay.extendedBy,
            session.context, session.reservation?.rawValue, session.warm?.number, session.charge,
        ]
    }

    static func session(_ row: Row) throws -> Session {
        Session(
            id: SessionID(rawValue: row[0]), learner: Learner(portal: row[1], id: row[2], name: row[3]), lab: row[4],
            epoch: row[5], state: try state(row), createdAt: Timestamp(milliseconds: row[16]),
            lastActivityAt: Timestamp(milliseconds: row[17]), failedAttempts: row[18], stay: try stay(row),
            context: row[24], reservation: (row[25] as String?).map { ReservationID(rawValue: $0) },
            warm: (row[26] as Int64?).map { WarmSeatID(number: $0) }, charge: row[27])
    }

    private static func stay(_ row: Row) throws -> Stay {
        guard let source = ActivitySource(rawValue: row[19]) else { throw unreadable(row, "activity_source") }
        let notIdleBefore: Int64? = row[22]
        return Stay(
            source: source, keeps: row[20], extended: .milliseconds(row[21] as Int64),
            notIdleBefore: notIdleBefore.map { Timestamp(milliseconds: $0) }, extendedBy: row[23])
    }

    private static func state(_ row: Row) throws -> SessionState {
        let name: String = row[6]
        let since = Timestamp(milliseconds: row[7])
        switch name {
        case "queued": return .queued(since: since)
        case "starting":
            guard let step = StartStep(rawValue: row[9]) else { throw unreadable(row, "step") }
            return .starting(host: row[8], step: step, since: since)
        case "running": return .running(host: row[8], endpoint: Endpoint(address: row[10], port: row[11]), since: since)
        case "ending": return .ending(host: row[8], reason: try reason(row), since: since)
        case "parking":
            return .parking(host: row[8], reason: try ParkReason(end(row)) ?? fail(row, "end_reason"), since: since)
        case "parked":
            return .parked(reason: try ParkReason(end(row)) ?? fail(row, "end_reason"), since: since)
        case "ended": return .ended(reason: try reason(row), at: since)
        case "failed": return .failed(message: row[15], at: since)
        default: throw unreadable(row, "state")
        }
    }

    private static func reason(_ row: Row) throws -> EndReason { try end(row).reason ?? fail(row, "end_reason") }

    private static func end(_ row: Row) -> EndColumns { EndColumns(name: row[12], number: row[13], text: row[14]) }

    private static func fail<Value>(_ row: Row, _ column: String) throws -> Value { throw unreadable(row, column) }

    private static func unreadable(_ row: Row, _ column: String) -> DatabaseError {
        let id: String = row[0]
        return DatabaseError(resultCode: .SQLITE_CORRUPT, message: "session \(id): column \(column) makes no sense")
    }
}

/// A state taken apart into columns.
private struct StateColumns {
    var name: String
    var since: Timestamp
    var host: String?
    var step: StartStep?
    var endpoint: Endpoint?
    var end: EndColumns?
    var failure: String?

    init(_ state: SessionState) {
        switch state {
        case .queued(let since): (name, self.since) = ("queued", since)
        case .starting(let host, let step, let since):
            (name, self.host, self.step, self.since) = ("starting", host, step, since)
        case .running(let host, let endpoint, let since):
            (name, self.host, self.endpoint, self.since) = ("running", host, endpoint, since)
        case .ending(let host, let reason, let since):
            (name, self.host, end, self.since) = ("ending", host, EndColumns(reason), since)
        case .parking(let host, let reason, let since):
            (name, self.host, end, self.since) = ("parking", host, EndColumns(reason), since)
        case .parked(let reason, let since): (name, end, self.since) = ("parked", EndColumns(reason), since)
        case .ended(let reason, let at): (name, end, since) = ("ended", EndColumns(reason), at)
        case .failed(let message, let at): (name, failure, since) = ("failed", message, at)
        }
    }
}

/// A reason taken apart into columns, so that reports can group by it.
struct EndColumns: Hashable {
    var name: String
    var number: Int64?
    var text: String?

    init(name: String, number: Int64?, text: String?) {
        self.name = name
        self.number = number
        self.text = text
    }

    init(_ reason: EndReason) {
        switch reason {
        case .idle(let seconds): self.init(name: "idle", number: seconds, text: nil)
        case .lifetime(let seconds): self.init(name: "lifetime", number: seconds, text: nil)
        case .operatorEnded(let note): self.init(name: "operator", number: nil, text: note)
        case .learnerEnded: self.init(name: "learner", number: nil, text: nil)
        case .reservationOver: self.init(name: "reservation", number: nil, text: nil)
        case .drain(let host): self.init(name: "drain", number: nil, text: host)
        case .lost(let host): self.init(name: "lost", number: nil, text: host)
        case .exited(let code, let outOfMemory):
            self.init(name: outOfMemory ? "out-of-memory" : "exited", number: Int64(code), text: nil)
        case .vanished(let host): self.init(name: "vanished", number: nil, text: host)
        case .removed(let what): self.init(name: "removed", number: nil, text: what)
        case .parked(let seconds): self.init(name: "parked", number: seconds, text: nil)
        }
    }

    init(_ reason: ParkReason) {
        switch reason {
        case .idle(let seconds): self.init(name: "idle", number: seconds, text: nil)
        case .operatorParked(let note): self.init(name: "operator", number: nil, text: note)
        }
    }

    /// Nothing, if the columns are not what `init(_:)` makes.
    var reason: EndReason? {
        switch (name, number, text) {
        case ("idle", let seconds?, nil): .idle(timeoutSeconds: seconds)
        case ("lifetime", let seconds?, nil): .lifetime(limitSeconds: seconds)
        case ("operator", nil, let note?): .operatorEnded(note: note)
        case ("learner", nil, nil): .learnerEnded
        case ("reservation", nil, nil): .reservationOver
        case ("drain", nil, let host?): .drain(host: host)
        case ("lost", nil, let host?): .lost(host: host)
        case ("exited", let code?, nil): .exited(code: Int(code), outOfMemory: false)
        case ("out-of-memory", let code?, nil): .exited(code: Int(code), outOfMemory: true)
        case ("vanished", nil, let host?): .vanished(host: host)
        case ("removed", nil, let what?): .removed(what: what)
        case ("parked", let seconds?, nil): .parked(seconds: seconds)
        default: nil
        }
    }
}

extension ParkReason {
    /// Nothing, if the columns are not what `EndColumns.init(_:)` makes of one.
    init?(_ columns: EndColumns) {
        switch (columns.name, columns.number, columns.text) {
        case ("idle", let seconds?, nil): self = .idle(timeoutSeconds: seconds)
        case ("operator", nil, let note?): self = .operatorParked(note: note)
        default: return nil
        }
    }
}
