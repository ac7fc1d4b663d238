import BrokerCore

/// The queue of events for the broker's next step, in order of arrival. Pure.
///
/// It holds a limited number of events. While it is full, requests are refused. Events of which only the latest matters
/// (the configuration, a host's state, activity) are kept beside it, a newer one replacing an older one: they are never
/// lost and take no more room than there are hosts and sessions. Engines' reports about single runs are dropped, and
/// every host must be listed again to make up for them.
struct Inbox {
    /// The subject of an event that supersedes all earlier ones on it.
    private enum Subject: Hashable {
        case configuration
        case state(host: String)
        case attachment(host: String)
        case isolation(host: String)
    }

    private let limit: Int
    private var events: [Event] = []
    private var latest: [(subject: Subject, event: Event)] = []
    private var activity: [SessionID: Timestamp] = [:]
    private var hasLostReports = false

    init(limit: Int = BrokerLimits.inboxLength) { self.limit = limit }

    var isFull: Bool { events.count >= limit }
    var isEmpty: Bool { events.isEmpty && latest.isEmpty && activity.isEmpty }

    mutating func add(_ event: Event) {
        let subject = Self.subject(of: event)
        // An event that waits here is handled after all others, so it must be replaced rather than overtake a newer
        // one.
        if let subject, let place = latest.firstIndex(where: { $0.subject == subject }) {
            latest[place].event = event
        } else if !isFull {
            events.append(event)
        } else if let subject {
            latest.append((subject, event))
        } else {
            addBeyondLimit(event)
        }
    }

    private mutating func addBeyondLimit(_ event: Event) {
        switch event {
        case .activity(let moments): activity.merge(moments, uniquingKeysWith: max)
        // Every step checks the time anyway.
        case .tick: break
        default: hasLostReports = true
        }
    }

    /// Removes and returns the next events; of those within the limit, no more than `most`.
    mutating func take(_ most: Int) -> [Event] {
        if !events.isEmpty {
            let batch = Array(events.prefix(most))
            events.removeFirst(batch.count)
            return batch
        }
        var batch = latest.map(\.event)
        if !activity.isEmpty { batch.append(.activity(activity)) }
        latest = []
        activity = [:]
        return batch
    }

    /// Puts the events of a failed step back in front of all others.
    mutating func putBack(_ batch: [Event]) { events.insert(contentsOf: batch, at: 0) }

    /// Whether engines' reports were dropped since the last call.
    mutating func takeLostReports() -> Bool {
        defer { hasLostReports = false }
        return hasLostReports
    }

    private static func subject(of event: Event) -> Subject? {
        switch event {
        case .configure: .configuration
        case .hostListed(let host, _, _, _), .hostSilent(let host, _, _): .state(host: host)
        case .hostProbed(let host, _): .attachment(host: host)
        case .hostTried(let host, _, _): .isolation(host: host)
        default: nil
        }
    }
}
