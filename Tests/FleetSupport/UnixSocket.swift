import Glibc

/// Unix sockets, blocking and close-on-exec. The caller owns the descriptor.
enum UnixSocket {
    static func connect(_ path: String) throws -> Int32 {
        try open(path) { descriptor, address, size in Glibc.connect(descriptor, address, size) }
    }

    static func listen(_ path: String) throws -> Int32 {
        try open(path) { descriptor, address, size in
            let bound = Glibc.bind(descriptor, address, size)
            return bound == 0 ? Glibc.listen(descriptor, 64) : bound
        }
    }

    private static func open(
        _ path: String, _ use: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) throws -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        guard path.utf8.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw FleetError("\(path) is too long for a Unix socket")
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        let descriptor = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                use(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        if result != 0 {
            let reason = String(cString: strerror(errno))
            Glibc.close(descriptor)
            throw FleetError("\(path): \(reason)")
        }
        return descriptor
    }
}
