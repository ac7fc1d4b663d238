import EventLoop
import HTTPTransport
import HTTPWire
import Synchronization
import TLS

/// The data plane: TLS, routing by hostname, access cookies, forwarding, activity.
///
/// It runs on loops of its own; every method may be called from any thread.
public final class Edge: Sendable {
    /// What runs in a lab, as far as the edge must know it.
    public enum LabKind: String, Sendable, Hashable, CaseIterable {
        case jupyter, rstudio, http
    }

    /// The cookie that opens a lab on its hostname. The edge takes it out of what the lab sees.
    public static var cookieName: String { "__Host-carrel" }
    static var cookieField: StaticString { "__Host-carrel" }

    private enum State {
        case new, running, stopped
    }

    let members: [EdgeLoop]
    private let configuration: EdgeConfiguration
    private let state = Mutex(State.new)
    private let bound = Mutex<[SocketAddress]>([])
    private let boundWithoutTLS = Mutex<[SocketAddress]>([])
    /// Held while changes are given to the loops, so that all of them see the same order.
    private let order = Mutex(())

    /// Makes the loops; routes can be given from now on. It listens only after `start()`.
    ///
    /// - Parameters:
    ///   - configuration: its hostnames must be valid, and there must be a loop; anything else is a programmer's error,
    ///     because a configuration is checked when it is read.
    ///   - onActivity: gets, per session in which somebody did something, when that was last, in milliseconds since 1970.
    ///     Called by each loop on its thread, at most once per `EdgeLimits.activityReportInterval`; it must not wait.
    public init(_ configuration: EdgeConfiguration, onActivity: @escaping @Sendable ([String: Int64]) -> Void) {
        precondition(configuration.loops > 0, "an edge needs at least one loop")
        self.configuration = configuration
        let decisions = DecisionList(configuration.routing, isEmbedded: !configuration.embeddedIn.isEmpty)
        let addresses = AddressCounts(limit: configuration.limits.connectionsPerAddress)
        members = (0..<configuration.loops).map {
            EdgeLoop(
                name: "edge \($0)", configuration: configuration, decisions: decisions, addresses: addresses,
                onActivity: onActivity)
        }
    }

    /// Listens on every address, with every loop. Whoever starts it waits for the end of this before stopping it.
    ///
    /// - Parameter inherited: sockets that listen already. Those of its addresses are accepted from; where they are fewer
    ///   than the loops, more are bound.
    /// - Throws: `TLSError`, or `StreamError` with the address that is taken or not allowed; nothing listens then, and the
    ///   edge is stopped.
    public func start(inherited: InheritedSockets = InheritedSockets()) async throws {
        let before = state.withLock { state in
            defer { if state == .new { state = .running } }
            return state
        }
        precondition(before != .running, "an edge is started once")
        if before == .stopped {
            throw StreamError(code: StreamError.cancelled, operation: "start the edge: it was stopped")
        }
        do {
            let tls = try TLSServerContext(
                store: configuration.certificates, alpn: configuration.http2 ? ["h2", "http/1.1"] : ["http/1.1"],
                tickets: configuration.tickets)
            let addresses = try await listen(on: configuration.listen, inherited, .tls(tls))
            bound.withLock { $0 = addresses }
            if let redirect = configuration.redirect {
                let addresses = try await listen(on: redirect.listen, inherited, .redirect(redirect))
                boundWithoutTLS.withLock { $0 = addresses }
            }
        } catch {
            await stop(grace: .zero)
            throw error
        }
    }

    private func listen(
        on addresses: [SocketAddress], _ inherited: InheritedSockets, _ purpose: EdgeLoop.Purpose
    ) async throws -> [SocketAddress] {
        var bound: [SocketAddress] = []
        for address in addresses {
            let sockets = ListenerShares(inherited.take(address), among: members.count)
            var address = address
            for (index, member) in members.enumerated() {
                let wanted = address
                let share = sockets.share(of: index)
                // Where the kernel was to choose a port, the first loop's choice holds for all.
                address = try await member.onLoop { try member.listen(on: wanted, share, purpose) }
            }
            bound.append(address)
        }
        return bound
    }

    /// Where it listens, with the ports that the kernel chose where 0 was asked for. Empty before `start()`.
    public var boundAddresses: [SocketAddress] { bound.withLock { $0 } }

    /// The same for the listener without TLS.
    public var boundRedirectAddresses: [SocketAddress] { boundWithoutTLS.withLock { $0 } }

    /// Changes the routes of every loop, in the order given; a loop that is not busy sees it within a millisecond.
    public func apply(_ changes: [RouteChange]) {
        if changes.isEmpty { return }
        order.withLock { _ in
            for member in members { member.loop.post { member.apply(changes) } }
        }
    }

    /// Waits until every loop has made the changes that were given to it so far.
    public func applied() async {
        await withTaskGroup { group in
            for member in members {
                group.addTask {
                    await withCheckedContinuation { continuation in
                        member.loop.post { continuation.resume() }
                    }
                }
            }
        }
    }

    /// Reads the certificates' files again; new handshakes use them, open connections go on.
    /// - Throws: what is wrong with a file; every certificate then stays as it was.
    public func reloadCertificates() throws(TLSError) { try configuration.certificates.reload() }

    /// What all loops have counted, as one; nothing once the edge has stopped.
    public func metrics() async -> EdgeMetrics {
        var sum = EdgeMetrics()
        for member in members {
            let asked = MonotonicTime.current()
            let counted = await withCheckedContinuation { (continuation: CheckedContinuation<EdgeMetrics?, Never>) in
                let isAsked = member.loop.postIfRunning {
                    continuation.resume(returning: member.snapshot(asked: asked))
                }
                if !isAsked { continuation.resume(returning: nil) }
            }
            if let counted { sum += counted }
        }
        sum.droppedLogLines += configuration.accessLog?.failedLines ?? 0
        return sum
    }

    // MARK: Handing over

    /// The sockets on which it listens, for another process.
    /// - Throws: `StreamError` when there are too many descriptors.
    public func listeningSockets() async throws -> [ListeningSocket] {
        var sockets: [ListeningSocket] = []
        for member in members { sockets += try await member.onLoop { try member.listeningSockets() } }
        return sockets
    }

    /// Accepts nothing more, and refuses nothing: who comes waits in the sockets, which go on listening. What is open goes
    /// on. Followed by `resumeAccepting()`, `leave(grace:)` or `stop(grace:)`.
    /// - Throws: `StreamError` when there are too many descriptors; it then accepts as before.
    public func pauseAccepting() async throws {
        do {
            for member in members { try await member.onLoop { try member.pauseAccepting() } }
        } catch {
            await resumeAccepting()
            throw error
        }
    }

    /// Accepts again what waits in the sockets.
    public func resumeAccepting() async {
        for member in members { try? await member.onLoop { try member.resumeAccepting() } }
    }

    /// Another process accepts by the same sockets: finishes what is under way here. A connection ends with the answer to
    /// its next request, which says so, or when none comes for `EdgeLimits.leavingIdleTimeout`; requests and WebSockets
    /// have `grace`, then WebSockets are told that it goes away (1001) and requests are cut. A later `stop(grace:)`
    /// shortens it.
    public func leave(grace: Duration) async {
        await withTaskGroup { group in
            for member in members {
                group.addTask {
                    await withCheckedContinuation { continuation in
                        let isAsked = member.loop.postIfRunning { member.leave(grace: grace) { continuation.resume() } }
                        if !isAsked { continuation.resume() }
                    }
                }
            }
        }
        await stop(grace: .zero)
    }

    /// New requests to the portal get connections of their own: whoever answers them may be another process by now.
    public func forgetPortal() async {
        for member in members {
            try? await member.onLoop { member.forgetPortal() }
        }
    }

    /// Listens no more, tells WebSockets that it goes away (1001), lets requests finish for `grace`, then cuts what is
    /// left and ends its threads. Harmless when called again.
    public func stop(grace: Duration) async {
        let isFirst = state.withLock { state in
            defer { state = .stopped }
            return state != .stopped
        }
        guard isFirst else { return }
        await withTaskGroup { group in
            for member in members { group.addTask { await member.stop(grace: grace) } }
        }
    }
}

extension EdgeLoop {
    fileprivate func onLoop<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            let isAsked = loop.postIfRunning { continuation.resume(with: Result { try body() }) }
            if !isAsked {
                continuation.resume(throwing: StreamError(code: StreamError.cancelled, operation: "use a stopped edge"))
            }
        }
    }

    fileprivate func stop(grace: Duration) async {
        await withCheckedContinuation { continuation in
            loop.post { self.goAway(grace: grace) { continuation.resume() } }
        }
        await loop.stop()
    }
}
