import Glibc

/// A range of addresses with a common prefix, such as `10.0.0.0/8` or `fc00::/7` (RFC 4632, RFC 4291 section 2.3).
public struct AddressRange: Hashable, Sendable, CustomStringConvertible {
    /// 4 or 16 bytes; bits beyond the prefix are zero.
    let bytes: [UInt8]
    /// The prefix length in bits.
    let length: Int

    /// `nil` unless `text` is an IP address, with or without a prefix length.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let bytes = Self.bytes(of: String(parts[0])) else { return nil }
        var length = bytes.count * 8
        if parts.count == 2 {
            guard let number = Int(parts[1]), (0...length).contains(number), parts[1].first != "+" else { return nil }
            length = number
        }
        self.length = length
        self.bytes = Self.beginning(of: bytes, length)
    }

    public var isAddress: Bool { length == bytes.count * 8 }

    func contains(_ address: String) -> Bool {
        guard let other = Self.bytes(of: address), other.count == bytes.count else { return false }
        return Self.beginning(of: other, length) == bytes
    }

    func contains(_ other: AddressRange) -> Bool {
        other.bytes.count == bytes.count && other.length >= length && Self.beginning(of: other.bytes, length) == bytes
    }

    public var description: String {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        inet_ntop(bytes.count == 4 ? AF_INET : AF_INET6, bytes, &text, socklen_t(text.count))
        let address = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return isAddress ? address : "\(address)/\(length)"
    }

    private static func bytes(of address: String) -> [UInt8]? {
        var storage = [UInt8](repeating: 0, count: 16)
        if inet_pton(AF_INET, address, &storage) == 1 { return Array(storage.prefix(4)) }
        return inet_pton(AF_INET6, address, &storage) == 1 ? storage : nil
    }

    private static func beginning(of bytes: [UInt8], _ length: Int) -> [UInt8] {
        bytes.enumerated().map { index, byte in
            let bits = min(8, max(0, length - index * 8))
            return byte & UInt8(truncatingIfNeeded: 0xFF00 >> bits)
        }
    }
}

/// The ranges that labs with `egress: allow` must not reach, with exceptions. The narrowest range that contains an
/// address decides; if a closed and an open one are equal, the open one wins.
public struct EgressRanges: Hashable, Sendable {
    /// In addition to `closedAlways` and the hosts' own addresses.
    public var closed: [AddressRange]
    public var open: [AddressRange]

    public init(closed: [AddressRange] = [], open: [AddressRange] = []) {
        self.closed = closed
        self.open = open
    }

    /// Address ranges that are not the public Internet (the registries of RFC 6890): this network, private, shared and
    /// loopback addresses, link-local addresses (including the cloud metadata service at 169.254.169.254), protocol
    /// assignments, documentation and benchmarking ranges, addresses that a gateway translates to IPv4, multicast, and
    /// reserved ranges.
    public static let closedAlways = [
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
        "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24",
        "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4", "::/96", "::ffff:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48",
        "100::/64", "2001:db8::/32", "fc00::/7", "fe80::/10", "ff00::/8",
        // A cloud's control address that looks public: Azure's WireServer.
        "168.63.129.16/32",
    ].compactMap { AddressRange($0) }

    /// Every range with its verdict, narrowest first: the first that contains an address decides. A range with the same
    /// verdict as the next wider one, as with most hosts' addresses, is omitted.
    func decisions(hosts: [AddressRange]) -> [(range: AddressRange, isOpen: Bool)] {
        let all = open.map { ($0, true) } + (closed + hosts + Self.closedAlways).map { ($0, false) }
        var seen: Set<AddressRange> = []
        let ordered = all.enumerated().sorted { a, b in
            (-a.element.0.length, a.offset) < (-b.element.0.length, b.offset)
        }.compactMap { seen.insert($0.element.0).inserted ? (range: $0.element.0, isOpen: $0.element.1) : nil }
        return ordered.enumerated().filter { index, decision in
            let wider = ordered[(index + 1)...].first { $0.range.contains(decision.range) }
            return wider?.isOpen != decision.isOpen
        }.map(\.element)
    }

    func isClosed(_ address: String, hosts: [AddressRange]) -> Bool {
        decisions(hosts: hosts).first { $0.range.contains(address) }.map { !$0.isOpen } ?? false
    }
}
