import CNGHTTP2
import EventLoop
import HTTPWire

/// What the connections of one loop share, so that a busy one allocates nothing of its own and an idle one holds little:
/// nghttp2's settings, and streams and buffers for use again. Confined to its loop; the connections hold it.
///
/// Owns the callbacks and options (nghttp2 copies them into each session); both are freed in `deinit`.
public final class HTTP2Rooms {
    let limits: HTTP2Limits
    let callbacks: OpaquePointer
    let options: OpaquePointer
    let fields = HTTP2FieldBlock()
    // Exclusivity is unchecked: nothing that is called during a change or a look comes back to the same place.
    @exclusivity(unchecked) private var streams: [HTTP2Stream] = []
    @exclusivity(unchecked) private var buffers: [[UInt8]] = []

    public init(_ limits: HTTP2Limits = HTTP2Limits()) {
        self.limits = limits
        callbacks = HTTP2Callbacks.make()
        var options: OpaquePointer?
        guard nghttp2_option_new(&options) == 0, let options else { fatalError("out of memory") }
        self.options = options
        // Windows open as the upstream takes what came, not as it comes.
        nghttp2_option_set_no_auto_window_update(options, 1)
        // Closed streams are of use for the old priorities only, which are switched off.
        nghttp2_option_set_no_closed_streams(options, 1)
        nghttp2_option_set_max_outbound_ack(options, limits.waitingAcknowledgements)
        nghttp2_option_set_max_continuations(options, limits.continuations)
        // Frames of kinds that HTTP/2 itself does not know are read over, but the guard is told of each: without this
        // nobody would be. (Types below 10 are HTTP/2's own.)
        for type in 10...UInt8.max { nghttp2_option_set_user_recv_extension_type(options, type) }
        // The guard counts them; the library's own limit is for those who do not.
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
