import EventLoop

// How a loop's connections end when its process does.
extension EdgeLoop {
    /// Listens no more, lets requests finish for so long, and cuts what is left then.
    ///
    /// - Parameter completion: called once, when the last connection has closed.
    func goAway(grace: Duration, completion: @escaping () -> Void) {
        isGoingAway = true
        for (listener, _) in listeners { listener.close() }
        listeners = []
        pausedSockets = []
        for connection in redirects.values { connection.close() }
        for connection in connections.values { connection.goAway() }
        after(grace) { [self] in
            for connection in connections.values { connection.stop() }
        }
        onEmpty.append { [self] in
            for timer in endTimers { timer.cancel() }
            endTimers = []
            sweepTimer?.cancel()
            pool.close()
            dropSpares()
            report()
            log?.close()
            completion()
        }
        endIfEmpty()
    }

    /// Another process accepts by the same sockets: every connection ends with its next answer. A client does not know
    /// that before, and may be sending its next request: it is not closed under its hands.
    ///
    /// - Parameter completion: called once, when the last connection has closed.
    func leave(grace: Duration, completion: @escaping () -> Void) {
        isLeaving = true
        pausedSockets = []
        for connection in connections.values { connection.leave() }
        after(min(grace, EdgeLimits.leavingIdleTimeout)) { [self] in
            for connection in connections.values { connection.endIfIdle() }
        }
        after(grace) { [self] in
            for connection in redirects.values { connection.close() }
            for connection in connections.values { connection.endLeaving() }
        }
        onEmpty.append(completion)
        endIfEmpty()
    }

    private func after(_ delay: Duration, _ body: @escaping () -> Void) {
        endTimers.append(loop.schedule(after: delay, body))
    }

    /// The next request to the portal gets a connection of its own.
    func forgetPortal() {
        if let portalUpstream { pool.forget(portalUpstream) }
    }
}
