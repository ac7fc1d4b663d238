import HTTPWire

/// The owner of a server connection, which responds to the requests. Called on the connection's loop, in the order
/// head, body, end for each request; the next head comes only after the response to the current one is finished.
///
/// Within every method, all methods of the connection may be called. The connection retains its owner until it is
/// closed.
public protocol HTTPServerConnectionDelegate: AnyObject {
    /// A request. To reject it before its body is sent, respond within this call: otherwise a client that expects 100
    /// receives it, immediately or when reading is resumed.
    func connection(_ connection: HTTPServerConnection, didReceive head: RequestHead, framing: BodyFraming)
    /// Bytes of its body; valid only during this call. Not called once the response is finished.
    func connection(_ connection: HTTPServerConnection, didReceiveBody bytes: UnsafeRawBufferPointer)
    /// The request is complete. Not called once the response is finished.
    func connectionDidReceiveEnd(_ connection: HTTPServerConnection)
    /// Bytes had been queued, and the kernel has now accepted all of them.
    func connectionDidDrain(_ connection: HTTPServerConnection)
    /// The client has half-closed while its response is in progress: nearly always it is gone. The owner may still
    /// finish the response, or close the connection.
    func connectionClientDidEnd(_ connection: HTTPServerConnection)
    /// Bytes of the tunnel, valid only during this call.
    func connection(_ connection: HTTPServerConnection, didReadTunnel bytes: UnsafeRawBufferPointer)
    /// The client has half-closed the tunnel.
    func connectionDidEndTunnel(_ connection: HTTPServerConnection)
    /// The connection rejected a request and answered it; a response from the owner is no longer needed.
    func connection(_ connection: HTTPServerConnection, didFail fault: ServerFault)
    /// The connection is closed; called exactly once, as the last event, whatever was in progress.
    func connectionDidClose(_ connection: HTTPServerConnection, error: ChannelError?)
}

extension HTTPServerConnectionDelegate {
    public func connectionClientDidEnd(_ connection: HTTPServerConnection) {}
    public func connection(_ connection: HTTPServerConnection, didReadTunnel bytes: UnsafeRawBufferPointer) {}
    public func connectionDidEndTunnel(_ connection: HTTPServerConnection) { connection.close() }
    public func connection(_ connection: HTTPServerConnection, didFail fault: ServerFault) {}
}
