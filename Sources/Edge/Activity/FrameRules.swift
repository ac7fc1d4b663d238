import EventLoop
import HTTPWire

/// What a tunnel carries, as far as it decides which of the client's frames come by a timer. Derived from its request.
enum TunnelKind: Hashable, Sendable {
    /// A kernel's channels, in Jupyter Server's own framing (`v1.kernel.websocket.jupyter.org`) or as JSON.
    case kernel
    /// A terminal of Jupyter Server (terminado).
    case jupyterTerminal
    /// A document that several people edit at the same time (jupyter-collaboration: the protocols of Yjs).
    case sharedDocument
    case rstudio
    /// Any other program that the lab runs or proxies.
    case application

    init(_ head: RequestHead, kind: Edge.LabKind) {
        let path = head.pathBytes
        switch kind {
        case .jupyter where path.hasPrefix("/api/kernels/"): self = .kernel
        case .jupyter where path.hasPrefix("/terminals/websocket/"): self = .jupyterTerminal
        case .jupyter where path.hasPrefix("/api/collaboration/"): self = .sharedDocument
        case .jupyter, .http: self = .application
        case .rstudio: self = .rstudio
        }
    }

    /// Whether `FrameRules` covers every frame that the client sends without the user.
    var isKnown: Bool {
        switch self {
        case .kernel, .jupyterTerminal, .sharedDocument: true
        case .rstudio, .application: false
        }
    }

    /// How many bytes of a frame's payload are needed to classify it.
    var bytesNeeded: Int { self == .kernel ? EdgeLimits.kernelFrameBytes : EdgeLimits.frameBytes }
}

/// The frames that programs in a browser send without the user.
enum FrameRules {
    /// Whether a program sends this frame by a timer, or in answer to its server. Compressed frames cannot be
    /// recognised by their bytes, only by their rhythm (`Beats`).
    ///
    /// - Parameter start: the first `TunnelKind.bytesNeeded` bytes of its payload, unmasked, or all of it.
    static func isTimer(_ frame: WebSocketFrame, _ start: ArraySlice<UInt8>, in tunnel: TunnelKind) -> Bool {
        guard frame.reservedBits == 0 else { return false }
        switch tunnel {
        case .kernel:
            // Sent on every connect, and so again after every interruption.
            return contains(start, "\"msg_type\":\"kernel_info_request\"")
                || contains(start, "\"msg_type\":\"comm_info_request\"")
        case .jupyterTerminal:
            return start.hasPrefix("[\"set_size\"")
        case .sharedDocument:
            // Awareness (1) is renewed every 15 s; of sync messages (0) only updates (2) are edits.
            guard let first = start.first else { return true }
            return first == 1 || (first == 0 && start.dropFirst().first != 2)
        case .rstudio:
            // The terminal's keepalive is this one letter; typed input follows an `a`.
            return start.elementsEqual("b".utf8) || isApplicationTimer(frame, start)
        case .application:
            return isApplicationTimer(frame, start)
        }
    }

    /// The heartbeats of common application frameworks.
    private static func isApplicationTimer(_ frame: WebSocketFrame, _ start: ArraySlice<UInt8>) -> Bool {
        let length = frame.payloadLength
        guard length <= EdgeLimits.frameBytes else { return false }
        if frame.opcode == .binary {
            // VS Code: 13 bytes without a body, the first of which says acknowledgement (3) or keepalive (9).
            return length == 13 && (start.first == 3 || start.first == 9) && start.suffix(4).allSatisfy { $0 == 0 }
        }
        // Engine.IO and Socket.IO: ping, pong, the probe of an upgrade, and the upgrade.
        for packet: StaticString in ["2", "3", "2probe", "3probe", "5"] where start.elementsEqual(packet.bytes) {
            return true
        }
        // Shiny Server acknowledges its server's messages; Phoenix has heartbeats; many programs use these words.
        return start.hasPrefix("[\"ACK ") || contains(start, "\"heartbeat\"") || contains(start, "\"type\":\"ping\"")
            || contains(start, "\"type\":\"pong\"") || start.elementsEqual("ping".utf8)
            || start.elementsEqual("pong".utf8)
    }

    private static func contains(_ bytes: ArraySlice<UInt8>, _ text: StaticString) -> Bool {
        let count = text.utf8CodeUnitCount
        guard bytes.count >= count else { return false }
        let first = text.utf8Start.pointee
        for index in bytes.startIndex...bytes.endIndex - count
        where bytes[index] == first && bytes[index..<index + count].elementsEqual(text.bytes) {
            return true
        }
        return false
    }
}

/// Tells from the bytes that a client sends through a tunnel whether they are user activity.
///
/// A message is judged by its first frame, and by at most `TunnelKind.bytesNeeded` bytes of it. A frame that no rule
/// recognises as a timer's still is one if it comes at regular intervals, unless every timer of the tunnel is known:
/// the same bytes, or, at long intervals, any frame of the same length.
struct ClientFrameMeter {
    private var reader = WebSocketFrameReader()
    private var isReadable = true
    private let tunnel: TunnelKind
    /// The frame whose start is being read.
    private var frame: WebSocketFrame?
    /// The part of it that has arrived, unmasked. The buffer is allocated once.
    private var start: [UInt8] = []
    private var same = Beats(limit: EdgeLimits.beatsPerTunnel)
    private var alike = Beats(limit: EdgeLimits.beatsPerTunnel)

    init(_ tunnel: TunnelKind = .application) { self.tunnel = tunnel }

    /// Whether these bytes hold the start of a frame that counts. Bytes that are not frames are forwarded by the tunnel
    /// all the same, and nothing counts from there on.
    mutating func sees(_ bytes: UnsafeRawBufferPointer, at now: MonotonicTime) -> Bool {
        guard isReadable else { return false }
        var position = 0
        var counts = false
        do throws(WebSocketError) {
            while true {
                switch try reader.next(in: bytes, at: &position) {
                case .needMore: return counts
                case .frame(let next): begin(next)
                case .payload(let range):
                    if take(UnsafeRawBufferPointer(rebasing: bytes[range]), at: now) { counts = true }
                }
            }
        } catch {
            isReadable = false
            return counts
        }
    }

    private mutating func begin(_ next: WebSocketFrame) {
        // The first frame of a message decided whether it counts.
        guard !next.opcode.isControl, next.opcode != .continuation, next.payloadLength > 0 else { return }
        frame = next
        if start.capacity == 0 { start.reserveCapacity(tunnel.bytesNeeded) }
        start.removeAll(keepingCapacity: true)
    }

    /// Whether the frame can be classified now, and counts.
    private mutating func take(_ bytes: UnsafeRawBufferPointer, at now: MonotonicTime) -> Bool {
        guard let frame else { return false }
        let needed = Int(min(frame.payloadLength, Int64(tunnel.bytesNeeded)))
        let key = frame.mask ?? 0
        for byte in bytes.prefix(needed - start.count) {
            let shift = UInt32(24 - 8 * (start.count & 3))
            start.append(byte ^ UInt8(truncatingIfNeeded: key >> shift))
        }
        guard start.count == needed else { return false }
        self.frame = nil
        return counts(frame, at: now)
    }

    private mutating func counts(_ frame: WebSocketFrame, at now: MonotonicTime) -> Bool {
        if FrameRules.isTimer(frame, start[...], in: tunnel) { return false }
        // Where every timer is known by its bytes, everything else is the user's, however regularly they type.
        if tunnel.isKnown, frame.reservedBits == 0 { return true }
        var shape = BeatName()
        shape.add(frame.opcode.rawValue)
        shape.add(frame.payloadLength)
        var content = shape
        for byte in start { content.add(byte) }
        // Both record every frame.
        let isSame = same.occurs(content.value, at: now)
        let isAlike = alike.occurs(shape.value, at: now, onlySlow: true)
        return !isSame && !isAlike
    }
}
