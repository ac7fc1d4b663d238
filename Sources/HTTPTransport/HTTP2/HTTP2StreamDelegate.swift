import HTTPWire

/// The owner of a server's connection of HTTP/2: it says who answers each request. Called on the connection's loop.
public protocol HTTP2ServerConnectionDelegate: AnyObject {
    /// A request is about to be delivered; who is to answer it is held until `streamDidClose`.
    func connection(_ connection: HTTP2ServerConnection, ownerOf stream: HTTP2Stream) -> any HTTP2StreamDelegate
    /// A request was reset because it was malformed; nobody was to answer it, or nobody needs to any more.
    func connectionDidRefuseStream(_ connection: HTTP2ServerConnection)
    /// The connection is ended for the client's fault; its streams are told that they close.
    func connection(_ connection: HTTP2ServerConnection, didFail fault: HTTP2Fault)
    /// The connection is closed, exactly once and last of all.
    func connectionDidClose(_ connection: HTTP2ServerConnection, error: ChannelError?)
}

/// The owner of one stream: it answers the request. Called on the loop, in the order head, body, end.
///
/// Every method but the last may call every method of the stream.
public protocol HTTP2StreamDelegate: AnyObject {
    /// The request. To refuse it before its body is sent, respond within this call.
    func stream(_ stream: HTTP2Stream, didReceive head: RequestHead, framing: BodyFraming)
    /// Bytes of its body; valid only during this call. None come once the response is finished.
    func stream(_ stream: HTTP2Stream, didReceiveBody bytes: UnsafeRawBufferPointer)
    /// The request is complete. It does not come once the response is finished.
    func streamDidReceiveEnd(_ stream: HTTP2Stream)
    /// Bytes had to wait, and now all of them are on their way.
    func streamDidDrain(_ stream: HTTP2Stream)
    /// Bytes of the WebSocket, valid only during this call.
    func stream(_ stream: HTTP2Stream, didReadTunnel bytes: UnsafeRawBufferPointer)
    /// The client has ended its side of the tunnel.
    func streamDidEndTunnel(_ stream: HTTP2Stream)
    /// The request was refused and answered; a response to it is no longer wanted.
    func stream(_ stream: HTTP2Stream, didFail fault: ServerFault)
    /// The stream is over, exactly once and last of all: its response is complete, or the client gave it up, or its
    /// connection has ended. Never within a call into the stream.
    func streamDidClose(_ stream: HTTP2Stream)
}
