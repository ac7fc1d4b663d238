import CNGHTTP2

/// What nghttp2 calls. Each finds its connection by the session's user data, which is the connection itself: it deletes
/// its session before it goes. A stream is found by the user data of the library's stream, which is set while the stream
/// is among those of its connection.
///
/// None of them may receive or send by the session, or delete it; submitting is allowed.
enum HTTP2Callbacks {
    /// The caller frees it.
    static func make() -> OpaquePointer {
        var made: OpaquePointer?
        guard nghttp2_session_callbacks_new(&made) == 0, let callbacks = made else { fatalError("out of memory") }
        nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks) { _, header, owner in
            HTTP2ServerConnection.with(owner) { $0.frameDidBegin(header!.pointee) }
        }
        nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks) { _, frame, owner in
            HTTP2ServerConnection.with(owner) {
                $0.headersDidBegin(
                    frame!.pointee.hd, isRequest: frame!.pointee.headers.cat == NGHTTP2_HCAT_REQUEST)
            }
        }
        nghttp2_session_callbacks_set_on_header_callback(callbacks) {
            _, _, name, nameCount, value, valueCount, _, owner in
            HTTP2ServerConnection.with(owner) {
                $0.didReceiveField(
                    name: UnsafeRawBufferPointer(start: name, count: nameCount),
                    value: UnsafeRawBufferPointer(start: value, count: valueCount))
            }
        }
        nghttp2_session_callbacks_set_on_invalid_header_callback(callbacks) { _, frame, _, _, _, _, _, owner in
            HTTP2ServerConnection.with(owner) { $0.didReceiveInvalidField(of: frame!.pointee.hd.stream_id) }
        }
        nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks) { _, frame, owner in
            HTTP2ServerConnection.with(owner) { $0.didReceive(frame!) }
        }
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks) { _, _, id, bytes, count, owner in
            HTTP2ServerConnection.with(owner) {
                $0.didReceiveData(UnsafeRawBufferPointer(start: bytes, count: count), on: id)
            }
        }
        nghttp2_session_callbacks_set_on_stream_close_callback(callbacks) { session, id, code, owner in
            HTTP2ServerConnection.with(owner) { $0.streamDidClose(id, code: code) }
        }
        nghttp2_session_callbacks_set_send_data_callback(callbacks) { _, _, header, count, source, owner in
            HTTP2ServerConnection.with(owner) {
                $0.sendData(
                    header: header!, count: count, of: HTTP2Stream.at(source!.pointee.ptr))
            }
        }
        // Frames of unknown kinds: counted when they begin, and of no meaning here.
        nghttp2_session_callbacks_set_unpack_extension_callback(callbacks) { _, _, _, _ in
            NGHTTP2_ERR_CANCEL.rawValue
        }
        nghttp2_session_callbacks_set_data_source_read_length_callback(callbacks) { _, _, _, _, _, _, _ in
            TransportLimits.dataFrameBytes
        }
        return callbacks
    }

    /// Where nghttp2 asks for the bytes of a response's body.
    static func source(of owner: HTTP2Stream) -> nghttp2_data_provider {
        nghttp2_data_provider(source: nghttp2_data_source(ptr: Unmanaged.passUnretained(owner).toOpaque())) {
            _, _, _, most, flags, source, owner in
            HTTP2ServerConnection.with(owner) {
                $0.dataToSend(
                    of: HTTP2Stream.at(source!.pointee.ptr), most: most, flags: flags!)
            }
        }
    }
}

extension HTTP2ServerConnection {
    /// Nobody counts a reference for the call: the connection holds itself until its session is deleted.
    @inline(__always)
    fileprivate static func with<Result>(
        _ pointer: UnsafeMutableRawPointer?, _ body: (HTTP2ServerConnection) -> Result
    ) -> Result {
        Unmanaged<HTTP2ServerConnection>.fromOpaque(pointer!)._withUnsafeGuaranteedRef(body)
    }
}

extension HTTP2Stream {
    static func at(_ pointer: UnsafeMutableRawPointer) -> HTTP2Stream {
        Unmanaged<HTTP2Stream>.fromOpaque(pointer).takeUnretainedValue()
    }
}
