import CLibUV

/// One connection: the loop's end, driven by `SimulatedUV`, and the other end, driven by a script.
final class SimulatedSocket {
    let handle: HandlePointer
    let descriptor: Int32
    private unowned let kernel: SimulatedKernel
    var isClosing = false
    /// The port to which the loop connects.
    private(set) var port: Int?
    /// Called while the loop reads, when there are bytes or the end of the stream.
    var onReadable: (() -> Void)?

    // The bytes in transit between the ends, and how each end has closed.
    private var inbound: [UInt8] = []
    private var hasPeerEnded = false
    private var resetStatus: Int32?
    private var outbound: [UInt8] = []
    private var hasEnded = false
    private var wasEndRead = false

    // The loop's pending requests.
    private var connecting: ((Int32) -> Void)?
    private var writing: (rest: UnsafeRawBufferPointer, done: (Int32) -> Void)?
    private var ending: ((Int32) -> Void)?

    /// The size of each kernel buffer.
    static let bufferBytes = 64 * 1024

    init(handle: HandlePointer, descriptor: Int32, kernel: SimulatedKernel) {
        self.handle = handle
        self.descriptor = descriptor
        self.kernel = kernel
    }

    var queuedBytes: Int { writing?.rest.count ?? 0 }

    // MARK: The loop's end

    func connect(to port: Int, _ done: @escaping (Int32) -> Void) {
        self.port = port
        connecting = done
    }

    func tryWrite(_ bytes: ArraySlice<UInt8>) -> Int32 {
        if writing != nil { return UV_EAGAIN.rawValue }
        if resetStatus != nil { return UV_EPIPE.rawValue }
        let room = Self.bufferBytes - outbound.count
        if room <= 0 { return UV_EAGAIN.rawValue }
        let count = min(bytes.count, kernel.random.oneIn(4) ? Int.random(in: 1...room, using: &kernel.random) : room)
        outbound += bytes.prefix(count)
        return Int32(count)
    }

    func write(_ bytes: UnsafeRawBufferPointer, _ done: @escaping (Int32) -> Void) {
        precondition(writing == nil && !hasEnded, "one write at a time, and none after the end")
        writing = (bytes, done)
    }

    func shutDown(_ done: @escaping (Int32) -> Void) -> Int32 {
        precondition(ending == nil && !hasEnded, "a stream is shut down once")
        if resetStatus != nil { return UV_ENOTCONN.rawValue }
        ending = done
        return 0
    }

    /// Adds the events that could happen on this end now.
    func addReady(to ready: inout [() -> Void]) {
        if isClosing { return }
        if connecting != nil { ready.append { [self] in finishConnecting() } }
        if onReadable != nil, !inbound.isEmpty || (hasPeerEnded && !wasEndRead) || resetStatus != nil {
            ready.append { [self] in onReadable?() }
        }
        if writing != nil, outbound.count < Self.bufferBytes || resetStatus != nil {
            ready.append { [self] in writeOn() }
        } else if writing == nil, ending != nil {
            ready.append { [self] in end() }
        }
    }

    private func finishConnecting() {
        guard let done = connecting else { return }
        connecting = nil
        done(kernel.onConnect(self) ? 0 : UV_ECONNREFUSED.rawValue)
    }

    /// - Returns: how many bytes were taken, 0 for the end, or a negative status.
    func take(into room: UnsafeMutableRawBufferPointer) -> Int {
        precondition(!isClosing, "a socket was read that is closed")
        if !inbound.isEmpty {
            let most = min(inbound.count, room.count)
            let count = kernel.random.oneIn(3) ? Int.random(in: 1...most, using: &kernel.random) : most
            room.copyBytes(from: inbound.prefix(count))
            inbound.removeFirst(count)
            return count
        }
        if let resetStatus { return Int(resetStatus) }
        guard hasPeerEnded else { return Int(UV_EAGAIN.rawValue) }
        wasEndRead = true
        return 0
    }

    private func writeOn() {
        guard let (rest, done) = writing else { return }
        if resetStatus != nil {
            writing = nil
            return done(UV_EPIPE.rawValue)
        }
        let count = min(rest.count, Int.random(in: 1...(Self.bufferBytes - outbound.count), using: &kernel.random))
        outbound += rest.prefix(count)
        guard count == rest.count else {
            writing = (UnsafeRawBufferPointer(rebasing: rest[count...]), done)
            return
        }
        writing = nil
        done(0)
    }

    private func end() {
        guard let done = ending else { return }
        ending = nil
        hasEnded = resetStatus == nil
        done(hasEnded ? 0 : UV_ENOTCONN.rawValue)
    }

    /// The handle is closed: cancels its pending requests.
    func dropRequests() {
        let (connecting, writing, ending) = (connecting, writing, ending)
        (self.connecting, self.writing, self.ending) = (nil, nil, nil)
        connecting?(UV_ECANCELED.rawValue)
        writing?.done(UV_ECANCELED.rawValue)
        ending?(UV_ECANCELED.rawValue)
        onReadable = nil
    }

    // MARK: The script's end

    /// How many bytes could be sent now.
    var room: Int { isClosing || resetStatus != nil || hasPeerEnded ? 0 : max(0, Self.bufferBytes - inbound.count) }

    func send(_ bytes: some Sequence<UInt8>) { inbound += bytes }

    /// Half-closes the script's direction.
    func finish() { hasPeerEnded = true }

    /// Resets the connection. Bytes in transit to the loop may still be read, or not.
    func reset() {
        resetStatus = UV_ECONNRESET.rawValue
        if kernel.random.oneIn(2) { inbound = [] }
        outbound = []
    }

    /// Takes up to `count` bytes that the loop has sent.
    func receive(_ count: Int) -> ArraySlice<UInt8> {
        let piece = outbound.prefix(count)
        outbound.removeFirst(piece.count)
        return piece
    }

    /// How the loop's direction has ended, for a script that has received everything.
    var outcome: Outcome {
        if !outbound.isEmpty || writing != nil && !isClosing { return .open }
        if hasEnded { return .ended }
        return isClosing ? .brokenOff : .open
    }

    enum Outcome {
        case open
        /// An orderly end: with TLS, which is left out here, there would have been a close_notify.
        case ended
        /// Closed without an orderly end.
        case brokenOff
    }
}
