import HTTPWire

/// Follows the frames that an upstream sends through a tunnel, to know where a frame of the edge's own can be inserted
/// without splitting another.
struct FrameBoundary {
    private var reader = WebSocketFrameReader()
    private var isReadable = true

    mutating func pass(_ bytes: UnsafeRawBufferPointer) {
        guard isReadable else { return }
        var position = 0
        do throws(WebSocketError) {
            while try reader.next(in: bytes, at: &position) != .needMore {}
        } catch {
            isReadable = false
        }
    }

    /// The close frame for "going away" (1001); `nil` in the middle of a frame, and where the bytes are not frames.
    var farewell: [UInt8]? {
        guard isReadable, reader.isAtFrameStart else { return nil }
        var frame: [UInt8] = []
        WebSocketFrame.encode(.close, payload: WebSocketFrame.closePayload(code: 1001), mask: nil, into: &frame)
        return frame
    }
}
