import EventLoop
import Glibc

/// The Date field (RFC 9110, section 5.6.7), formatted once per second.
struct HTTPDate {
    private var second: time_t = -1
    private var text = ""

    /// - Parameter now: seconds since 1970.
    mutating func formatted(_ now: time_t) -> String {
        if now == second { return text }
        second = now
        var moment = now
        var parts = tm()
        gmtime_r(&moment, &parts)
        let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let date = "\(two(parts.tm_mday)) \(months[Int(parts.tm_mon)]) \(parts.tm_year + 1900)"
        let time = "\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec))"
        text = "\(days[Int(parts.tm_wday)]), \(date) \(time) GMT"
        return text
    }
}
