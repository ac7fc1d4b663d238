import BrokerCore

// Parts that several pages have, as values. Each has its template in the folder `Files/parts`, or is so small that it
// has none.

/// One of the steps between a click and its lab.
struct StepModel: Equatable, Sendable {
    enum Standing: String { case done, current, pending }
    var label: String
    var detail: String?
    var standing: Standing

    var values: PageValues {
        var values: PageValues = [
            "label": .text(label), "standing": .text(standing.rawValue), "isDone": .flag(standing == .done),
            "isCurrent": .flag(standing == .current),
        ]
        values["detail"] = detail.map { .text($0) }
        return values
    }
}

/// A button that changes something.
struct FormModel: Equatable, Sendable {
    var action: String
    var label: String
    /// The path to return to.
    var next: String?
    /// A secondary action, which is shown less prominently.
    var isQuiet = false
    /// Further fields that the form sends.
    var fields: [FieldModel] = []

    var values: PageValues {
        var values: PageValues = [
            "action": .text(action), "label": .text(label), "isQuiet": .flag(isQuiet),
            "fields": .list(fields.map(\.values)),
        ]
        values["next"] = next.map { .text($0) }
        return values
    }
}

/// A hidden field of a form.
struct FieldModel: Equatable, Sendable {
    var name: String
    var value: String

    var values: PageValues { ["name": .text(name), "value": .text(value)] }
}

/// A link that looks like a button.
struct LinkModel: Equatable, Sendable {
    var target: String
    var label: String

    var values: PageValues { ["target": .text(target), "label": .text(label)] }
}

/// How a page follows its session.
struct LiveModel: Equatable, Sendable {
    /// The script takes a stream for broken after this many heartbeats without one.
    private static let missedHeartbeats = 3

    var state: String
    /// The path of the event stream.
    var events: String
    /// Where to go when the session runs; `nil` for this page's own address.
    var next: String?
    /// The page does not navigate when the session runs.
    var stays = false

    var values: PageValues {
        var values: PageValues = [
            "state": .text(state), "events": .text(events), "stays": .flag(stays),
            "silence": .number((PortalLimits.heartbeat * Self.missedHeartbeats).wholeMilliseconds),
        ]
        values["next"] = next.map { .text($0) }
        return values
    }
}
