import EventLoop
import Glibc
import Synchronization

/// Counts the connections of each client address over all loops, because the kernel spreads a client's connections over
/// them.
///
/// Any thread. The lock is held for one table lookup, once when a connection opens and once when it closes; never for a
/// request.
final class AddressCounts: Sendable {
    private let limit: Int
    private let counts = Mutex<[ClientNetwork: Int]>([:])

    init(limit: Int) { self.limit = limit }

    /// Counts one more connection, unless the limit is reached.
    func admit(_ network: ClientNetwork) -> Bool {
        counts.withLock { counts in
            let count = counts[network, default: 0]
            guard count < limit else { return false }
            counts[network] = count + 1
            return true
        }
    }

    /// One connection of this network has closed.
    func leave(_ network: ClientNetwork) {
        counts.withLock { counts in
            let count = counts[network, default: 0] - 1
            counts[network] = count > 0 ? count : nil
        }
    }

    /// How many addresses have connections now.
    var addresses: Int { counts.withLock { $0.count } }
}

/// What counts as one client: an IPv4 address, or an IPv6 /64, which is the least that one customer gets.
struct ClientNetwork: Hashable, Sendable {
    private let bits: UInt64

    /// `nil` if it is not an IP address: clients of a Unix socket have none.
    init?(_ address: String) {
        var four = in_addr()
        if inet_pton(AF_INET, address, &four) == 1 {
            self.init(four: UInt32(bigEndian: four.s_addr))
            return
        }
        var six = in6_addr()
        // A link-local address is followed by a percent sign and its interface.
        let bare = address.prefix { $0 != "%" }
        guard inet_pton(AF_INET6, String(bare), &six) == 1 else { return nil }
        let (high, low) = withUnsafeBytes(of: &six) {
            (
                UInt64(bigEndian: $0.loadUnaligned(as: UInt64.self)),
                UInt64(bigEndian: $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
            )
        }
        // An IPv4 client of a dual-stack socket: ::ffff:a.b.c.d.
        if high == 0, low >> 32 == 0xFFFF {
            self.init(four: UInt32(truncatingIfNeeded: low))
        } else {
            self.init(bits: high)
        }
    }

    /// ::ffff:… as the upper half of an IPv6 address cannot be a network of its own: 0::/8 is reserved.
    private init(four: UInt32) { self.init(bits: 0x0000_FFFF_0000_0000 | UInt64(four)) }

    private init(bits: UInt64) { self.bits = bits }
}
