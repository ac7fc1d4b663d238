import HTTPWire

/// The owner of an HTTP/2 server connection, which assigns an owner to each request. Called on the connection's loop.
public protocol HTTP2ServerConnectionDelegate: AnyObject {
    /// A request is about to be delivered. The returned owner must respond to it, and is retained until
    /// `streamDidClose`.
    func connection(_ connection: HTTP2ServerConnection, ownerOf stream: HTTP2Stream) -> any HTTP2StreamDelegate
    /// A stream was reset because its request was malformed or over a limit; no owner has to respond to it.
    func connectionDidRefuseStream(_ connection: HTTP2ServerConnection)
    /// The connection is being ended through the client's fault; its streams receive their own close events.
    func connection(_ connection: HTTP2ServerConnection, didFail fault: HTTP2Fault)
    /// The connection is closed; called exactly once, as the last event.
    func connectionDidClose(_ connection: HTTP2ServerConnection, error: ChannelError?)
}

/// The owner of one stream, which responds to the request. Called on the loop, in the order head, body, end.
///
/// Within every method but the last, all methods of the stream may be called.
public protocol HTTP2StreamDelegate: AnyObject {
    /// The request. To reject it before its body is sent, respond within this call.
    func stream(_ stream: HTTP2Stream, didReceive head: RequestHead, framing: BodyFraming)
    /// Bytes of its body; valid only during this call. Not called once the response is finished.
    func stream(_ stream: HTTP2Stream, didReceiveBody bytes: UnsafeRawBufferPointer)
    /// The request is complete. Not called once the response is finished.
    func streamDidReceiveEnd(_ stream: HTTP2Stream)
    /// Bytes had been queued, and all of them have now been sent on.
    func streamDidDrain(_ stream: HTTP2Stream)
    /// Bytes of the WebSocket, valid only during this call.
    func stream(_ stream: HTTP2Stream, didReadTunnel bytes: UnsafeRawBufferPointer)
    /// The client has half-closed the tunnel.
    func streamDidEndTunnel(_ stream: HTTP2Stream)
    /// The request was rejected and answered; a response to it is no longer needed.
    func stream(_ stream: HTTP2Stream, didFail fault: ServerFault)
    /// The stream is over; called exactly once, as the last event: its response is complete, the client cancelled it,
    /// or its connection has ended. Never called within a call into the stream.
    func streamDidClose(_ stream: HTTP2Stream)
}
