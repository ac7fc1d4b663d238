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
            HTTP2ServerConnection.at(owner).frameDidBegin(header!.pointee)
        }
        nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks) { _, frame, owner in
            HTTP2ServerConnection.at(owner).headersDidBegin(
                frame!.pointee.hd, isRequest: frame!.pointee.headers.cat == NGHTTP2_HCAT_REQUEST)
        }
        nghttp2_session_callbacks_set_on_header_callback(callbacks) {
            _, _, name, nameCount, value, valueCount, _, owner in
            HTTP2ServerConnection.at(owner).didReceiveField(
                name: UnsafeRawBufferPointer(start: name, count: nameCount),
                value: UnsafeRawBufferPointer(start: value, count: valueCount))
        }
        nghttp2_session_callbacks_set_on_invalid_header_callback(callbacks) { _, frame, _, _, _, _, _, owner in
            HTTP2ServerConnection.at(owner).didReceiveInvalidField(of: frame!.pointee.hd.stream_id)
        }
        nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks) { _, frame, owner in
            HTTP2ServerConnection.at(owner).didReceive(frame!)
        }
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks) { _, _, id, bytes, count, owner in
            HTTP2ServerConnection.at(owner).didReceiveData(UnsafeRawBufferPointer(start: bytes, count: count), on: id)
        }
        nghttp2_session_callbacks_set_on_stream_close_callback(callbacks) { session, id, code, owner in
            HTTP2ServerConnection.at(owner).streamDidClose(id, code: code)
        }
        nghttp2_session_callbacks_set_send_data_callback(callbacks) { _, _, header, count, source, owner in
            HTTP2ServerConnection.at(owner).sendData(
                header: header!, count: count, of: HTTP2Stream.at(source!.pointee.ptr))
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
            HTTP2ServerConnection.at(owner).dataToSend(
                of: HTTP2Stream.at(source!.pointee.ptr), most: most, flags: flags!)
        }
    }
}

extension HTTP2ServerConnection {
    fileprivate static func at(_ pointer: UnsafeMutableRawPointer?) -> HTTP2ServerConnection {
        Unmanaged<HTTP2ServerConnection>.fromOpaque(pointer!).takeUnretainedValue()
    }
}

extension HTTP2Stream {
    static func at(_ pointer: UnsafeMutableRawPointer) -> HTTP2Stream {
        Unmanaged<HTTP2Stream>.fromOpaque(pointer).takeUnretainedValue()
    }
}
