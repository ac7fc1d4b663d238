import HTTPTransport
import HTTPWire

/// The head that an upstream gets for a client's request, rewritten in one pass and in wire form.
enum RequestRewriting {
    /// Writes the head for a lab: removes hop-by-hop fields, what the client claims about its origin (`X-Forwarded-…`),
    /// and our cookies; adds the lab's token (but see `JupyterAccess`) and the edge's own fields. `Host` is
    /// lower-cased, because Jupyter compares it with a lower-case Origin; `Referer` is kept, because Jupyter falls back
    /// to it.
    static func writeForLab(
        _ head: RequestHead, framing: BodyFraming, route: RouteTable.Entry, client: String, isWebSocket: Bool,
        into output: inout [UInt8]
    ) {
        let goesWithoutToken = route.kind == .jupyter && JupyterAccess.goesWithoutToken(head)
        let hasToken = route.authorization != nil && !goesWithoutToken
        let isRStudio = route.kind == .rstudio
        let maxForwards = head.maxForwards
        head.writeStart(into: &output)
        head.fields.writeForwarded(into: &output) { name, value in
            switch name.count {
            case 4 where name.equalsField("host"): .rewrite
            case 6 where name.equalsField("cookie"): value.hasCookie(withPrefix: Edge.cookieField) ? .rewrite : .keep
            case 13 where hasToken && name.equalsField("authorization"): .drop
            case 12 where maxForwards != .unlimited && name.equalsField("max-forwards"): .drop
            default: isRStudio && isRStudioClaim(name) || isForUs(name) ? .drop : .keep
            }
        } rewrite: { name, value, output in
            if name.count == 4 {
                output.appendField("Host", lowercased: value)
            } else {
                output.appendCookies(value, withoutPrefix: Edge.cookieField)
            }
        }
        if hasToken, let authorization = route.authorization { output.appendField("Authorization", authorization) }
        if case .forward(let hops) = maxForwards { output.appendField("Max-Forwards", String(hops)) }
        writeForwarded(head, client: client, lowercased: true, into: &output)
        // `*` is not part of a URL.
        if isRStudio, head.targetBytes.first == UInt8(ascii: "/") {
            // RStudio prefers this field for learning its own URL; it would misparse `Forwarded` at a hyphen.
            let host = (head.fields.first("Host") ?? "").lowercased()
            output.appendField("X-RStudio-Request", "https://\(host)\(head.target)")
        }
        if isWebSocket { output.appendLiteral("Connection: Upgrade\r\nUpgrade: websocket\r\n") }
        framing.writeEnd(into: &output)
    }

    /// Writes the head for the process that serves all portals: cookies are kept, and the scope says why it gets the
    /// request.
    ///
    /// - Parameter portal: the name of the portal whose hostname it is, if it is one.
    static func writeForPortal(
        _ head: RequestHead, framing: BodyFraming, scope: PortalScope, portal: String?, client: String,
        into output: inout [UInt8]
    ) {
        head.writeStart(into: &output)
        head.fields.writeForwarded(into: &output) { name, _ in
            isForUs(name) ? .drop : .keep
        } rewrite: { _, _, _ in
        }
        writeForwarded(head, client: client, lowercased: false, into: &output)
        output.appendField("X-Carrel-Scope", scope.rawValue)
        if let portal { output.appendField("X-Carrel-Portal", portal) }
        framing.writeEnd(into: &output)
    }

    /// Fields for the edge alone: the client's connection answers 100-continue itself, and forwarding fields from the
    /// client are not trusted.
    ///
    /// A gateway should name itself in `Via` (RFC 9110, section 7.6.3), and this one does not: nginx, which many labs
    /// contain, does not compress for a request that has the field (`gzip_proxied`), whoever added it.
    private static func isForUs(_ name: UnsafeRawBufferPointer) -> Bool {
        switch name.count {
        case 3: name.equalsField("via")
        case 6: name.equalsField("expect")
        default: ForwardingRules.isForwardingClaim(name)
        }
    }

    private static func writeForwarded(
        _ head: RequestHead, client: String, lowercased: Bool, into output: inout [UInt8]
    ) {
        output.appendField("X-Forwarded-For", client)
        output.appendLiteral("X-Forwarded-Proto: https\r\n")
        _ = head.fields.withFirst("Host") { host -> Void? in
            if lowercased {
                output.appendField("X-Forwarded-Host", lowercased: host)
            } else {
                "X-Forwarded-Host".utf8.withContiguousStorageIfAvailable {
                    output.appendField(name: UnsafeRawBufferPointer($0), value: host)
                }
            }
            return nil
        }
    }

    /// Fields by which a proxy tells RStudio Server its public address and who the client is.
    private static func isRStudioClaim(_ name: UnsafeRawBufferPointer) -> Bool {
        let claims: [StaticString] = ["x-rstudio-request", "x-rstudio-root-path", "x-rstudio-username"]
        return claims.contains { name.equalsField($0) }
    }
}

extension UnsafeRawBufferPointer {
    /// Whether a field's name is this lower-case one; an underscore counts as a hyphen.
    func equalsField(_ lowercase: StaticString) -> Bool {
        guard count == lowercase.utf8CodeUnitCount else { return false }
        for index in 0..<count {
            var byte = self[index]
            if byte == 0x5F { byte = 0x2D }
            if byte &- 0x41 < 26 { byte |= 0x20 }
            if byte != lowercase.utf8Start[index] { return false }
        }
        return true
    }
}
