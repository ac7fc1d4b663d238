import HTTPTransport
import HTTPWire

/// The head that a client gets for an upstream's response, rewritten in one pass; the client's connection adds its own
/// fields.
enum ResponseRewriting {
    /// Writes a head from the portal: only hop-by-hop fields are removed.
    static func writeFromPortal(_ head: ResponseHead, framing: BodyFraming, into output: inout [UInt8]) {
        head.writeStart(into: &output)
        head.fields.writeForwarded(into: &output, keepsLength: head.keepsLength(with: framing)) { _, _ in
            .keep
        } rewrite: { _, _, _ in
        }
    }

    /// Writes a head from a lab: removes hop-by-hop fields, and applies the verdict of `LabAnswerFields` to the others.
    /// Of those that are narrowed,
    /// - a cookie for the whole domain becomes one for this host, and a cookie with our name is dropped: no lab sets
    ///   cookies for another, or gives anybody access. Every other Set-Cookie passes unchanged, duplicates included;
    /// - a Location or Refresh with the lab's inner address, or with `http`, is rewritten to this hostname.
    ///
    /// The answer to a navigation, whatever its status, must be revalidated before it is shown again, so that the lab's
    /// pages and redirects do not outlast the lab in a browser: `no-cache`, or `no-store` where the lab says so. Only
    /// the sites that the policy names may show it in frames.
    ///
    /// - Parameters:
    ///   - isNavigation: the request opened a page, at a hostname that later belongs to others.
    ///   - frames: who may show the lab in a frame; if `nil`, the upstream alone decides.
    ///   - host: the Host field as the client sent it; evaluated only when needed.
    static func writeFromLab(
        _ head: ResponseHead, framing: BodyFraming, host: () -> String, upstream: UpstreamAddress, isWebSocket: Bool,
        isNavigation: Bool = false, keepsHSTS: Bool = false, frames: FramePolicy? = nil, into output: inout [UInt8]
    ) {
        // Informational heads are not cached.
        let isPage = isNavigation && head.status >= 200
        head.writeStart(into: &output)
        head.fields.writeForwarded(into: &output, keepsLength: head.keepsLength(with: framing)) { name, _ in
            switch LabAnswerFields.verdict(on: name) {
            case .pass: .keep
            case .drop: .drop
            case .dropOnOurHostnames: keepsHSTS ? .keep : .drop
            case .narrow: .rewrite
            case .dropFromPages: isPage ? .drop : .keep
            case .frames: frames?.admitsSites == true ? .rewrite : .keep
            }
        } rewrite: { name, value, output in
            if name.equalsField("set-cookie") {
                write(name, cookie: value, into: &output)
            } else if let frames, FramePolicy.isConcerned(name) {
                frames.write(name, value, into: &output)
            } else if name.equalsField("refresh") {
                write(name, refresh: value, host: host, upstream: upstream, into: &output)
            } else if let location = rewrite(location: value, host: host, upstream: upstream) {
                output.appendField("Location", location)
            } else {
                output.appendField(name: name, value: value)
            }
        }
        if isPage {
            let isKeptNowhere = head.fields.contains("Cache-Control", element: "no-store")
            output.appendLiteral(isKeptNowhere ? "Cache-Control: no-store\r\n" : "Cache-Control: no-cache\r\n")
            frames?.write(into: &output)
        }
        if isWebSocket { output.appendLiteral("Connection: Upgrade\r\nUpgrade: websocket\r\n") }
    }

    private static func write(
        _ name: UnsafeRawBufferPointer, cookie: UnsafeRawBufferPointer, into output: inout [UInt8]
    ) {
        if isOurs(SetCookieRules.name(of: cookie)) { return }
        if let narrowed = SetCookieRules.withoutDomain(cookie) {
            narrowed.withUnsafeBytes { output.appendField(name: name, value: $0) }
        } else {
            output.appendField(name: name, value: cookie)
        }
    }

    /// `Refresh: 5; url=http://10.0.0.7:32768/login` (HTML, section 4.2.5.4): the address may be quoted.
    private static func write(
        _ name: UnsafeRawBufferPointer, refresh: UnsafeRawBufferPointer, host: () -> String, upstream: UpstreamAddress,
        into output: inout [UInt8]
    ) {
        let text = String(decoding: refresh, as: UTF8.self)
        guard let equals = text.firstIndex(of: "="), text[..<equals].lowercased().contains("url") else {
            return output.appendField(name: name, value: refresh)
        }
        let address = text[text.index(after: equals)...].drop { $0 == " " || $0 == "'" || $0 == "\"" }
        let rest = address.prefix { $0 != "'" && $0 != "\"" }
        let location = Array(rest.utf8).withUnsafeBytes { rewrite(location: $0, host: host, upstream: upstream) }
        guard let location else { return output.appendField(name: name, value: refresh) }
        output.appendField("Refresh", "\(text[...equals])\(location)")
    }

    /// Browsers compare the `__Host-` prefix case-insensitively, so every spelling is ours.
    private static func isOurs(_ name: UnsafeRawBufferPointer) -> Bool {
        let ours = Edge.cookieField
        guard name.count >= ours.utf8CodeUnitCount else { return false }
        return name.prefix(ours.utf8CodeUnitCount).elementsEqual(ours.bytes) { byte, expected in
            (byte &- 0x41 < 26 ? byte | 0x20 : byte) == (expected &- 0x41 < 26 ? expected | 0x20 : expected)
        }
    }

    /// `nil` if the location may stay as it is: it is relative, or points somewhere else entirely.
    private static func rewrite(
        location bytes: UnsafeRawBufferPointer, host: () -> String, upstream: UpstreamAddress
    ) -> String? {
        guard bytes.first.map({ $0 | 0x20 == UInt8(ascii: "h") }) == true else { return nil }
        let location = String(decoding: bytes, as: UTF8.self)
        guard let scheme = ["http://", "https://"].first(where: { location.lowercased().hasPrefix($0) }) else {
            return nil
        }
        let host = host()
        let rest = location.dropFirst(scheme.count)
        let end = rest.firstIndex { "/?#".contains($0) } ?? rest.endIndex
        guard let authority = Authority(String(rest[..<end])) else { return nil }
        let isHere = authority.host == Authority(host)?.host
        guard isInner(authority, upstream) || (isHere && scheme == "http://") else { return nil }
        // Handles a root path of `/` that was prefixed to another path.
        let path = rest[end...]
        return "https://\(host)\(path.hasPrefix("//") ? "/" + path.drop { $0 == "/" } : String(path))"
    }

    private static func isInner(_ authority: Authority, _ upstream: UpstreamAddress) -> Bool {
        guard case .tcp(let host, let port) = upstream else { return false }
        return authority.host == host.lowercased() && (authority.port ?? 80) == port
    }
}
