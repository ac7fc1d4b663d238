import HeapModule
import Identity

/// A heap of deadline hints, with at most one valid hint per key. The records hold the actual deadlines, so a deadline
/// that moves later costs nothing until its old hint comes up, and one that is cancelled need not be found in the heap.
struct Alarms: Sendable {
    enum Key: Hashable, Comparable, Sendable {
        case host(String)
        case pool(LabKey)
        case removal(Run)
        case session(SessionID)
    }

    private struct Alarm: Comparable, Sendable {
        var time: Timestamp
        var key: Key

        static func < (a: Alarm, b: Alarm) -> Bool { (a.time, a.key) < (b.time, b.key) }
    }

    private var heap = Heap<Alarm>()
    private var hints: [Key: Timestamp] = [:]

    var earliest: Timestamp? { heap.min?.time }
    /// For tests, which check that the heap does not grow with every change.
    var count: Int { heap.count }

    /// Makes sure that `key` is due no later than `time`.
    mutating func ensure(_ key: Key, by time: Timestamp) {
        if let hint = hints[key], hint <= time { return }
        hints[key] = time
        heap.insert(Alarm(time: time, key: key))
    }

    /// The earliest valid hint; discards stale ones.
    mutating func first() -> (key: Key, time: Timestamp)? {
        while let alarm = heap.min {
            if hints[alarm.key] == alarm.time { return (alarm.key, alarm.time) }
            _ = heap.popMin()
        }
        return nil
    }

    /// Reschedules the first hint, which was too early, to `time`, or drops it if `time` is `nil`.
    mutating func postponeFirst(to time: Timestamp?) {
        guard let alarm = heap.popMin() else { return }
        hints[alarm.key] = nil
        if let time { ensure(alarm.key, by: time) }
    }

    /// Removes the keys whose hints are due and returns each once, in order of time. Some may turn out not to be due.
    mutating func takeDue(at now: Timestamp) -> [Key] {
        var due: [Key] = []
        while let alarm = heap.min, alarm.time <= now {
            _ = heap.popMin()
            guard hints[alarm.key] == alarm.time else { continue }
            hints[alarm.key] = nil
            due.append(alarm.key)
        }
        return due
    }
}
