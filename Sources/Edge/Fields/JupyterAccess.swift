import HTTPWire

/// Which requests to a Jupyter lab bear the lab's token, and which the learner's own `Authorization`.
///
/// Jupyter Server has programs behind it: jupyter-server-proxy at `/proxy/PORT/` and under names of its own, and each hands
/// on the fields of a request as they come. The lab's token is for Jupyter's own handlers, and such a program has to see the
/// learner's Basic or Bearer credentials. Jupyter itself lets a browser in by its login cookie as well (any scheme of
/// `Authorization` that is no token of its own does not matter then), and gives that cookie to every request with the token.
/// So beside Jupyter's own paths a request goes as the browser made it; a page that has no cookie yet, or one of an earlier
/// run, is led by Jupyter through its `/login`, which is a path of its own, and back. Measured with jupyter_server 2.21.
///
/// A program without that cookie has no other way in: it gets the token everywhere.
enum JupyterAccess {
    /// The first segments of the paths that Jupyter Server, JupyterLab and the classic pages answer themselves.
    private static let ownSegments: [StaticString] = [
        "", "api", "lab", "files", "static", "terminals", "login", "logout", "tree", "view", "doc", "edit", "notebooks",
        "consoles", "nbconvert", "kernelspecs", "lsp", "metrics", "custom", "nbextensions", "favicon.ico", "logo",
        "robots.txt",
    ]

    private static let loginCookie: StaticString = "username-"

    /// Whether the request is for a program behind Jupyter, and is let in without the token.
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
