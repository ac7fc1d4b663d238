import COpenSSL
import Foundation
import Glibc

/// One blocking connection of a test: TCP or a Unix socket, with or without TLS.
///
/// This is deliberately not the product's own transport: the edge is tested against OpenSSL's plain socket mode and a
/// parser that shares no code with it. Only one thread may use it at a time, and each call must finish before the next
/// (a `Browser` or a `WebSocket` ensures that), which is why it may be passed between threads.
final class Wire: @unchecked Sendable {
    struct TLS: Sendable {
        /// The name sent as SNI and required in the certificate.
        var serverName: String
        var authority: String
    }

    private let descriptor: Int32
    private var context: OpaquePointer?
    private var session: OpaquePointer?
    private var buffer: [UInt8] = []
    private var start = 0
    private var isOpen = true

    /// The timeout of every wait on a connection.
    static let patience = Duration.seconds(120)

    /// OpenSSL may write to closed sockets; that must be an error here and not kill the tests.
    private static let ignoresPipeSignal: Bool = {
        signal(SIGPIPE, SIG_IGN)
        return true
    }()

    init(unix path: String) throws {
        _ = Self.ignoresPipeSignal
        descriptor = try UnixSocket.connect(path)
        setPatience(Self.patience)
    }

    init(address: String, port: Int, tls: TLS? = nil) throws {
        _ = Self.ignoresPipeSignal
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var target = sockaddr_in()
        target.sin_family = sa_family_t(AF_INET)
        target.sin_port = UInt16(port).bigEndian
        inet_pton(AF_INET, address, &target.sin_addr)
        let result = withUnsafePointer(to: &target) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        if result != 0 { throw failure("connecting to \(address):\(port)") }
        setPatience(Self.patience)
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        if let tls { try handshake(tls) }
    }

    private func handshake(_ tls: TLS) throws {
        guard let context = SSL_CTX_new(TLS_client_method()) else { throw FleetError("no TLS context") }
        self.context = context
        if SSL_CTX_load_verify_locations(context, tls.authority, nil) != 1 {
            throw FleetError("\(tls.authority) is no certificate authority")
        }
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
        guard let session = SSL_new(context) else { throw FleetError("no TLS session") }
        self.session = session
        var name = Array(tls.serverName.utf8CString)
        // SSL_set_tlsext_host_name is a macro for this call.
        SSL_ctrl(session, SSL_CTRL_SET_TLSEXT_HOSTNAME, Int(TLSEXT_NAMETYPE_host_name), &name)
        SSL_set1_host(session, tls.serverName)
        SSL_set_fd(session, descriptor)
        if SSL_connect(session) != 1 {
            let why = SSL_get_verify_result(session)
            let reason = why == X509_V_OK ? "" : " (\(String(cString: X509_verify_cert_error_string(Int(why)))))"
            throw FleetError("the TLS handshake for \(tls.serverName) failed\(reason)")
        }
    }

    deinit { hangUp() }

    /// Closes immediately.
    func hangUp() {
        guard isOpen else { return }
        isOpen = false
        if let session { SSL_free(session) }
        if let context { SSL_CTX_free(context) }
        session = nil
        context = nil
        Glibc.close(descriptor)
    }

    /// Half-closes: sends nothing more, and can still receive.
    func finishSending() {
        if let session { SSL_shutdown(session) } else { shutdown(descriptor, Int32(SHUT_WR)) }
    }

    func setPatience(_ patience: Duration) {
        var time = timeval(
            tv_sec: Int(patience.components.seconds),
            tv_usec: Int(patience.components.attoseconds / 1_000_000_000_000))
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, size)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &time, size)
    }

    func send(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes { rest in
                if let session {
                    Int(SSL_write(session, rest.baseAddress, Int32(min(rest.count, 1 << 20))))
                } else {
                    Glibc.send(descriptor, rest.baseAddress, rest.count, 0)
                }
            }
            if count <= 0 { throw failure("sending") }
            sent += count
        }
    }

    func send(_ text: String) throws { try send(Array(text.utf8)) }

    /// Waits for more bytes; `false` at end of file.
    private func fill() throws -> Bool {
        if start > 0 {
            buffer.removeFirst(start)
            start = 0
        }
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        let count = chunk.withUnsafeMutableBytes { space in
            if let session {
                Int(SSL_read(session, space.baseAddress, Int32(space.count)))
            } else {
                recv(descriptor, space.baseAddress, space.count, 0)
            }
        }
        if count > 0 {
            buffer.append(contentsOf: chunk[..<count])
            return true
        }
        if let session {
            if SSL_get_error(session, Int32(count)) == SSL_ERROR_ZERO_RETURN { return false }
        } else if count == 0 {
            return false
        }
        throw failure("receiving")
    }

    /// One line without its CR LF; `nil` at end of file.
    func line() throws -> String? {
        while true {
            if let end = buffer[start...].firstIndex(of: 10) {
                var line = buffer[start..<end]
                if line.last == 13 { line.removeLast() }
                start = end + 1
                return String(decoding: line, as: UTF8.self)
            }
            if try !fill() { return nil }
        }
    }

    func bytes(_ count: Int) throws -> [UInt8] {
        while buffer.count - start < count {
            if try !fill() { throw FleetError("the stream ended \(count - (buffer.count - start)) bytes too early") }
        }
        defer { start += count }
        return Array(buffer[start..<(start + count)])
    }

    /// Everything until the peer closes the stream, properly or not.
    func rest() -> [UInt8] {
        while (try? fill()) == true {}
        defer { start = buffer.count }
        return Array(buffer[start...])
    }

    private func failure(_ doing: String) -> FleetError {
        let code = errno
        if code == EAGAIN || code == EWOULDBLOCK { return FleetError("\(doing): nothing moved in time") }
        return FleetError("\(doing) failed: \(String(cString: strerror(code)))")
    }
}
