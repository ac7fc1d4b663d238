import EventLoop
import Glibc
import Synchronization

/// How many connections each client address has, over all loops: the kernel spreads one client's connections over them.
///
/// Any thread. The lock is held for one look into a table, once when a connection comes and once when it goes; never
/// for a request.
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

    /// One of its connections has gone.
    func leave(_ network: ClientNetwork) {
        counts.withLock { counts in
            let count = counts[network, default: 0] - 1
            counts[network] = count > 0 ? count : nil
        }
    }

    /// Addresses that have connections now.
    var addresses: Int { counts.withLock { $0.count } }
}

/// What counts as one client: an IPv4 address, or an IPv6 network of 64 bits, which is what one customer gets at least.
struct ClientNetwork: Hashable, Sendable {
    private let bits: UInt64

    /// `nil` for what is no IP address: a Unix socket has no addresses to count by.
    init?(_ address: String) {
        var four = in_addr()
        if inet_pton(AF_INET, address, &four) == 1 {
            self.init(four: UInt32(bigEndian: four.s_addr))
            return
        }
        var six = in6_addr()
        // A link-local address has its interface after a percent sign.
        let bare = address.prefix { $0 != "%" }
        guard inet_pton(AF_INET6, String(bare), &six) == 1 else { return nil }
        let (high, low) = withUnsafeBytes(of: &six) {
            (
                UInt64(bigEndian: $0.loadUnaligned(as: UInt64.self)),
                UInt64(bigEndian: $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
            )
        }
        // An IPv4 client of a socket that takes both: ::ffff:a.b.c.d.
        if high == 0, low >> 32 == 0xFFFF {
            self.init(four: UInt32(truncatingIfNeeded: low))
        } else {
            self.init(bits: high)
        }
    }

    /// ::ffff:… as the upper half of an IPv6 address cannot stand for a network of its own: 0::/8 is reserved.
    private init(four: UInt32) { self.init(bits: 0x0000_FFFF_0000_0000 | UInt64(four)) }

    private init(bits: UInt64) { self.bits = bits }
}
