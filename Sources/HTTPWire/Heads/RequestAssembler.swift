/// Assembles the head of an HTTP/2 request from its fields, which arrive one by one (RFC 9113, section 8.3), so that
/// later stages see the same head for every HTTP version: `:authority` becomes the Host field, the crumbs of the Cookie
/// field are joined, and an extended CONNECT (RFC 8441) becomes a WebSocket handshake.
///
/// The caller has already checked for pseudo-header fields that are missing, duplicated, unknown or late. Any other
/// violation is an error, which `finish` throws. Nothing is allocated per request once the storage has grown, as long
/// as no one else keeps a copy of `head`.
public struct RequestAssembler: Sendable {
    public private(set) var head = RequestHead(method: "", target: "", version: .http2)
    /// `.none`, `.length` or `.chunked`: how to frame the body for an upstream that speaks HTTP/1.1.
    public private(set) var framing = BodyFraming.none
    /// Whether the client waits for a 100 response before it sends the body.
    public private(set) var expectsContinue = false
    /// Whether the request is an extended CONNECT for a WebSocket.
    public private(set) var isWebSocket = false
    /// The size of all names and values so far except cookies, with HPACK's overhead for each field (RFC 7541, section
    /// 4.1).
    private var listBytes = 0
    /// The same size for the cookies.
    private var cookieBytes = 0

    public let limits: HTTPLimits
    private var authority: [UInt8] = []
    private var cookies: [UInt8] = []
    private var framingFields = FramingFields()
    private var protocolName: ProtocolName?
    private var failure: HTTPParseError?

    private enum ProtocolName {
        case webSocket, other
    }

    public init(limits: HTTPLimits = HTTPLimits()) { self.limits = limits }

    /// Resets the assembler for the next request; keeps the storage.
    public mutating func begin() {
        head.method = ""
        head.targetBytes.removeAll(keepingCapacity: true)
        head.fields.removeAll()
        authority.removeAll(keepingCapacity: true)
        cookies.removeAll(keepingCapacity: true)
        framingFields = FramingFields()
        protocolName = nil
        failure = nil
        isWebSocket = false
        listBytes = 0
        cookieBytes = 0
        head.surplusCookies = nil
    }

    /// Whether the head exceeds the limits by so much that the client must be doing it on purpose: with HPACK a few
    /// bytes on the wire can expand to many.
    public var isFlood: Bool {
        listBytes > 4 * limits.headerBlockBytes || cookieBytes > max(limits.surplusCookieBytes, limits.headerBlockBytes)
    }

    /// Adds a field. The first error is kept; fields after it are only counted.
    public mutating func add(name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
        if name.equals("cookie") {
            cookieBytes += name.count + value.count + 32
        } else {
            listBytes += name.count + value.count + 32
        }
        guard failure == nil else { return }
        do throws(HTTPParseError) {
            if listBytes > limits.headerBlockBytes { throw .headerBlockTooLarge }
            if listBytes + cookieBytes > limits.headerBlockBytes { readOverCookies() }
            if name.first == Byte.colon {
                try addPseudo(name: name, value: value)
            } else {
                try addRegular(name: name, value: value)
            }
        } catch {
            failure = error
        }
    }

    /// Completes the head after the last field.
    ///
    /// - Parameters:
    ///   - endsHere: whether the request has no body.
    ///   - webSocketKey: generates the key of a WebSocket handshake, which HTTP/2 lacks.
    public mutating func finish(endsHere: Bool, webSocketKey: () -> String) throws(HTTPParseError) {
        if let failure { throw failure }
        if !cookies.isEmpty {
            cookies.withUnsafeBytes { value in
                "cookie".withBytes { head.fields.add(name: $0, value: value) }
            }
        }
        if let protocolName {
            guard head.method == "CONNECT", protocolName == .webSocket, !endsHere else { throw .unknownMethod }
            makeHandshake(key: webSocketKey())
        }
        if head.targetBytes.isEmpty {
            throw head.method == "CONNECT" ? .unknownMethod : .invalidTarget
        }
        // The absolute form belongs to HTTP/1.1; here it would be a second authority.
        guard head.targetBytes[0] == Byte.slash || head.targetBytes.count == 1 else { throw .invalidTarget }
        try head.resolveTarget(hostCount: framingFields.hostCount)
        if framingFields.hasUnknownExpectation { throw .unknownExpectation }
        framing = isWebSocket ? .none : try bodyFraming(endsHere: endsHere)
        expectsContinue = framingFields.expectsContinue && framing != .none && !endsHere
    }

    private func bodyFraming(endsHere: Bool) throws(HTTPParseError) -> BodyFraming {
        if let length = framingFields.contentLength {
            if endsHere, length != 0 { throw .invalidContentLength }
            return .length(length)
        }
        guard endsHere else { return .chunked }
        // A method that usually has a body states explicitly that it has none (RFC 9110, section 8.6).
        return head.method == "POST" || head.method == "PUT" || head.method == "PATCH" ? .length(0) : .none
    }

    // MARK: Fields

    /// From here on only the names of cookies are kept.
    private mutating func readOverCookies() {
        guard head.surplusCookies == nil else { return }
        var names = SurplusCookies()
        cookies.withUnsafeBytes { names.add($0) }
        cookies.removeAll(keepingCapacity: true)
        head.surplusCookies = names
    }

    private mutating func addPseudo(
        name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer
    ) throws(HTTPParseError) {
        if name.equals(":method") {
            guard !value.isEmpty, value.allSatisfy(Byte.isToken) else { throw .invalidMethod }
            if value.count > limits.methodBytes { throw .unknownMethod }
            head.method = RequestHead.method(value)
        } else if name.equals(":path") {
            if value.count > limits.startLineBytes { throw .startLineTooLong }
            try head.setTarget(value)
        } else if name.equals(":authority") {
            guard AuthorityBytes(value) != nil else { throw .invalidHost }
            authority.append(contentsOf: value)
            addHost(value)
        } else if name.equals(":protocol") {
            protocolName = value.equalsIgnoringCase("websocket") ? .webSocket : .other
        } else if !name.equals(":scheme") {
            throw .invalidFieldName
        }
    }

    private mutating func addHost(_ value: UnsafeRawBufferPointer) {
        framingFields.hostCount += 1
        "host".withBytes { head.fields.add(name: $0, value: value) }
    }

    private mutating func addRegular(
        name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer
    ) throws(HTTPParseError) {
        guard !name.isEmpty, name.allSatisfy({ Byte.isToken($0) && Byte.lowercased($0) == $0 }) else {
            throw .invalidFieldName
        }
        guard value.firstForbidden(from: 0, before: value.count) == nil else { throw .invalidFieldValue }
        switch name.count {
        case 4 where name.equals("host"):
            guard !authority.isEmpty else { return addHost(value) }
            let isSame = authority.withUnsafeBytes { value.equalsIgnoringCase($0) }
            if !isSame { throw .conflictingHost }
            return
        case 6 where name.equals("cookie"):
            if head.surplusCookies != nil {
                head.surplusCookies?.add(value)
                return
            }
            if !cookies.isEmpty { cookies.appendLiteral("; ") }
            cookies.append(contentsOf: value)
            return
        // The handshake uses our own key.
        case 17 where protocolName != nil && name.equals("sec-websocket-key"):
            return
        case 2 where name.equals("te") && value.equalsIgnoringCase("trailers"):
            break
        default:
            if ForwardingRules.isHopByHop(name), !name.equals("trailer") { throw .connectionField }
        }
        if head.fields.count == limits.fieldCount { throw .tooManyFields }
        try framingFields.note(name: name, value: value)
        head.fields.add(name: name, value: value)
    }

    /// Builds the HTTP/1.1 handshake that corresponds to the extended CONNECT (RFC 8441, section 5).
    private mutating func makeHandshake(key: String) {
        isWebSocket = true
        head.method = "GET"
        head.fields.append("connection", "Upgrade")
        head.fields.append("upgrade", "websocket")
        head.fields.append("sec-websocket-key", key)
    }
}
