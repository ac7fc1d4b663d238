import CNGHTTP2

/// Error codes (RFC 9113, section 7).
enum HTTP2Code: UInt32 {
    case noError = 0
    case protocolError = 1
    case internalError = 2
    case refusedStream = 7
    case cancel = 8
    case enhanceYourCalm = 11
}

/// SETTINGS parameters that we send (RFC 9113, section 6.5.2; RFC 8441, section 3; RFC 9218, section 2.1).
enum HTTP2Setting: Int32 {
    case maxConcurrentStreams = 3
    case initialWindowSize = 4
    case maxHeaderListSize = 6
    case enableConnectProtocol = 8
    case noOldPriorities = 9
}

/// Frame types (RFC 9113, section 6; RFC 9218, section 7.1).
enum HTTP2FrameType: UInt8 {
    case data = 0
    case headers = 1
    case priority = 2
    case reset = 3
    case settings = 4
    case pushPromise = 5
    case ping = 6
    case goAway = 7
    case windowUpdate = 8
    case continuation = 9
}

enum HTTP2Flag {
    static let endStream: UInt8 = 1
    static let acknowledgement: UInt8 = 1
    static let endHeaders: UInt8 = 4
}

extension nghttp2_settings_entry {
    init(_ setting: HTTP2Setting, _ value: Int) {
        self.init(settings_id: setting.rawValue, value: UInt32(value))
    }
}

extension HTTP2Fault {
    /// Maps the library's error code after it has failed to read.
    init(libraryCode: Int) {
        switch Int32(libraryCode) {
        case NGHTTP2_ERR_FLOODED.rawValue, NGHTTP2_ERR_TOO_MANY_CONTINUATIONS.rawValue,
            NGHTTP2_ERR_CALLBACK_FAILURE.rawValue:
            self = .flood
        default: self = .malformed
        }
    }
}
