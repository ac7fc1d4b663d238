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
        let decisions = DecisionList(configuration.routing)
        let addresses = AddressCounts(limit: configuration.limits.connectionsPerAddress)
        members = (0..<configuration.loops).map {
            EdgeLoop(
                name: "edge \($0)", configuration: configuration, decisions: decisions, addresses: addresses,
                onActivity: onActivity)
        }
    }

    /// Listens on every address, with every loop. Whoever starts it waits for the end of this before stopping it.
    ///
    /// - Throws: `TLSError`, or `StreamError` with the address that is taken or not allowed; nothing listens then, and the
    ///   edge is stopped.
    public func start() async throws {
        let before = state.withLock { state in
            defer { if state == .new { state = .running } }
            return state
        }
        precondition(before != .running, "an edge is started once")
        if before == .stopped {
            throw StreamError(code: StreamError.cancelled, operation: "start the edge: it was stopped")
        }
        do {
            let tls = try TLSServerContext(store: configuration.certificates)
            var addresses = configuration.listen
            for member in members {
                // Where the kernel was to choose a port, the first loop's choice holds for all.
                let listen = addresses
                addresses = try await member.onLoop { try member.listen(on: listen, tls: tls) }
            }
            bound.withLock { $0 = addresses }
            if var redirect = configuration.redirect {
                for member in members {
                    let listen = redirect
                    redirect.listen = try await member.onLoop { try member.listen(withoutTLS: listen) }
                }
                boundWithoutTLS.withLock { [redirect] in $0 = redirect.listen }
            }
        } catch {
            await stop(grace: .zero)
            throw error
        }
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
            loop.post { continuation.resume(with: Result { try body() }) }
        }
    }

    fileprivate func stop(grace: Duration) async {
        await withCheckedContinuation { continuation in
            loop.post { self.goAway(grace: grace) { continuation.resume() } }
        }
        await loop.stop()
    }
}
