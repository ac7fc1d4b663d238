/// Puts the head of an HTTP/2 request together from its fields, which come one by one (RFC 9113, section 8.3), so that
/// what follows sees the same head whatever version the client speaks: `:authority` stands in the Host field, the crumbs
/// of the Cookie field are one, and an extended CONNECT (RFC 8441) is a WebSocket's handshake.
///
/// Whoever took the fields off the wire has looked for pseudo-header fields that are missing, doubled, unknown or late.
/// What is against the rules beyond that is an error, which `finish` throws. Nothing is allocated per request once the
/// storage has grown, as long as nobody else keeps a copy of `head`.
public struct RequestAssembler: Sendable {
    public private(set) var head = RequestHead(method: "", target: "", version: .http2)
    /// `.none`, `.length` or `.chunked`: how the body is to be framed for an upstream that speaks HTTP/1.1.
    public private(set) var framing = BodyFraming.none
    /// Whether the client waits for 100 before it sends the body.
    public private(set) var expectsContinue = false
    /// An extended CONNECT for a WebSocket.
    public private(set) var isWebSocket = false
    /// Of all names and values so far but the cookies', with what HPACK reckons for each field (RFC 7541, section 4.1).
    private var listBytes = 0
    /// The same of the cookies.
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

    /// Makes ready for the next request; keeps the storage.
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

    /// Whether the head exceeds the limits by so much that the client must mean it: a few bytes on the wire can stand
    /// for many.
    public var isFlood: Bool {
        listBytes > 4 * limits.headerBlockBytes || cookieBytes > max(limits.surplusCookieBytes, limits.headerBlockBytes)
    }

    /// Adds a field. The first error stays; what follows it is only counted.
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

    /// All fields have come.
    ///
    /// - Parameters:
    ///   - endsHere: the request has no body.
    ///   - webSocketKey: makes the key of a WebSocket's handshake, which HTTP/2 has none of.
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
        // An absolute URL is HTTP/1.1's; here it would be a second authority.
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
        // What usually has a body says that it has none (RFC 9110, section 8.6).
        return head.method == "POST" || head.method == "PUT" || head.method == "PATCH" ? .length(0) : .none
    }

    // MARK: Fields

    /// From now on only the names of cookies are kept.
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
        // The handshake gets a key of our own.
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

    /// What the client would have sent by HTTP/1.1 (RFC 8441, section 5).
    private mutating func makeHandshake(key: String) {
        isWebSocket = true
        head.method = "GET"
        head.fields.append("connection", "Upgrade")
        head.fields.append("upgrade", "websocket")
        head.fields.append("sec-websocket-key", key)
    }
}
