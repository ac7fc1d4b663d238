import EventLoop
import HTTPTransport
import HTTPWire
import Synchronization
import TLS

/// The data plane: TLS, routing by hostname, access cookies, forwarding, metering of activity.
///
/// It runs on loops of its own; every method may be called from any thread.
public final class Edge: Sendable {
    /// The kind of program in a lab, as far as the edge must know it.
    public enum LabKind: String, Sendable, Hashable, CaseIterable {
        case jupyter, rstudio, http
    }

    /// The cookie that opens a lab on its hostname. The edge removes it from the request that the lab gets.
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
    /// Held while changes are posted to the loops, so that all loops see them in the same order.
    private let order = Mutex(())

    /// Creates the loops; routes can be applied from now on. It listens only after `start()`.
    ///
    /// - Parameters:
    ///   - configuration: its hostnames must be valid, and it must have at least one loop; anything else is a
    ///     programmer's error, because a configuration is checked when it is read.
    ///   - onActivity: receives, for each session with activity, the time of the last one in milliseconds since 1970.
    ///     Called by each loop on its thread, at most once per `EdgeLimits.activityReportInterval`; it must not block.
    public init(_ configuration: EdgeConfiguration, onActivity: @escaping @Sendable ([String: Int64]) -> Void) {
        precondition(configuration.loops > 0, "an edge needs at least one loop")
        self.configuration = configuration
        let decisions = DecisionList(configuration.routing)
        let addresses = AddressCounts(limit: configuration.limits.connectionsPerAddress)
        members = (0..<configuration.loops).map {
            EdgeLoop(
                name: "edge \($0)", configuration: configuration, decisions: decisions, addresses: addresses,
                onActivity: onActivity)
        }
    }

    /// Listens on every address, with every loop. The caller must not stop the edge before this returns.
    ///
    /// - Parameter inherited: sockets that already listen. Those bound to its addresses are accepted from; if there are
    ///   fewer than loops, more are bound.
    /// - Throws: `TLSError`, or `StreamError` with the address that is in use or not permitted; nothing listens then,
    ///   and the edge is stopped.
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
                // For port 0, the port that the kernel chose for the first loop applies to all loops.
                address = try await member.onLoop { try member.listen(on: wanted, share, purpose) }
            }
            bound.append(address)
        }
        return bound
    }

    /// The addresses on which it listens, with the ports that the kernel chose for port 0. Empty before `start()`.
    public var boundAddresses: [SocketAddress] { bound.withLock { $0 } }

    /// The same for the listener without TLS.
    public var boundRedirectAddresses: [SocketAddress] { boundWithoutTLS.withLock { $0 } }

    /// Changes the portals and routes of every loop, in the given order; an idle loop applies them within a millisecond.
    public func apply(_ changes: [RouteChange]) {
        if changes.isEmpty { return }
        order.withLock { _ in
            for member in members { member.loop.post { member.apply(changes) } }
        }
    }

    /// Waits until every loop has applied all changes so far.
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

    /// Reads the certificate files again; new handshakes use them, open connections are unaffected.
    /// - Throws: the error in a file; all certificates then stay as they were.
    public func reloadCertificates() throws(TLSError) { try configuration.certificates.reload() }

    /// The metrics of all loops, merged; empty once the edge has stopped.
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

    /// The sockets on which it listens, to hand over to another process.
    /// - Throws: `StreamError` when there are too many descriptors.
    public func listeningSockets() async throws -> [ListeningSocket] {
        var sockets: [ListeningSocket] = []
        for member in members { sockets += try await member.onLoop { try member.listeningSockets() } }
        return sockets
    }

    /// Stops accepting without refusing: new connections queue in the sockets' backlogs, because the sockets keep
    /// listening. Open connections are unaffected. Followed by `resumeAccepting()`, `leave(grace:)` or `stop(grace:)`.
    /// - Throws: `StreamError` when there are too many descriptors; it then accepts as before.
    public func pauseAccepting() async throws {
        do {
            for member in members { try await member.onLoop { try member.pauseAccepting() } }
        } catch {
            await resumeAccepting()
            throw error
        }
    }

    /// Accepts from the sockets again, including the connections that queued.
    public func resumeAccepting() async {
        for member in members { try? await member.onLoop { try member.resumeAccepting() } }
    }

    /// Drains the connections of this process while another process accepts from the same sockets. A connection is
    /// closed after the answer to its next request, which announces it, or after `EdgeLimits.leavingIdleTimeout`
    /// without one. Requests and WebSockets have `grace`; after it WebSockets are sent a close frame (1001) and
    /// requests are cut. A later `stop(grace:)` shortens the grace.
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

    /// Sends new requests to the portal on new connections, because another process may serve it by now.
    public func forgetPortal() async {
        for member in members {
            try? await member.onLoop { member.forgetPortal() }
        }
    }

    /// Stops listening, sends WebSockets a close frame (1001), lets requests finish for `grace`, then cuts the rest and
    /// ends its threads. Idempotent.
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
