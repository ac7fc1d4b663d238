import BrokerCore

/// What waits for the broker's next step, in the order in which it came. Pure.
///
/// It holds a limited number of events. Requests of people are refused while it is full. What is known best by the last
/// word about it (the configuration, a host, what was used) waits beside it, the newest word in the place of older ones:
/// it is never lost, and takes no more room than there are hosts. What engines report of single runs finds no room then,
/// and every host has to be listed again, which makes up for it.
struct Inbox {
    /// What a word is about that stands for everything said before.
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
        // An older word that waits already comes after everything else: it must not have the last one.
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
        // Every step looks at the time.
        case .tick: break
        default: hasLostReports = true
        }
    }

    /// Takes the next events out; of those within the limit, no more than `most`.
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

    /// Puts events that came to nothing back before all others.
    mutating func putBack(_ batch: [Event]) { events.insert(contentsOf: batch, at: 0) }

    /// Whether reports of engines found no room since the last call.
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
