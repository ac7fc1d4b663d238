import EventLoop
import HTTPWire
import TLS
import Testing

@testable import HTTPTransport

@Suite("A streamed answer", .timeLimit(.minutes(1)))
@ControlLoop
struct ClientStreamTests {
    let client = HTTPClient()

    @Test("pieces come as they are sent, until the answer ends")
    func pieces() async throws {
        let channel = Box<ByteChannel?>(nil)
        let upstream = try ScriptedUpstream {
            channel.value = $1
            $1.write(text: "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        }
        let (head, body) = try await client.stream(
            upstream.request(), to: upstream.address, timeout: .seconds(20))
        #expect(head.fields.first("Content-Type") == "text/event-stream")
        var received: [String] = []
        channel.value?.write(text: "3\r\none\r\n")
        for try await piece in body {
            received.append(String(decoding: piece, as: UTF8.self))
            // Each is sent only when the one before it has arrived: nothing is held back.
            if received.count == 1 { channel.value?.write(text: "3\r\ntwo\r\n") }
            if received.count == 2 { channel.value?.write(text: "0\r\n\r\n") }
        }
        #expect(received == ["one", "two"])
        _ = try await client.stream(upstream.request(), to: upstream.address, timeout: .seconds(20))
        #expect(upstream.connections == 1)
    }

    @Test("the time limit is for the head: pieces come after it too")
    func liftedLimit() async throws {
        var limit = Duration.milliseconds(100)
        let upstream = try ScriptedUpstream { _, channel in
            channel.write(text: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            // After the limit, which began before this request came.
            _ = channel.loop.schedule(after: limit) { channel.write(text: "4\r\nlate\r\n0\r\n\r\n") }
        }
        var received: [UInt8] = []
        while received.isEmpty {
            do {
                let (_, body) = try await client.stream(upstream.request(), to: upstream.address, timeout: limit)
                for try await piece in body { received += piece }
            } catch let error as HTTPClientError where error.kind == .timeout && limit < .seconds(20) {
                // A busy machine did not bring the head in time: that is not what is tested here.
                limit *= 2
            }
        }
        #expect(received == Array("late".utf8))
    }

    @Test("dropping the stream, or cancelling its reader, closes the connection", arguments: [true, false])
    func dropping(isDropped: Bool) async throws {
        let upstream = try ScriptedUpstream {
            $1.write(text: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n")
        }
        let reader = Task {
            let (_, body) = try await client.stream(upstream.request(), to: upstream.address, timeout: .seconds(20))
            for try await _ in body where isDropped { return }
        }
        await upstream.until { upstream.requests.count == 1 }
        if !isDropped { reader.cancel() }
        _ = await reader.result
        await upstream.until { upstream.closed == 1 }
    }

    @Test("a break is thrown, an early end is no end")
    func breaking() async throws {
        let upstream = try ScriptedUpstream {
            $1.write(text: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n")
            $1.finishWriting()
        }
        let (_, body) = try await client.stream(upstream.request(), to: upstream.address, timeout: .seconds(20))
        var count = 0
        let error = await #expect(throws: HTTPClientError.self) {
            for try await _ in body { count += 1 }
        }
        #expect(count == 1)
        #expect(error?.kind == .closed)
    }

    @Test("no head in time is a timeout, a refusal is a head like any other")
    func heads() async throws {
        let upstream = try ScriptedUpstream { request, channel in
            if request.head.target == "/no" { channel.write(text: "HTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\nno") }
        }
        let (head, body) = try await client.stream(
            upstream.request("GET", "/no"), to: upstream.address, timeout: .seconds(20))
        #expect(head.status == 404)
        var words: [UInt8] = []
        for try await piece in body { words += piece }
        #expect(words == Array("no".utf8))
        let error = await #expect(throws: HTTPClientError.self) {
            _ = try await client.stream(upstream.request(), to: upstream.address, timeout: .milliseconds(50))
        }
        #expect(error?.kind == .timeout)
    }

    @Test("a reader that falls too far behind loses the stream, with an error that says so")
    func slowReader() async throws {
        let upstream = try ScriptedUpstream { _, channel in
            channel.write(text: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            channel.write(text: String(repeating: "1\r\nx\r\n", count: TransportLimits.waitingPieces + 2))
        }
        let (_, body) = try await client.stream(upstream.request(), to: upstream.address, timeout: .seconds(20))
        await upstream.until { upstream.closed == 1 }
        // Away from the control loop: each piece would change threads twice, and wait where many tests run.
        let (count, error) = await Task.detached { () -> (Int, HTTPClientError?) in
            var count = 0
            do {
                for try await _ in body { count += 1 }
                return (count, nil)
            } catch { return (count, error as? HTTPClientError) }
        }.value
        #expect(count == TransportLimits.waitingPieces)
        #expect(error?.message.contains("behind") == true)
    }
}
