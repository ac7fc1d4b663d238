import HTTPWire

extension HTTPServerConnection: ServerStream {
    /// This connection adds the Connection field and the fields that frame the body.
    ///
    /// The head is sent with the first bytes of the body, at the latest at the end of the loop's turn. For HTTP/1.0
    /// clients the end of the connection frames a chunked body; in response to HEAD, and with 204 and 304, no body is
    /// sent.
    public func respond(
        status: Int, framing: BodyFraming, closing: Bool, write: (inout [UInt8], BodyFraming) -> Void
    ) {
        let event = ServerExchange.Event.respond(status: status, framing: framing, wantsClose: closing)
        let actions = exchange.handle(event, at: loop.now)
        if actions.contains(.writeHead) {
            write(&gathered, exchange.framing)
            switch exchange.connectionOption {
            case .none: break
            case .close: gathered.appendLiteral("Connection: close\r\n")
            case .keepAlive: gathered.appendLiteral("Connection: keep-alive\r\n")
            }
            exchange.framing.writeEnd(into: &gathered)
            askForEndOfTurn()
        }
        carryOut(actions)
    }

    /// Sends an informational response (102–199) before the final one, except to HTTP/1.0 clients.
    public func inform(status: Int, write: (inout [UInt8]) -> Void) {
        guard exchange.handle(.inform(status: status), at: loop.now).contains(.writeHead) else { return }
        write(&gathered)
        BodyFraming.none.writeEnd(into: &gathered)
        askForEndOfTurn()
    }

    /// Sends bytes of the body. Exceeding the announced `.length` closes the connection.
    public func writeBody(_ bytes: UnsafeRawBufferPointer) {
        let actions = exchange.handle(.write(bytes.count), at: loop.now)
        if actions.contains(.writeBody) {
            if exchange.framing == .chunked {
                gatherChunk(bytes)
            } else {
                send(bytes)
            }
        }
        carryOut(actions)
    }

    /// Completes the response. Falling short of the announced `.length` closes the connection immediately.
    public func finish() {
        perform(.finish)
    }

    /// Responds 101 and switches to the tunnel; bytes that arrived after the request are delivered first,
    /// asynchronously. Only for a request without a body that asked for it; otherwise the connection is closed.
    public func upgrade(head: ResponseHead) {
        upgrade { output in
            head.writeStart(into: &output)
            head.fields.write(into: &output) { !$0.isFramingField }
        }
    }

    /// As above, with a head that `write` writes: the status line and the fields.
    public func upgrade(write: (inout [UInt8]) -> Void) {
        let actions = exchange.handle(.upgrade, at: loop.now)
        guard actions.contains(.writeHead) else {
            if exchange.awaitsResponse { close() }
            return
        }
        write(&gathered)
        BodyFraming.none.writeEnd(into: &gathered)
        askForEndOfTurn()
        carryOut(actions)
    }

    /// Sends bytes through the tunnel.
    public func writeTunnel(_ bytes: UnsafeRawBufferPointer) {
        guard exchange.state == .tunnel else { return }
        send(bytes)
        carryOut([])
    }

    /// Half-closes our side of the tunnel after the queued bytes; the client's side may stay open. When both have
    /// ended, the connection closes.
    public func finishTunnel() { perform(.finishTunnel) }

    /// Accepts no further request, and closes when the queued bytes have been sent.
    public func closeGracefully() { perform(.leave) }

    /// Sends the gathered bytes now, rather than at the end of the turn.
    public func flush() {
        guard !gathered.isEmpty else { return }
        send(UnsafeRawBufferPointer(start: nil, count: 0))
    }

    // MARK: Bytes on their way

    /// Sends the gathered bytes and these in one write.
    private func send(_ bytes: UnsafeRawBufferPointer) {
        let before = channel.queuedBytes
        if gathered.isEmpty {
            channel.write(bytes)
        } else {
            gathered.withUnsafeBytes { channel.write($0, bytes) }
            if gathered.capacity > TransportLimits.keptBufferBytes || exchange.state == .tunnel {
                gathered = []
            } else {
                gathered.removeAll(keepingCapacity: true)
            }
        }
        let after = channel.queuedBytes
        if before > 0 || after > 0 {
            _ = exchange.handle(.queue(before: before, after: after), at: loop.now)
        }
    }

    private func gatherChunk(_ bytes: UnsafeRawBufferPointer) {
        ChunkEncoding.writePrefix(count: bytes.count, into: &gathered)
        gathered.append(contentsOf: bytes)
        gather(ChunkEncoding.suffix)
        if gathered.count >= TransportLimits.gatheredBytes { flush() }
    }

    func gather(_ text: StaticString) {
        gathered.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
        askForEndOfTurn()
    }

    /// Gathers a response on the owner's behalf; nothing of the request is echoed.
    func gatherAnswer(to fault: ServerFault) {
        var (head, body) = fault.response
        head.fields.append("Connection", "close")
        head.write(framing: .length(Int64(body.count)), into: &gathered)
        gathered.append(contentsOf: body)
    }
}
