import HTTPWire

/// The owner of a server connection: it answers the requests. Called on the connection's loop, in the order head, body,
/// end for each request; the next head comes only after the response to this one was finished.
///
/// Every method may call every method of the connection. The connection holds its owner until it is closed.
public protocol HTTPServerConnectionDelegate: AnyObject {
    /// A request. To refuse it before its body is sent, respond within this call: otherwise a client that expects
    /// 100 is told to go on, at once or when reading is resumed.
    func connection(_ connection: HTTPServerConnection, didReceive head: RequestHead, framing: BodyFraming)
    /// Bytes of its body; valid only during this call. None come once the response is finished.
    func connection(_ connection: HTTPServerConnection, didReceiveBody bytes: UnsafeRawBufferPointer)
    /// The request is complete. It does not come once the response is finished.
    func connectionDidReceiveEnd(_ connection: HTTPServerConnection)
    /// Bytes had to wait, and now all of them are with the kernel.
    func connectionDidDrain(_ connection: HTTPServerConnection)
    /// The client has ended its side while its response is under way: nearly always it has gone.
    /// The response may be finished all the same, or the connection closed.
    func connectionClientDidEnd(_ connection: HTTPServerConnection)
    /// Bytes after the switch of protocols, valid only during this call.
    func connection(_ connection: HTTPServerConnection, didReadTunnel bytes: UnsafeRawBufferPointer)
    /// The client has ended its side of the tunnel.
    func connectionDidEndTunnel(_ connection: HTTPServerConnection)
    /// A request was refused and answered by the connection; a response to it is no longer wanted.
    func connection(_ connection: HTTPServerConnection, didFail fault: ServerFault)
    /// The connection is closed, exactly once and last of all, whatever was under way.
    func connectionDidClose(_ connection: HTTPServerConnection, error: ChannelError?)
}

extension HTTPServerConnectionDelegate {
    public func connectionClientDidEnd(_ connection: HTTPServerConnection) {}
    public func connection(_ connection: HTTPServerConnection, didReadTunnel bytes: UnsafeRawBufferPointer) {}
    public func connectionDidEndTunnel(_ connection: HTTPServerConnection) { connection.close() }
    public func connection(_ connection: HTTPServerConnection, didFail fault: ServerFault) {}
}
