import CLibUV

/// The failure of a stream, a listener, a name lookup or a signal: the system's error and the operation that failed.
public struct StreamError: Error, Hashable, Sendable, CustomStringConvertible {
    /// libuv's code: a negative errno, or one of its own (`UV_EOF`, `UV_EAI_…`).
    public let code: Int32
    /// The operation and its object: `connect to 127.0.0.1:80`.
    public let operation: String
    /// Details beyond the code, where there are any, such as what to do next.
    public let detail: String?

    public init(code: Int32, operation: String, detail: String? = nil) {
        self.code = code
        self.operation = operation
        self.detail = detail
    }

    init(_ code: uv_errno_t, _ operation: String, _ detail: String? = nil) {
        self.init(code: code.rawValue, operation: operation, detail: detail)
    }

    /// The code's name: `ECONNREFUSED`.
    public var name: String {
        Self.text(64) { uv_err_name_r(code, $0, $1) }
    }

    /// A sentence: `cannot connect to 127.0.0.1:80: connection refused (ECONNREFUSED)`.
    public var message: String {
        let reason = detail ?? Self.text(256) { uv_strerror_r(code, $0, $1) }
        return "cannot \(operation): \(reason) (\(name))"
    }

    public var description: String { message }

    private static func text(
        _ capacity: Int, _ fill: (UnsafeMutablePointer<CChar>?, Int) -> UnsafeMutablePointer<CChar>?
    ) -> String {
        var bytes = [CChar](repeating: 0, count: capacity)
        _ = bytes.withUnsafeMutableBufferPointer { fill($0.baseAddress, $0.count) }
        return String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

extension StreamError {
    public static var refused: Int32 { UV_ECONNREFUSED.rawValue }
    public static var timedOut: Int32 { UV_ETIMEDOUT.rawValue }
    public static var reset: Int32 { UV_ECONNRESET.rawValue }
    public static var brokenPipe: Int32 { UV_EPIPE.rawValue }
    public static var permissionDenied: Int32 { UV_EACCES.rawValue }
    public static var addressInUse: Int32 { UV_EADDRINUSE.rawValue }
    public static var cancelled: Int32 { UV_ECANCELED.rawValue }
    public static var noSuchFile: Int32 { UV_ENOENT.rawValue }
    public static var invalid: Int32 { UV_EINVAL.rawValue }
    public static var noBuffers: Int32 { UV_ENOBUFS.rawValue }
}
