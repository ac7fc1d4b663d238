import EventLoop
import Glibc
import HTTPWire
import Synchronization
import TLS
import Testing

@testable import HTTPTransport

@Suite("The control plane's server", .timeLimit(.minutes(1)))
@ControlLoop
struct HTTPServerTests {
    /// Sends `text` and gives back all that came until the server ended, or until `isEnough` says so.
    private func exchange(
        _ server: HTTPServer, _ text: String, tls: TLSClientContext? = nil,
        until isEnough: @escaping @Sendable (String) -> Bool = { _ in false }
    ) async throws -> String {
        let address = server.boundAddress
        return try await ControlLoop.loop.reply { (reply: Reply<String>) in
            Stream.connect(to: address, on: ControlLoop.loop, timeout: .seconds(5)) { result in
                do {
                    let engine = try tls.map { try TLSConnection(client: $0, serverName: "localhost") }
                    let channel = ByteChannel(stream: try result.get(), tls: engine)
                    let owner = ChannelOwner(channel)
                    var received = ""
                    owner.onOpen = { $0.write(text: text) }
                    owner.onRead = { channel, bytes in
                        received += String(decoding: bytes, as: UTF8.self)
                        if isEnough(received) { channel.close() }
                    }
                    owner.onEnd = { $0.close() }
                    owner.onClose = { _ in reply(received) }
                    channel.open()
                } catch {
                    reply.fail(error)
                }
            }
        }
    }

    private func withServer(
        limits: HTTPServer.Limits = HTTPServer.Limits(), tls: TLSServerContext? = nil,
        ignoresBody: @escaping (RequestHead) -> Bool = { _ in false }, _ handler: @escaping HTTPServer.Handler,
        body: (HTTPServer) async throws -> Void
    ) async throws {
        let server = try HTTPServer(
            listen: .ip(address: "127.0.0.1", port: 0), tls: tls, limits: limits, ignoresBody: ignoresBody,
            handler: handler)
        defer { server.close() }
        try await body(server)
    }

    private func get(_ target: String, _ fields: String = "") -> String {
        "GET \(target) HTTP/1.1\r\nHost: portal.example:8443\r\nConnection: close\r\n\(fields)\r\n"
    }

    @Test("A handler sees method, decoded path, query, cookie, authority and peer; its answer is sent with a date")
    func wholeRequest() async throws {
        try await withServer { request in
            let query = request.query.map { "\($0.name)=\($0.value)" }.joined(separator: ",")
            let host = "\(request.authority?.host ?? ""):\(request.authority?.port ?? 0)"
            guard case .ip("127.0.0.1", _)? = request.peerAddress else { return .text("no peer", status: 500) }
            return .text("\(request.method) \(request.path) \(query) \(request.cookie("key") ?? "") \(host)")
        } body: { server in
            let answer = try await exchange(server, get("/a%20b/c%2Fd/?q=1+2&q=%C3%A9&x", "Cookie: key=v; other=w\r\n"))
            #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(answer.hasSuffix(#"GET ["a b", "c/d", ""] q=1 2,q=é,x= v portal.example:8443"#))
            #expect(answer.contains(/\r\nDate: [A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT\r\n/))
        }
    }

    @Test("A form is decoded; a body of another type is no form")
    func form() async throws {
        try await withServer { request in
            .text("form \(request.form().map { "\($0.name)=\($0.value)" })")
        } body: { server in
            func post(_ type: String, _ body: String) async throws -> String {
                try await exchange(
                    server,
                    "POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Type: \(type)\r\n"
                        + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
            }
            let form = "application/x-www-form-urlencoded"
            let proper = try await post(form + "; charset=UTF-8", "next=%2Flab&note=a+b")
            #expect(proper.hasSuffix(#"["next=/lab", "note=a b"]"#))
            let malformed = try await post(form, "bad=%zz")
            #expect(malformed.hasSuffix("form []"))
            let otherType = try await post("text/plain", "a=b")
            #expect(otherType.hasSuffix("form []"))
        }
    }

    @Test("A body over the limit is answered 413, whether its length was announced or not; at the limit it is read")
    func bodyLimit() async throws {
        var limits = HTTPServer.Limits()
        limits.requestBodyBytes = 10
        try await withServer(limits: limits) { request in
            .text("read \(request.body.count)")
        } body: { server in
            let head = "POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"
            let exact = try await exchange(server, head + "Content-Length: 10\r\n\r\n0123456789")
            #expect(exact.hasSuffix("read 10"))
            let announced = try await exchange(server, head + "Content-Length: 11\r\n\r\n")
            #expect(announced.hasPrefix("HTTP/1.1 413 "))
            let chunked = try await exchange(
                server, head + "Transfer-Encoding: chunked\r\n\r\n6\r\n012345\r\n6\r\n012345\r\n0\r\n\r\n")
            #expect(chunked.hasPrefix("HTTP/1.1 413 "))
        }
    }

    @Test("A body that the server ignores is dropped, however long it is")
    func ignoredBody() async throws {
        var limits = HTTPServer.Limits()
        limits.requestBodyBytes = 10
        func isAway(_ head: RequestHead) -> Bool { head.target == "/away" }
        try await withServer(limits: limits, ignoresBody: isAway) { request in
            .text("read \(request.body.count)")
        } body: { server in
            let rest = " HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 12\r\n\r\n0123456789ab"
            let dropped = try await exchange(server, "PUT /away" + rest)
            #expect(dropped.hasSuffix("read 0"))
            let refused = try await exchange(server, "PUT /here" + rest)
            #expect(refused.hasPrefix("HTTP/1.1 413 "))
        }
    }

    @Test(
        "Targets that could be read in two ways are answered 400 without the handler",
        arguments: ["/%", "/%4", "/%zz", "/a/../b", "/a/%2e%2E/b", "/./", "/%00", "/%ff", "/?a=%f"])
    func badTargets(target: String) async throws {
        try await withServer { _ in
            .text("handled")
        } body: { server in
            let answer = try await exchange(server, get(target))
            #expect(answer.hasPrefix("HTTP/1.1 400 "))
        }
    }

    @Test("Requests on one connection are handled one after the other, in order, however long each takes")
    func keepAlive() async throws {
        let begun = Mutex<[String]>([])
        let (isSlow, slowBegins) = AsyncStream<Void>.makeStream()
        let (mayEnd, slowEnds) = AsyncStream<Void>.makeStream()
        try await withServer { request in
            begun.withLock { $0.append(request.target) }
            if request.path == ["slow"] {
                slowBegins.finish()
                for await _ in mayEnd {}
            }
            return .text("<\(request.target)>")
        } body: { server in
            async let answer = exchange(
                server, "GET /slow HTTP/1.1\r\nHost: h\r\n\r\nGET /quick HTTP/1.1\r\nHost: h\r\n\r\n" + get("/last"))
            for await _ in isSlow {}
            // Another connection is served meanwhile: the server had its turn, and left the next request where it is.
            _ = try await exchange(server, get("/other"))
            #expect(begun.withLock { $0 } == ["/slow", "/other"])
            slowEnds.finish()
            let answers = try await answer.matches(of: /<.*?>/).map { String($0.output) }
            #expect(answers == ["</slow>", "</quick>", "</last>"])
        }
    }

    @Test("Events are sent as they come, each on its own; when the client goes the stream hears of it")
    func events() async throws {
        let (stream, source) = AsyncStream<[UInt8]>.makeStream()
        let (ended, end) = AsyncStream<Void>.makeStream()
        source.onTermination = { _ in end.finish() }
        source.yield(ServerSentEvent.event("session", data: "one"))
        try await withServer { _ in
            .events(stream)
        } body: { server in
            let seen = Mutex(0)
            let answer = try await exchange(server, get("/events")) { received in
                // The second event is made only when the first has arrived.
                let count = received.matches(of: #/data: /#).count
                let isNew = seen.withLock { seen in
                    defer { seen = count }
                    return count > seen
                }
                if isNew, count == 1 { source.yield(ServerSentEvent.event("session", data: "two")) }
                return count == 2
            }
            #expect(answer.contains("\r\nContent-Type: text/event-stream\r\n"))
            #expect(answer.contains("\r\nTransfer-Encoding: chunked\r\n"))
            for await _ in ended {}
        }
    }

    @Test("A stream that ends, ends the response; to HEAD nothing of it is sent")
    func streamEnds() async throws {
        try await withServer { _ in
            HTTPResponse(
                status: 200,
                body: .stream(
                    AsyncStream { source in
                        for part in ["a", "bc"] { source.yield(Array(part.utf8)) }
                        source.finish()
                    }))
        } body: { server in
            let answer = try await exchange(server, get("/"))
            #expect(answer.hasSuffix("\r\n\r\n1\r\na\r\n2\r\nbc\r\n0\r\n\r\n"))
            let head = try await exchange(server, "HEAD / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
            #expect(head.hasSuffix("Transfer-Encoding: chunked\r\n\r\n"))
        }
    }

    @Test("A stream waits for a client that does not read, and goes on when it does")
    func streamBackpressure() async throws {
        let made = Atomic(0)
        let piece = [UInt8](repeating: 0x61, count: 100_000)
        try await withServer { _ in
            HTTPResponse(
                status: 200,
                body: .stream(
                    AsyncStream {
                        made.add(1, ordering: .relaxed).newValue <= 200 ? piece : nil
                    }))
        } body: { server in
            let address = server.boundAddress
            let total: Int = try await ControlLoop.loop.reply { reply in
                Stream.connect(to: address, on: ControlLoop.loop, timeout: .seconds(5)) { result in
                    guard case .success(let stream) = result else { return }
                    let channel = ByteChannel(stream: stream, tls: nil)
                    let owner = ChannelOwner(channel)
                    var received = 0
                    var lastMade = -1
                    func look() {
                        // Wait until the server makes no more: the client's pause has reached it.
                        let now = made.load(ordering: .relaxed)
                        if now != lastMade || now < 2 {
                            lastMade = now
                            _ = ControlLoop.loop.schedule(after: .milliseconds(50)) { look() }
                            return
                        }
                        #expect(now < 200)
                        channel.resumeReading()
                    }
                    owner.onOpen = { channel in
                        channel.write(text: "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
                        channel.pauseReading()
                        look()
                    }
                    owner.onRead = { received += $1.count }
                    owner.onEnd = { $0.close() }
                    owner.onClose = { _ in reply(received) }
                    channel.open()
                }
            }
            #expect(total > 200 * piece.count)
        }
    }

    @Test("Over TLS it is the same")
    func secure() async throws {
        try await withServer(tls: TestAuthority.server()) { _ in
            .redirect(to: "/sessions/1")
        } body: { server in
            let answer = try await exchange(server, get("/"), tls: TestAuthority.client())
            #expect(answer.hasPrefix("HTTP/1.1 303 See Other\r\nLocation: /sessions/1\r\n"))
        }
    }

    @Test("On a Unix socket only its owner may connect; closing removes it and ends connections, but not handlers")
    func unixSocket() async throws {
        var template = Array("/tmp/carrel-server-XXXXXX".utf8CString)
        mkdtemp(&template)
        let directory = String(decoding: template.dropLast().map { UInt8($0) }, as: UTF8.self)
        defer { rmdir(directory) }
        let (begun, begin) = AsyncStream<Void>.makeStream()
        let (mayGoOn, goOn) = AsyncStream<Void>.makeStream()
        let (ended, end) = AsyncStream<Bool>.makeStream()
        let server = try HTTPServer(listen: .unix(path: directory + "/s")) { request in
            if request.path == ["wait"] {
                begin.finish()
                for await _ in mayGoOn {}
                end.yield(Task.isCancelled)
                end.finish()
            }
            return .text("hello")
        }
        var status = stat()
        lstat(directory + "/s", &status)
        #expect(status.st_mode & 0o777 == 0o600)
        let answer = try await exchange(server, get("/"))
        #expect(answer.hasSuffix("hello"))
        async let waiting = exchange(server, get("/wait"))
        for await _ in begun {}
        server.close()
        let cut = try await waiting
        #expect(cut == "")
        goOn.finish()
        var cancellations: [Bool] = []
        for await isCancelled in ended { cancellations.append(isCancelled) }
        #expect(cancellations == [false])
        #expect(access(directory + "/s", F_OK) != 0)
        #expect(server.connectionCount == 0)
    }

    @Test("Connections beyond the limit are closed as they come")
    func connectionLimit() async throws {
        var limits = HTTPServer.Limits()
        limits.connections = 0
        try await withServer(limits: limits) { _ in
            .text("hello")
        } body: { server in
            let answer = try await exchange(server, get("/"))
            #expect(answer == "")
        }
    }
}

@Suite("Small parts of the server")
struct ServerPartsTests {
    @Test("Dates are those of the RFC")
    func dates() {
        var date = HTTPDate()
        #expect(date.formatted(784_111_777) == "Sun, 06 Nov 1994 08:49:37 GMT")
        #expect(date.formatted(951_782_400) == "Tue, 29 Feb 2000 00:00:00 GMT")
        #expect(date.formatted(951_782_400) == "Tue, 29 Feb 2000 00:00:00 GMT")
    }

    @Test("Events have a data line for each line, however the lines end")
    func events() {
        let event = ServerSentEvent.event("session", data: "a\nb\r\nc\rd", id: "7")
        #expect(
            String(decoding: event, as: UTF8.self) == "event: session\nid: 7\ndata: a\ndata: b\ndata: c\ndata: d\n\n")
        #expect(String(decoding: ServerSentEvent.event("x", data: ""), as: UTF8.self) == "event: x\ndata: \n\n")
    }

    @Test("A form has a limit on its fields")
    func formLimit() {
        let fields = Array(repeating: "a=1", count: TransportLimits.formFields)
        #expect(URLDecoding.fields(fields.joined(separator: "&").utf8)?.count == TransportLimits.formFields)
        #expect(URLDecoding.fields((fields + ["b=2"]).joined(separator: "&").utf8) == nil)
    }

    @Test("The root has no segments; a final slash is an empty one")
    func segments() {
        #expect(URLDecoding.segments("/".utf8) == [])
        #expect(URLDecoding.segments("/a/".utf8) == ["a", ""])
        #expect(URLDecoding.segments("/a//b+c".utf8) == ["a", "", "b+c"])
        #expect(URLDecoding.segments("a".utf8) == nil)
    }
}
