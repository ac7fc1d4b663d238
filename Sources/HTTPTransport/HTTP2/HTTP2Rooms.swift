import CNGHTTP2
import EventLoop
import HTTPWire

/// The state that the connections of one loop share, so that a busy one allocates nothing of its own and an idle one
/// holds little: nghttp2's settings, and recycled streams and buffers. Confined to its loop; the connections retain it.
///
/// Owns the callbacks and options (nghttp2 copies them into each session); both are freed in `deinit`.
public final class HTTP2Rooms {
    let limits: HTTP2Limits
    let callbacks: OpaquePointer
    let options: OpaquePointer
    let fields = HTTP2FieldBlock()
    // Exclusivity checks are off because no code that runs during an access can access the same property again.
    @exclusivity(unchecked) private var streams: [HTTP2Stream] = []
    @exclusivity(unchecked) private var buffers: [[UInt8]] = []

    public init(_ limits: HTTP2Limits = HTTP2Limits()) {
        self.limits = limits
        callbacks = HTTP2Callbacks.make()
        var options: OpaquePointer?
        guard nghttp2_option_new(&options) == 0, let options else { fatalError("out of memory") }
        self.options = options
        // Windows open as the upstream consumes bytes, not as they arrive.
        nghttp2_option_set_no_auto_window_update(options, 1)
        // Closed streams only serve the old priority scheme, which is switched off.
        nghttp2_option_set_no_closed_streams(options, 1)
        nghttp2_option_set_max_outbound_ack(options, limits.waitingAcknowledgements)
        nghttp2_option_set_max_continuations(options, limits.continuations)
        // Frames of unknown types are ignored, but the guard must count each of them, and without this option no
        // callback would report them. (Types below 10 are HTTP/2's own.)
        for type in 10...UInt8.max { nghttp2_option_set_user_recv_extension_type(options, type) }
        // The guard counts resets; the library's own limit is set above the guard's.
        nghttp2_option_set_stream_reset_rate_limit(
            options, UInt64(limits.resets.atOnce) * 2, UInt64(limits.resets.perSecond) * 2)
    }

    deinit {
        nghttp2_session_callbacks_del(callbacks)
        nghttp2_option_del(options)
    }

    func takeStream() -> HTTP2Stream { streams.popLast() ?? HTTP2Stream() }

    func giveBack(_ stream: HTTP2Stream) {
        if streams.count < TransportLimits.spareStreams { streams.append(stream) }
    }

    func takeBuffer() -> [UInt8] { buffers.popLast() ?? [] }

    func giveBack(_ buffer: inout [UInt8]) {
        guard buffer.capacity > 0 else { return }
        var spare: [UInt8] = []
        swap(&spare, &buffer)
        guard buffers.count < TransportLimits.spareGathers else { return }
        spare.removeAll(keepingCapacity: true)
        buffers.append(spare)
    }
}
