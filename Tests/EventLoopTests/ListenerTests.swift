import CLibUV
import Glibc
import Testing

@testable import EventLoop

@Suite("Listeners and connecting", .timeLimit(.minutes(1)))
struct ListenerTests {
    private func connect(
        to address: SocketAddress, on loop: Loop, timeout: Duration = .seconds(5)
    ) async throws -> StreamError? {
        try await loop.until { finish in
            var isInside = true
            Stream.connect(to: address, on: loop, timeout: timeout) { result in
                #expect(!isInside)
                switch result {
                case .success(let stream):
                    stream.close()
                    finish(nil)
                case .failure(let error):
                    finish(error)
                }
            }
            isInside = false
        }
    }

    private func listenError(on loop: Loop, _ address: SocketAddress) async throws -> StreamError? {
        try await loop.run {
            do throws(StreamError) {
                try Listener(on: loop, address: address) { $0.close() }.close()
                return nil
            } catch {
                return error
            }
        }
    }

    @Test("A connection that nobody takes is refused, by TCP and by Unix socket, with a sentence that says so")
    func refused() async throws {
        try await withLoop { loop in
            let free = try await loop.run {
                let listener = try Listener(on: loop, address: localhost) { $0.close() }
                defer { listener.close() }
                return listener.boundAddress
            }
            let error = try await connect(to: free, on: loop)
            #expect(error?.name == "ECONNREFUSED")
            #expect(error?.message == "cannot connect to \(free): connection refused (ECONNREFUSED)")
            let missing = try await connect(to: .unix(path: "/nonexistent/socket"), on: loop)
            #expect(missing?.code == StreamError.noSuchFile)
            let long = try await connect(to: .unix(path: String(repeating: "x", count: 200)), on: loop)
            #expect(long?.name == "ENAMETOOLONG")
        }
    }

    @Test("A peer that never answers ends in ETIMEDOUT, once")
    func connectTimeout() async throws {
        try await withLoop { loop in
            // A listener that never accepts, with a full backlog, drops the next connection requests.
            let full = try PlainListener(backlog: 0)
            var held: [Int32] = []
            defer { for descriptor in held { Glibc.close(descriptor) } }
            for _ in 0..<4 { held.append(try full.connectWithoutWaiting()) }
            let error = try await connect(to: full.address, on: loop, timeout: .milliseconds(100))
            #expect(error?.code == StreamError.timedOut)
        }
    }

    @Test("A connection that is accepted has the options of TCP connections, and so has one that is made")
    func options() async throws {
        try await withLoop { loop in
            let values = try await loop.until { (finish: Finish<[[Int32]]>) in
                var values: [[Int32]] = []
                var listener: Listener?
                let note = { (stream: EventLoop.Stream) in
                    values.append(Self.options(of: stream))
                    stream.close()
                    guard values.count == 2 else { return }
                    listener?.close()
                    finish(values)
                }
                listener = try? Listener(on: loop, address: .ip(address: "127.0.0.1", port: 0), onAccept: note)
                guard let address = listener?.boundAddress else { return finish([]) }
                Stream.connect(to: address, on: loop, timeout: .seconds(5)) { result in
                    if case .success(let stream) = result { note(stream) }
                }
            }
            let expected: [Int32] = [1, 1, 60, 1, 10]
            #expect(values == [expected, expected])
        }
    }

    private static func options(of stream: EventLoop.Stream) -> [Int32] {
        var descriptor: uv_os_fd_t = -1
        uv_fileno(StreamBlock.handle(stream.block), &descriptor)
        let tcp = Int32(IPPROTO_TCP)
        let names = [
            (tcp, TCP_NODELAY), (SOL_SOCKET, SO_KEEPALIVE), (tcp, TCP_KEEPIDLE), (tcp, TCP_KEEPINTVL),
            (tcp, TCP_KEEPCNT),
        ]
        return names.map { level, name in
            var value: Int32 = -1
            var size = socklen_t(MemoryLayout<Int32>.size)
            getsockopt(descriptor, level, name, &value, &size)
            return value
        }
    }

    @Test("A TCP address in use is refused, unless both listeners share it")
    func reusePort() async throws {
        try await withLoop { loop in
            let shared = try await loop.run {
                let first = try Listener(on: loop, address: localhost, reusePort: true) { $0.close() }
                let second = try Listener(on: loop, address: first.boundAddress, reusePort: true) { $0.close() }
                second.close()
                return first.boundAddress
            }
            let error = try await listenError(on: loop, shared)
            #expect(error?.code == StreamError.addressInUse)
            #expect(error?.operation == "listen on \(shared)")
        }
    }

    @Test("A Unix socket: the file has its mode, a living one is not stolen, and closing removes the file")
    func unixSocketInUse() async throws {
        try await withSocketPath { path in
            try await withLoop { loop in
                let address = SocketAddress.unix(path: path)
                let mode = try await loop.run { () -> mode_t in
                    let listener = try Listener(on: loop, address: address, fileMode: 0o600) { $0.close() }
                    _ = listener
                    var status = stat()
                    lstat(path, &status)
                    return status.st_mode & 0o777
                }
                #expect(mode == 0o600)
                #expect(try await connect(to: address, on: loop) == nil)
                let error = try await listenError(on: loop, address)
                #expect(error?.code == StreamError.addressInUse)
                #expect(error?.message.contains("another process answers there") == true)
                #expect(try await connect(to: address, on: loop) == nil)
            }
        }
    }

    @Test("A dead Unix socket is replaced; a file that is no socket is left alone")
    func unixSocketStale() async throws {
        try await withSocketPath { path in
            try await withLoop { loop in
                try leaveDeadSocket(at: path)
                try await loop.run {
                    let listener = try Listener(on: loop, address: .unix(path: path)) { $0.close() }
                    #expect(access(path, F_OK) == 0)
                    listener.close()
                    listener.close()
                    #expect(access(path, F_OK) != 0)
                }
                Glibc.close(creat(path, 0o644))
                let error = try await listenError(on: loop, .unix(path: path))
                #expect(error?.message.contains("no socket") == true)
                #expect(access(path, F_OK) == 0)
            }
        }
    }

    @Test("Closing a listener leaves the socket of its successor alone")
    func unixSocketSuccessor() async throws {
        try await withSocketPath { path in
            try await withLoop { loop in
                try await loop.run {
                    let first = try Listener(on: loop, address: .unix(path: path)) { $0.close() }
                    unlink(path)
                    let second = try Listener(on: loop, address: .unix(path: path)) { $0.close() }
                    first.close()
                    #expect(access(path, F_OK) == 0)
                    second.close()
                }
            }
        }
    }

    @Test("Names resolve to addresses; unknown names and late answers are errors")
    func resolver() async throws {
        try await withLoop { loop in
            func resolve(_ host: String, timeout: Duration = .seconds(20)) async throws -> Result<
                [SocketAddress], StreamError
            > {
                try await loop.until { finish in
                    Resolver.resolve(host: host, port: 8080, on: loop, timeout: timeout) { finish($0) }
                }
            }
            #expect(try await resolve("::1").get() == [.ip(address: "::1", port: 8080)])
            let local = try await resolve("localhost").get()
            #expect(
                local.contains(.ip(address: "127.0.0.1", port: 8080)) || local.contains(.ip(address: "::1", port: 8080))
            )
            let unknown = try await resolve("no-such-host.invalid")
            #expect(throws: StreamError.self) { try unknown.get() }
        }
    }
}

@Suite("A socket address")
struct SocketAddressTests {
    @Test("Reads and writes the three forms", arguments: ["127.0.0.1:80", "[::1]:80", "unix:/run/a.sock", "0.0.0.0:0"])
    func forms(text: String) throws {
        #expect(try SocketAddress(parsing: text).description == text)
    }

    @Test(
        "Refuses what is none",
        arguments: [
            "", ":80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:+1", "::1:80",
            "localhost:80", "unix:", "[127.0.0.1:80", "127.0.0.1:000080", "[::1]80",
        ])
    func refusals(text: String) {
        #expect(throws: StreamError.self) { try SocketAddress(parsing: text) }
    }
}

/// A path for a socket in a directory that goes when the test does.
func withSocketPath(_ body: (String) async throws -> Void) async throws {
    var template = Array("/tmp/carrel-test-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw Failure("no temporary directory") }
    let directory = String(decoding: template.dropLast().map { UInt8($0) }, as: UTF8.self)
    defer {
        unlink(directory + "/s.sock")
        rmdir(directory)
    }
    try await body(directory + "/s.sock")
}

private func leaveDeadSocket(at path: String) throws {
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    let native = try SocketAddress.unix(path: path).native(for: "bind")
    guard withNative(native, { bind(descriptor, $0, $1) }) == 0 else { throw Failure("cannot bind") }
    Glibc.close(descriptor)
}
