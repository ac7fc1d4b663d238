/// The fields that an intermediary removes and adds (RFC 9110, section 7.6).
public enum ForwardingRules {
    /// The hop-by-hop fields of one message.
    public struct HopByHop: Sendable {
        private let named: [[UInt8]]

        init(named: [[UInt8]]) { self.named = named }

        /// Whether this field must not be forwarded. `Host` is always forwarded, even if the Connection field names it.
        public func contains(_ name: UnsafeRawBufferPointer) -> Bool {
            if ForwardingRules.isHopByHop(name) { return true }
            if named.isEmpty { return false }
            return named.contains { other in other.withUnsafeBytes { name.equalsIgnoringCase($0) } }
        }
    }

    /// The fields that are always hop-by-hop. `Trailer` is among them because trailers are not forwarded.
    public static func isHopByHop(_ name: UnsafeRawBufferPointer) -> Bool {
        switch name.count {
        case 2: name.equalsIgnoringCase("te")
        case 7: name.equalsIgnoringCase("upgrade") || name.equalsIgnoringCase("trailer")
        case 10: name.equalsIgnoringCase("connection") || name.equalsIgnoringCase("keep-alive")
        case 16: name.equalsIgnoringCase("proxy-connection")
        case 17: name.equalsIgnoringCase("transfer-encoding")
        default: false
        }
    }

    /// Fields in which a client could claim facts that only the edge may state: `Forwarded`, `X-Forwarded-*`,
    /// `X-Real-IP`, `X-Scheme`, `X-Carrel-*`. An underscore counts as a hyphen, as it does for CGI.
    public static func isForwardingClaim(_ name: UnsafeRawBufferPointer) -> Bool {
        switch Byte.lowercased(name.first ?? 0) {
        case 0x66:
            return name.equalsIgnoringCase("forwarded")
        case 0x78:
            return name.hasHeaderPrefix("x-forwarded-") || name.hasHeaderPrefix("x-carrel-")
                || (name.count == 9 && name.hasHeaderPrefix("x-real-ip"))
                || (name.count == 8 && name.hasHeaderPrefix("x-scheme"))
        default:
            return false
        }
    }
}

extension UnsafeRawBufferPointer {
    /// Whether this starts with a lower-case word, ignoring case; an underscore counts as a hyphen.
    func hasHeaderPrefix(_ word: StaticString) -> Bool {
        guard count >= word.utf8CodeUnitCount else { return false }
        for index in 0..<word.utf8CodeUnitCount {
            let byte = self[index] == Byte.underscore ? Byte.hyphen : Byte.lowercased(self[index])
            if byte != word.utf8Start[index] { return false }
        }
        return true
    }
}

extension HeaderFields {
    /// The hop-by-hop fields of this message: the standard ones, and those that its Connection fields name.
    public var hopByHop: ForwardingRules.HopByHop {
        var named: [[UInt8]] = []
        forEachValue(of: "Connection") { value in
            value.forEachListElement { element in
                // These add nothing, and nearly every Connection field contains them.
                if ForwardingRules.isHopByHop(element) || element.equalsIgnoringCase("close")
                    || element.equalsIgnoringCase("host")
                {
                    return
                }
                named.append(Array(element))
            }
        }
        return ForwardingRules.HopByHop(named: named)
    }
}

extension RequestHead {
    /// What `Max-Forwards` allows (RFC 9110, section 7.6.2).
    public enum MaxForwards: Sendable, Hashable {
        /// The field is absent, or does not apply to this method.
        case unlimited
        /// Forward with this value.
        case forward(Int64)
        /// Do not forward; respond as if this were the origin.
        case answerHere
    }

    public var maxForwards: MaxForwards {
        guard method == "OPTIONS" || method == "TRACE" else { return .unlimited }
        guard let value = fields.withFirst("Max-Forwards", { $0.decimal() }) else { return .unlimited }
        return value == 0 ? .answerHere : .forward(value - 1)
    }

    /// Whether a browser opens this as a page (`HeaderFields.isNavigation`).
    public var isNavigation: Bool { fields.isNavigation(method: method) }
}

extension HeaderFields {
    /// Whether a browser opens the request with these fields as a page: GET or HEAD with `Sec-Fetch-Mode: navigate`
    /// (Fetch Metadata), or, from a client that does not send that field, with an Accept field that includes HTML.
    public func isNavigation(method: String) -> Bool {
        guard method == "GET" || method == "HEAD" else { return false }
        if let isNavigation = withFirst("Sec-Fetch-Mode", { Optional($0.equals("navigate")) }) { return isNavigation }
        var acceptsHTML = false
        forEachValue(of: "Accept") { value in
            value.forEachListElement { element in
                let end = element.firstIndex(of: Byte.semicolon, from: 0, before: element.count) ?? element.count
                if element.part(0..<end).trimmed().equalsIgnoringCase("text/html") { acceptsHTML = true }
            }
        }
        return acceptsHTML
    }

    /// Whether a person's own click or typing opens the request with these fields as a page: `Sec-Fetch-Mode` is
    /// `navigate` and `Sec-Fetch-User` is `?1` (Fetch Metadata, sections 2.2 and 2.4). A script can forge neither.
    /// - Parameter trustsWebKit: WebKit never sends `Sec-Fetch-User` (its bug 247697). With `true` it is trusted
    ///   without that field, although a script may then have caused a navigation of the whole tab.
    public func isOpenedByPerson(trustsWebKit: Bool) -> Bool {
        guard all("Sec-Fetch-Mode") == ["navigate"] else { return false }
        let user = all("Sec-Fetch-User")
        return user == ["?1"] || user.isEmpty && trustsWebKit && isFromWebKit
    }

    /// Chromium's user agent contains WebKit's name, and a script cannot change the user agent of a navigation.
    private var isFromWebKit: Bool {
        let agent = first("User-Agent") ?? ""
        return agent.contains("AppleWebKit/") && !agent.contains("Chrome/")
    }
}
