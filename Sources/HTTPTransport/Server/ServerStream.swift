import HTTPWire

/// One request's way back to its client, whatever version of HTTP the client speaks: a whole HTTP/1.1 connection, which
/// carries one request after another, or one stream of an HTTP/2 connection.
///
/// Confined to its loop. Calls that come too late (the client has gone, the request was refused) are harmless.
public protocol ServerStream: AnyObject {
    /// So many bytes wait for this client that its owner should write no more until it hears that they have drained.
    var isSaturated: Bool { get }

    /// Begins the response, whose head is written by `write` in the form of HTTP/1.1: the status line and the fields, but
    /// for Connection and those that the framing is said by. It is given the framing that the client gets.
    ///
    /// - Parameter closing: the last response on this connection; of no meaning to one stream among others.
    func respond(status: Int, framing: BodyFraming, closing: Bool, write: (inout [UInt8], BodyFraming) -> Void)
    /// Sends an informational response (102–199) before the final one, where the client knows such. Its head is written by
    /// `write`: the status line and the fields, none of which is about framing or the connection.
    func inform(status: Int, write: (inout [UInt8]) -> Void)
    /// Sends bytes of the body. More than `.length` announced aborts it.
    func writeBody(_ bytes: UnsafeRawBufferPointer)
    /// The response is complete. Less than `.length` announced aborts it.
    func finish()

    /// Accepts the WebSocket that the request asked for: from now on bytes pass as they are. The head is written by
    /// `write`, as one of status 101: the status line and the fields.
    func upgrade(write: (inout [UInt8]) -> Void)
    func writeTunnel(_ bytes: UnsafeRawBufferPointer)
    /// Ends our side of the tunnel after what was written; the client's may go on.
    func finishTunnel()

    /// From now on nothing more of the request or the tunnel is delivered, at once, until `resumeReading()`. Holds for
    /// the current request only.
    func pauseReading()
    /// Delivery goes on, never within this call.
    func resumeReading()

    /// Closes it when what was written has left.
    func closeGracefully()
    /// Closes it at once: a response that is not finished is cut, and the client can tell.
    func close()
}

extension ServerStream {
    /// Begins the response. `framing` and the stream decide about `Content-Length`, `Transfer-Encoding` and
    /// `Connection`: such fields of the head are left out or rewritten.
    public func respond(head: ResponseHead, framing: BodyFraming, closing: Bool = false) {
        respond(status: head.status, framing: framing, closing: closing) { output, framing in
            head.writeStart(into: &output)
            let keepsLength = head.keepsLength(with: framing)
            head.fields.write(into: &output) { name in
                !name.equalsIgnoringCase("connection") && (!name.isFramingField || (keepsLength && name.count == 14))
            }
        }
    }

    /// Sends a whole response.
    public func respond(head: ResponseHead, whole body: [UInt8], closing: Bool = false) {
        respond(head: head, framing: .length(Int64(body.count)), closing: closing)
        body.withUnsafeBytes { writeBody($0) }
        finish()
    }
}
