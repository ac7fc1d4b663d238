import HTTPWire

/// The response side of one request, for any HTTP version: a whole HTTP/1.1 connection, which carries one request after
/// another, or one stream of an HTTP/2 connection.
///
/// Confined to its loop. Calls that come too late (the client is gone, the request was rejected) are harmless.
public protocol ServerStream: AnyObject {
    /// Whether so many bytes are queued for this client that the owner should stop writing until it is told of the
    /// drain.
    var isSaturated: Bool { get }

    /// Begins the response. `write` writes its head in HTTP/1.1 form, the status line and the fields, except Connection
    /// and the fields that frame the body; it receives the framing that the client gets.
    ///
    /// - Parameter closing: whether this is the last response on the connection; ignored for an HTTP/2 stream.
    func respond(status: Int, framing: BodyFraming, closing: Bool, write: (inout [UInt8], BodyFraming) -> Void)
    /// Sends an informational response (102–199) before the final one, if the client's version has them. `write` writes
    /// its head: the status line and the fields, without those for framing or the connection.
    func inform(status: Int, write: (inout [UInt8]) -> Void)
    /// Sends bytes of the body. Exceeding the announced `.length` aborts the response.
    func writeBody(_ bytes: UnsafeRawBufferPointer)
    /// Completes the response. Falling short of the announced `.length` aborts it.
    func finish()

    /// Accepts the WebSocket that the request asked for: from now on bytes pass through unchanged. `write` writes the
    /// head as one of status 101: the status line and the fields.
    func upgrade(write: (inout [UInt8]) -> Void)
    func writeTunnel(_ bytes: UnsafeRawBufferPointer)
    /// Half-closes our side of the tunnel after the queued bytes; the client's side may stay open.
    func finishTunnel()

    /// Stops delivery of the request or the tunnel immediately, until `resumeReading()`. Applies to the current request
    /// only.
    func pauseReading()
    /// Resumes delivery, never within this call.
    func resumeReading()

    /// Closes when the queued bytes have been sent.
    func closeGracefully()
    /// Closes immediately: an unfinished response is truncated, and the client can detect that.
    func close()
}

extension ServerStream {
    /// Begins the response. `framing` and the stream determine `Content-Length`, `Transfer-Encoding` and `Connection`:
    /// such fields of the head are omitted or rewritten.
    public func respond(head: ResponseHead, framing: BodyFraming, closing: Bool = false) {
        respond(status: head.status, framing: framing, closing: closing) { output, framing in
            head.writeStart(into: &output)
            let keepsLength = head.keepsLength(with: framing)
            head.fields.write(into: &output) { name in
                !name.equalsIgnoringCase("connection") && (!name.isFramingField || (keepsLength && name.count == 14))
            }
        }
    }

    /// Sends a complete response.
    public func respond(head: ResponseHead, whole body: [UInt8], closing: Bool = false) {
        respond(head: head, framing: .length(Int64(body.count)), closing: closing)
        body.withUnsafeBytes { writeBody($0) }
        finish()
    }
}
