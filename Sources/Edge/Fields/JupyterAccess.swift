import HTTPWire

/// Which requests to a Jupyter lab carry the lab's token, and which the learner's own `Authorization`.
///
/// Jupyter Server proxies other programs: jupyter-server-proxy does at `/proxy/PORT/` and under names of its own, and
/// forwards request fields unchanged. The lab's token is for Jupyter's own handlers, while such a program has to see
/// the learner's Basic or Bearer credentials. Jupyter itself also admits a browser by its login cookie (an
/// `Authorization` of any scheme but its own token is then ignored), and sets that cookie on every request with the
/// token. So outside Jupyter's own paths a request is forwarded as the browser made it; a page without a cookie, or
/// with one of an earlier run, is redirected by Jupyter through `/login`, which is one of its own paths, and back.
/// Measured with jupyter_server 2.21.
///
/// A client that has no such cookie cannot get in any other way: it gets the token everywhere.
enum JupyterAccess {
    /// The first segments of the paths that Jupyter Server, JupyterLab and the classic pages answer themselves.
    private static let ownSegments: [StaticString] = [
        "", "api", "lab", "files", "static", "terminals", "login", "logout", "tree", "view", "doc", "edit", "notebooks",
        "consoles", "nbconvert", "kernelspecs", "lsp", "metrics", "custom", "nbextensions", "favicon.ico", "logo",
        "robots.txt",
    ]

    private static let loginCookie: StaticString = "username-"

    /// Whether the request is for a program behind Jupyter, and Jupyter admits it without the token.
    static func goesWithoutToken(_ head: RequestHead) -> Bool {
        if isOwn(head.targetBytes) { return false }
        var hasCookie = false
        head.fields.forEachValue(of: "Cookie") { if $0.hasCookie(withPrefix: loginCookie) { hasCookie = true } }
        return hasCookie || head.isNavigation
    }

    private static func isOwn(_ target: [UInt8]) -> Bool {
        let path = target.dropFirst()
        let segment = path.prefix { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?") }
        return ownSegments.contains { $0.utf8CodeUnitCount == segment.count && segment.elementsEqual($0.bytes) }
    }
}
