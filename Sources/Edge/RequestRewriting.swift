import HTTPTransport
import HTTPWire

/// The head that an upstream gets for a client's request.
enum RequestRewriting {
    /// For a lab: what is for this connection only and what the client claims about its way are taken away, and so is
    /// our cookie; the lab's token and the edge's own words are added. `Host` passes in lower case, because Jupyter
    /// compares it with a lower-case Origin; `Referer` stays, because Jupyter falls back to it.
    static func forLab(
        _ head: RequestHead, route: RouteTable.Entry, client: String, isWebSocket: Bool
    ) -> RequestHead {
        var head = head
        let host = (head.fields.first("Host") ?? "").lowercased()
        prepare(&head, client: client, host: host)
        head.fields.replace("Host", host)
        head.fields.removeCookie(named: Edge.cookieName)
        if let authorization = route.authorization { head.fields.replace("Authorization", authorization) }
        if case .forward(let hops) = head.maxForwards { head.fields.replace("Max-Forwards", String(hops)) }
        if route.kind == .rstudio {
            // Its first choice among the ways to learn its own URL; `Forwarded` it would misread at a hyphen.
            head.fields.removeAll { name, _ in isRStudioClaim(name) }
            head.fields.append("X-RStudio-Request", "https://\(host)\(head.target)")
        }
        if isWebSocket {
            head.fields.append("Connection", "Upgrade")
            head.fields.append("Upgrade", "websocket")
        }
        return head
    }

    /// For the portal: cookies stay, and the scope says why it gets this.
    static func forPortal(_ head: RequestHead, scope: PortalScope, client: String) -> RequestHead {
        var head = head
        prepare(&head, client: client, host: head.fields.first("Host") ?? "")
        head.fields.append("X-Carrel-Scope", scope.rawValue)
        return head
    }

    private static func prepare(_ head: inout RequestHead, client: String, host: String) {
        head.fields.removeHopByHop()
        // The connection to the client answers 100-continue itself.
        head.fields.remove("Expect")
        head.fields.setForwarded(client: client, scheme: "https", host: host)
        head.fields.appendVia("carrel")
        head.version = .http11
    }

    /// Fields by which a proxy tells RStudio Server where and who the client is.
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
