import EventLoop
import TLS

// The sockets on which a loop listens: bound here, or inherited from another process and handed on.
extension EdgeLoop {
    /// What a listener's connections are for.
    enum Purpose: Sendable {
        case tls(TLSServerContext)
        case redirect(RedirectConfiguration)
    }

    /// Listens on an address.
    /// - Parameter share: the inherited sockets for this loop; without any, it binds another one to the address.
    /// - Returns: the address, with the port that the kernel chose.
    /// - Throws: the kernel's error for the address.
    func listen(
        on address: SocketAddress, _ share: [ListeningSocket], _ purpose: Purpose
    ) throws(StreamError) -> SocketAddress {
        for socket in share {
            add(try Listener(on: loop, inherited: socket, onAccept: onAccept(purpose)), purpose)
        }
        if let first = share.first { return first.address }
        let isTCP = if case .ip = address { true } else { false }
        let listener = try Listener(on: loop, address: address, reusePort: isTCP, onAccept: onAccept(purpose))
        add(listener, purpose)
        return listener.boundAddress
    }

    private func add(_ listener: Listener, _ purpose: Purpose) { listeners.append((listener, purpose)) }

    private func onAccept(_ purpose: Purpose) -> (Stream) -> Void {
        switch purpose {
        case .tls(let tls): { [self] in accept($0, tls) }
        case .redirect(let redirect): { [self] in accept($0, withoutTLS: redirect) }
        }
    }

    // MARK: Handing over

    /// - Throws: `StreamError` when there are too many descriptors.
    func listeningSockets() throws(StreamError) -> [ListeningSocket] {
        var sockets: [ListeningSocket] = []
        for (listener, _) in listeners { sockets.append(try listener.socket()) }
        return sockets
    }

    /// Stops accepting; new connections queue in the sockets' backlogs.
    /// - Throws: `StreamError` when there are too many descriptors; nothing has changed then.
    func pauseAccepting() throws(StreamError) {
        let sockets = try listeningSockets()
        pausedSockets += zip(sockets, listeners).map { ($0, $1.purpose) }
        for (listener, _) in listeners { listener.leave() }
        listeners = []
    }

    /// - Throws: `StreamError` when there are too many descriptors.
    func resumeAccepting() throws(StreamError) {
        while let (socket, purpose) = pausedSockets.last {
            add(try Listener(on: loop, inherited: socket, onAccept: onAccept(purpose)), purpose)
            pausedSockets.removeLast()
        }
    }
}

/// Which loop accepts from which of the inherited sockets.
struct ListenerShares {
    private let sockets: [ListeningSocket]
    private let loops: Int

    init(_ sockets: [ListeningSocket], among loops: Int) {
        self.sockets = sockets
        self.loops = loops
    }

    /// Every socket gets a loop, because connections queued in a socket that nobody accepts from would be lost. A loop
    /// without a share binds its own, or shares one where no more may be bound.
    func share(of loop: Int) -> [ListeningSocket] {
        let own = stride(from: loop, to: sockets.count, by: loops).map { sockets[$0] }
        guard own.isEmpty, let first = sockets.first, !first.sharesPort else { return own }
        return [sockets[loop % sockets.count]]
    }
}
