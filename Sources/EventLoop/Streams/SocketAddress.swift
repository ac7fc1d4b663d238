import CLibUV
import Glibc

/// The address of a stream or a listener: an IP address (never a host name) with a port, or a Unix socket's path.
public enum SocketAddress: Hashable, Sendable, CustomStringConvertible {
    case ip(address: String, port: Int)
    case unix(path: String)

    /// Reads `127.0.0.1:80`, `[::1]:80` or `unix:/path`.
    public init(parsing text: String) throws(StreamError) {
        if text.hasPrefix("unix:") {
            self = .unix(path: String(text.dropFirst(5)))
        } else {
            guard let colon = text.lastIndex(of: ":"), let port = Self.port(text[text.index(after: colon)...]) else {
                throw Self.unreadable(text, "it has no port from 0 to 65535 at its end")
            }
            var host = text[..<colon]
            if host.hasPrefix("["), host.hasSuffix("]") {
                host = host.dropFirst().dropLast()
            } else if host.contains(":") {
                throw Self.unreadable(text, "an IPv6 address stands in brackets, as in [::1]:80")
            }
            self = .ip(address: String(host), port: port)
        }
        _ = try native(for: "read the address \(text)")
    }

    public var description: String {
        switch self {
        case .ip(let address, let port): address.contains(":") ? "[\(address)]:\(port)" : "\(address):\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }

    private static func port(_ digits: Substring) -> Int? {
        guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), digits.utf8.count <= 5, let port = Int(digits),
            port <= 65535
        else { return nil }
        return port
    }

    private static func unreadable(_ text: String, _ why: String) -> StreamError {
        StreamError(UV_EINVAL, "read the address \(text)", "\(why); write 127.0.0.1:80, [::1]:80 or unix:/path")
    }

    // MARK: The kernel's form

    /// The address as a `sockaddr`, with its length in bytes.
    func native(for operation: String) throws(StreamError) -> (storage: sockaddr_storage, length: socklen_t) {
        switch self {
        case .ip(let address, let port): try Self.native(address: address, port: port, for: operation)
        case .unix(let path): try Self.native(path: path, for: operation)
        }
    }

    private static func native(
        address: String, port: Int, for operation: String
    ) throws(StreamError) -> (sockaddr_storage, socklen_t) {
        guard (0...65535).contains(port) else {
            throw StreamError(UV_EINVAL, operation, "\(port) is not a port from 0 to 65535")
        }
        var storage = sockaddr_storage()
        let length = withUnsafeMutableBytes(of: &storage) { bytes -> socklen_t? in
            let four = bytes.baseAddress!.assumingMemoryBound(to: sockaddr_in.self)
            if uv_ip4_addr(address, Int32(port), four) == 0 { return socklen_t(MemoryLayout<sockaddr_in>.size) }
            let six = bytes.baseAddress!.assumingMemoryBound(to: sockaddr_in6.self)
            if uv_ip6_addr(address, Int32(port), six) == 0 { return socklen_t(MemoryLayout<sockaddr_in6>.size) }
            return nil
        }
        guard let length else { throw StreamError(UV_EINVAL, operation, "\(address) is not an IP address") }
        return (storage, length)
    }

    private static func native(
        path: String, for operation: String
    ) throws(StreamError) -> (sockaddr_storage, socklen_t) {
        let limit = EventLoopLimits.unixPathBytes
        guard !path.isEmpty, path.utf8.count <= limit, !path.utf8.contains(0) else {
            throw StreamError(
                UV_ENAMETOOLONG, operation, "the path of a Unix socket has 1 to \(limit) bytes; use a shorter directory"
            )
        }
        var storage = sockaddr_storage()
        storage.ss_family = sa_family_t(AF_UNIX)
        let start = MemoryLayout<sockaddr_un>.offset(of: \.sun_path)!
        withUnsafeMutableBytes(of: &storage) { bytes in
            bytes[start...].copyBytes(from: path.utf8)
        }
        return (storage, socklen_t(start + path.utf8.count + 1))
    }

    /// The address that a socket is bound to: an IP address, or a Unix socket's path.
    init?(of descriptor: Int32) {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let found: SocketAddress? = withUnsafeMutableBytes(of: &storage) { bytes in
            let native = bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self)
            guard getsockname(descriptor, native, &length) == 0 else { return nil }
            guard Int32(native.pointee.sa_family) == AF_UNIX else { return SocketAddress(native: native) }
            let path = bytes[MemoryLayout<sockaddr_un>.offset(of: \.sun_path)!..<Int(length)].prefix { $0 != 0 }
            return path.isEmpty ? nil : .unix(path: String(decoding: path, as: UTF8.self))
        }
        guard let found else { return nil }
        self = found
    }

    /// Converts a `sockaddr` back; nil for address families other than IP.
    init?(native: UnsafePointer<sockaddr>) {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN) + 1)
        let raw = UnsafeRawPointer(native)
        let port: UInt16
        switch Int32(native.pointee.sa_family) {
        case AF_INET:
            let four = raw.assumingMemoryBound(to: sockaddr_in.self)
            guard uv_ip4_name(four, &text, text.count) == 0 else { return nil }
            port = UInt16(bigEndian: four.pointee.sin_port)
        case AF_INET6:
            let six = raw.assumingMemoryBound(to: sockaddr_in6.self)
            guard uv_ip6_name(six, &text, text.count) == 0 else { return nil }
            port = UInt16(bigEndian: six.pointee.sin6_port)
        default:
            return nil
        }
        let address = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        self = .ip(address: address, port: Int(port))
    }
}

/// Passes a `sockaddr` to a C function.
func withNative<Result>(
    _ native: (storage: sockaddr_storage, length: socklen_t),
    _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
) -> Result {
    withUnsafeBytes(of: native.storage) { bytes in
        body(bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self), native.length)
    }
}
