import CNGHTTP2
import EventLoop
import HTTPWire

// Handles what the library has parsed, one piece at a time. A result other than 0 ends the connection.
extension HTTP2ServerConnection {
    private static let goOn: Int32 = 0
    private static var stop: Int32 { NGHTTP2_ERR_CALLBACK_FAILURE.rawValue }
    private static var resetStream: Int32 { NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue }

    func frameDidBegin(_ header: nghttp2_frame_hd) -> Int32 {
        if channel.isClosed { return Self.stop }
        let isBorne =
            switch HTTP2FrameType(rawValue: header.type) {
            case .data, .headers, .goAway: true
            case .continuation: bearsContinuation(header.length)
            case .reset: guardian.bears(.reset, at: loop.now)
            case .settings: guardian.bears(.settings, at: loop.now)
            case .ping: guardian.bears(.ping, at: loop.now)
            case .windowUpdate: guardian.bears(.windowUpdate, at: loop.now)
            case .priority, .pushPromise, nil: guardian.bears(.priority, at: loop.now)
            }
        return isBorne ? Self.goOn : Self.stop
    }

    private func bearsContinuation(_ length: Int) -> Bool {
        if length < rooms.limits.smallContinuation { smallContinuations += 1 }
        return smallContinuations <= rooms.limits.smallContinuations
    }

    func headersDidBegin(_ header: nghttp2_frame_hd, isRequest: Bool) -> Int32 {
        smallContinuations = 0
        if header.flags & HTTP2Flag.endHeaders == 0 {
            life.blockBegan(at: loop.now)
            note(life.deadline)
        }
        if isRequest {
            assembler.begin()
            block = .request(add(header.stream_id))
        } else {
            block = .trailers(bytes: 0)
        }
        return Self.goOn
    }

    func didReceiveField(name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) -> Int32 {
        switch block {
        case .none:
            return Self.goOn
        case .request:
            assembler.add(name: name, value: value)
            return assembler.isFlood ? Self.stop : Self.goOn
        case .trailers(let bytes):
            let sum = bytes + name.count + value.count + 32
            block = .trailers(bytes: sum)
            return sum > assembler.limits.trailerBytes ? Self.stop : Self.goOn
        }
    }

    /// The library would drop such a field; a request that has one is malformed (RFC 9113, section 8.2.1).
    func didReceiveInvalidField(of id: Int32) -> Int32 {
        nghttp2_submit_rst_stream(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), id, HTTP2Code.protocolError.rawValue)
        return Self.resetStream
    }

    func didReceive(_ frame: UnsafePointer<nghttp2_frame>) -> Int32 {
        let header = frame.pointee.hd
        let endsStream = header.flags & HTTP2Flag.endStream != 0
        switch HTTP2FrameType(rawValue: header.type) {
        case .headers:
            life.blockEnded()
            if case .request(let stream) = block {
                block = .none
                deliverHead(to: stream, endsHere: endsStream)
            } else {
                block = .none
                if endsStream { stream(header.stream_id)?.clientDidEnd() }
            }
        case .data:
            if endsStream {
                stream(header.stream_id)?.clientDidEnd()
            } else if header.length == frame.pointee.data.padlen {
                return guardian.bears(.emptyData, at: loop.now) ? Self.goOn : Self.stop
            }
        case .settings:
            life.receivedSettings()
        case .ping:
            if header.flags & HTTP2Flag.acknowledgement != 0, life.receivedAnswer() == .announceEnd { announceEnd() }
        case .priority, .reset, .pushPromise, .goAway, .windowUpdate, .continuation, nil:
            break
        }
        return Self.goOn
    }

    private func deliverHead(to stream: HTTP2Stream, endsHere: Bool) {
        guard let delegate else { return }
        var failure: HTTPParseError?
        do throws(HTTPParseError) {
            try assembler.finish(endsHere: endsHere) {
                WebSocketHandshake.key(from: (0..<16).map { _ in UInt8.random(in: 0...255) })
            }
        } catch {
            failure = error
        }
        stream.receive(
            assembler, error: failure, owner: delegate.connection(self, ownerOf: stream), endsHere: endsHere)
    }

    func didReceiveData(_ bytes: UnsafeRawBufferPointer, on id: Int32) -> Int32 {
        if let stream = stream(id) {
            stream.receiveData(bytes)
        } else {
            forget(bytes.count)
        }
        return Self.goOn
    }

    func streamDidClose(_ id: Int32, code: UInt32) -> Int32 {
        if case .request(let stream) = block, stream.id == id { block = .none }
        guard let stream = stream(id) else { return Self.goOn }
        stream.wireDidClose(isWhole: code == HTTP2Code.noError.rawValue)
        streamIsOver()
        return Self.goOn
    }

    func stream(_ id: Int32) -> HTTP2Stream? {
        nghttp2_session_get_stream_user_data(session, id).map { HTTP2Stream.at($0) }
    }

    // MARK: Windows

    /// The owner has consumed bytes of a stream: the client may send as many more.
    func consume(_ count: Int, of stream: HTTP2Stream) {
        if stream.isWireClosed { return forget(count) }
        nghttp2_session_consume(session, stream.id, count)
        askForEndOfTurn()
    }

    /// Credits bytes that no owner will consume back to the connection's window.
    func forget(_ count: Int) {
        nghttp2_session_consume_connection(session, count)
        askForEndOfTurn()
    }
}
