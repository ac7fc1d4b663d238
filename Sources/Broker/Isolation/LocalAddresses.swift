import EventLoop
import Glibc

/// Resolves the addresses of hosts. A name that temporarily cannot be resolved keeps its last known addresses.
@ControlLoop
final class HostAddresses {
    private var known: [String: [AddressRange]] = [:]

    /// Sorted, so that the order does not depend on the resolver's.
    func resolve(_ hosts: [String]) async -> [AddressRange] {
        let found = await Task.detached { hosts.map { ($0, LocalAddresses.resolve($0)) } }.value
        for (host, addresses) in found where !addresses.isEmpty { known[host] = addresses }
        return Set(hosts.flatMap { known[$0] ?? [] }).sorted { "\($0)" < "\($1)" }
    }
}

/// Lookups in this machine's resolver and routes. Both may block: call them off the control loop.
enum LocalAddresses {
    /// The addresses of a host name, or the address itself; empty if it cannot be resolved.
    static func resolve(_ host: String) -> [AddressRange] {
        if let address = AddressRange(host) { return [address] }
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var first: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, nil, &hints, &first) == 0 else { return [] }
        defer { freeaddrinfo(first) }
        return sequence(first: first, next: { $0?.pointee.ai_next }).compactMap { entry in
            entry.flatMap { text(of: $0.pointee.ai_addr, $0.pointee.ai_addrlen) }.flatMap { AddressRange($0) }
        }
    }

    /// The source address that this machine would use to send to an IP address; nil if there is no route. Sends nothing
    /// (connect(2) of a datagram socket).
    static func source(toward address: String) -> String? {
        var hints = addrinfo()
        hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV
        hints.ai_socktype = Int32(SOCK_DGRAM.rawValue)
        var target: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(address, "9", &hints, &target) == 0, let found = target?.pointee else { return nil }
        defer { freeaddrinfo(target) }
        let descriptor = socket(found.ai_family, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var own = sockaddr_storage()
        var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
        guard connect(descriptor, found.ai_addr, found.ai_addrlen) == 0 else { return nil }
        return withUnsafeMutablePointer(to: &own) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bound in
                getsockname(descriptor, bound, &size) == 0 ? text(of: bound, size) : nil
            }
        }
    }

    private static func text(of address: UnsafePointer<sockaddr>?, _ size: socklen_t) -> String? {
        var name = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        guard getnameinfo(address, size, &name, socklen_t(name.count), nil, 0, NI_NUMERICHOST) == 0 else { return nil }
        return String(decoding: name.prefix { $0 != 0 && $0 != 37 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
