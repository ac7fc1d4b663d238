import BrokerCore
import Foundation

extension Timestamp {
    /// The wall clock: the portal is where time enters the system.
    static var now: Timestamp { Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000)) }
}
