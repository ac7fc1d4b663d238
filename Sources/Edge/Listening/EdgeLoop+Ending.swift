import EventLoop

// How a loop drains and closes its connections when the process ends or hands over.
extension EdgeLoop {
    /// Stops listening, lets requests finish for `grace`, then cuts the rest.
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

    /// Drains the loop while another process accepts from the same sockets: every connection closes after its next
    /// answer. A client may already be sending its next request, so idle connections are not closed immediately.
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

    /// Sends the next request to the portal on a new connection.
    func forgetPortal() {
        if let portalUpstream { pool.forget(portalUpstream) }
    }
}
