import CNGHTTP2

/// The callbacks of nghttp2. Each finds its connection through the session's user data, which points to the connection
/// itself: the connection deletes its session before it is deallocated. A stream is found through the user data of the
/// library's stream, which is set while the stream is in its connection's list.
///
/// No callback may receive or send on the session, or delete it; submitting is allowed.
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
        // Unknown frame types are counted when they begin, and otherwise ignored.
        nghttp2_session_callbacks_set_unpack_extension_callback(callbacks) { _, _, _, _ in
            NGHTTP2_ERR_CANCEL.rawValue
        }
        nghttp2_session_callbacks_set_data_source_read_length_callback(callbacks) { _, _, _, _, _, _, _ in
            TransportLimits.dataFrameBytes
        }
        return callbacks
    }

    /// The data source from which nghttp2 reads a response's body.
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
    /// No retain is needed for the call: the connection retains itself until its session is deleted.
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
