import HTTPTransport
import HTTPWire

/// The head that a client gets for an upstream's response.
enum ResponseRewriting {
    /// From the portal: only what is for the connection goes.
    static func fromPortal(_ head: ResponseHead) -> ResponseHead {
        var head = head
        head.fields.removeHopByHop()
        return head
    }

    /// From a lab. Besides what is for the connection:
    /// - a cookie for the whole domain becomes one for this host, and a cookie with our name goes: no lab sets cookies
    ///   for another, or lets somebody in. Every other Set-Cookie stays as it is, duplicates included;
    /// - `Alt-Svc` goes: it would lead the browser past the edge;
    /// - a Location with the lab's inner address, or with `http`, is led back to this hostname.
    static func fromLab(_ head: ResponseHead, host: String, upstream: UpstreamAddress, isWebSocket: Bool)
        -> ResponseHead
    {
        var head = head
        head.fields.removeHopByHop()
        head.fields.remove("Alt-Svc")
        restrictCookies(&head.fields)
        if let location = head.fields.first("Location"),
            let rewritten = rewrite(location: location, host: host, upstream: upstream)
        {
            head.fields.replace("Location", rewritten)
        }
        if isWebSocket {
            head.fields.append("Connection", "Upgrade")
            head.fields.append("Upgrade", "websocket")
        }
        return head
    }

    private static func restrictCookies(_ fields: inout HeaderFields) {
        var isHarmless = true
        fields.forEachValue(of: "Set-Cookie") { value in
            if isOurs(SetCookieRules.name(of: value)) || SetCookieRules.withoutDomain(value) != nil {
                isHarmless = false
            }
        }
        if isHarmless { return }
        var kept = HeaderFields()
        fields.forEachRaw { name, value in
            guard name.equalsField("set-cookie") else { return kept.append(name: name, value: value) }
            if isOurs(SetCookieRules.name(of: value)) { return }
            if let narrowed = SetCookieRules.withoutDomain(value) {
                narrowed.withUnsafeBytes { kept.append(name: name, value: $0) }
            } else {
                kept.append(name: name, value: value)
            }
        }
        fields = kept
    }

    /// Browsers compare the `__Host-` prefix without regard to case, so every spelling is ours.
    private static func isOurs(_ name: UnsafeRawBufferPointer) -> Bool {
        String(decoding: name, as: UTF8.self).lowercased().hasPrefix(Edge.cookieName.lowercased())
    }

    /// `nil` when the location may stay as it is: relative, or somewhere else entirely.
    private static func rewrite(location: String, host: String, upstream: UpstreamAddress) -> String? {
        guard let scheme = ["http://", "https://"].first(where: { location.lowercased().hasPrefix($0) }) else {
            return nil
        }
        let rest = location.dropFirst(scheme.count)
        let end = rest.firstIndex { "/?#".contains($0) } ?? rest.endIndex
        guard let authority = Authority(String(rest[..<end])) else { return nil }
        let isHere = authority.host == Authority(host)?.host
        guard isInner(authority, upstream) || (isHere && scheme == "http://") else { return nil }
        return "https://\(host)\(rest[end...])"
    }

    private static func isInner(_ authority: Authority, _ upstream: UpstreamAddress) -> Bool {
        guard case .tcp(let host, let port) = upstream else { return false }
        return authority.host == host.lowercased() && (authority.port ?? 80) == port
    }
}
