import EventLoop

/// The time of the last user activity in one session, as one loop saw it. Confined to that loop.
final class ActivityCell {
    let slug: String
    fileprivate(set) var last = MonotonicTime(nanoseconds: 0)
    fileprivate var isListed = false
    /// The rhythms of the requests that the session's pages repeat.
    private var beats = Beats(limit: EdgeLimits.beatsPerSession)

    /// Records one of the session's requests, by its name.
    ///
    /// - Returns: whether it came by a timer.
    func repeats(_ name: UInt64, at now: MonotonicTime) -> Bool { beats.occurs(name, at: now) }

    init(slug: String) { self.slug = slug }
}

/// Gathers the activity of one loop between two reports. Recording needs no lookup: the route carries its cell.
struct ActivityMeter {
    private var cells: [ActivityCell] = []

    var isEmpty: Bool { cells.isEmpty }

    mutating func note(_ cell: ActivityCell, at time: MonotonicTime) {
        cell.last = time
        if !cell.isListed {
            cell.isListed = true
            cells.append(cell)
        }
    }

    /// Takes what was recorded since the last report: the time of the last activity by slug, in milliseconds since
    /// 1970.
    ///
    /// - Parameters:
    ///   - now: the loop's time.
    ///   - wallMilliseconds: the wall clock at the same moment.
    mutating func takeReport(now: MonotonicTime, wallMilliseconds: Int64) -> [String: Int64] {
        var report: [String: Int64] = [:]
        report.reserveCapacity(cells.count)
        for cell in cells {
            cell.isListed = false
            let age = max(0, now.nanoseconds - cell.last.nanoseconds) / 1_000_000
            // A route that was removed and set again between two reports has two cells.
            report[cell.slug] = max(report[cell.slug] ?? .min, wallMilliseconds - age)
        }
        cells.removeAll(keepingCapacity: true)
        return report
    }
}
