import Foundation
import Glibc

/// The actions of learners.
extension Fleet {
    /// The page on which learners find their links.
    static let course = URL(string: "https://course.example/")!

    /// Opens a signed link as a browser with JavaScript does and waits for JupyterLab's page.
    func open(_ link: URL, in browser: Browser, within limit: Duration = .seconds(90)) async throws -> Lab {
        let progress = try await browser.visit(link, from: Self.course)
        if progress.isLab { return Lab(browser: browser, origin: progress.url.at("/")) }
        guard progress.response.status == 200, let id = progress.sessionID else {
            throw FleetError(
                "\(link.path) leads to \(progress.url) with status \(progress.response.status): \(progress.response.text.prefix(500))"
            )
        }
        try await browser.waitUntilRunning(progress.url, within: limit)
        return try await enter(id, from: progress.url, in: browser)
    }

    /// Enters a running lab from the portal: the one-time code, the cookie, JupyterLab's page.
    func enter(_ id: String, from page: URL, in browser: Browser) async throws -> Lab {
        let visit = try await browser.visit(page.at("/sessions/\(id)/open"), from: page)
        guard visit.isLab else {
            throw FleetError(
                "entering \(id) leads to \(visit.url) with status \(visit.response.status): \(visit.response.text.prefix(500))"
            )
        }
        return Lab(browser: browser, origin: visit.url.at("/"))
    }

    func open(_ learner: String, lab: String = "python", within limit: Duration = .seconds(90)) async throws -> Lab {
        try await open(link(learner, lab: lab), in: browser(), within: limit)
    }
}

extension Browser.Visit {
    /// Whether this is JupyterLab's own page at a lab's hostname.
    var isLab: Bool {
        url.host?.hasSuffix("." + Plan.labsDomain) == true && response.status == 200
            && response.text.contains("jupyter-config-data")
    }

    /// The session of a portal's page `/sessions/ID`, which is not on a lab's hostname.
    var sessionID: String? {
        let parts = url.path.split(separator: "/")
        let isOfLab = url.host?.hasSuffix("." + Plan.labsDomain) ?? true
        return !isOfLab && parts.count == 2 && parts[0] == "sessions" ? String(parts[1]) : nil
    }
}

extension Lab {
    /// The hostname's first label, which is the session's identifier.
    var session: String { String(origin.host?.prefix { $0 != "." } ?? "") }

    /// JupyterLab's page when an open tab is reloaded.
    func reload() async throws -> Browser.Visit { try await browser.visit(origin.at("/lab")) }
}

extension Browser {
    /// Follows the progress page's events until the session runs; returns what was shown on the way.
    @discardableResult
    func waitUntilRunning(_ page: URL, within limit: Duration) async throws -> [String] {
        let seen = Progress()
        try await withDeadline(limit, "the progress page says that the lab runs") { [self] in
            try await events(page.appendingPathComponent("events")) { data in
                // The page's own events, for its card and its clock, are not JSON objects.
                guard data.hasPrefix("{") else { return true }
                let view = try JSONDecoder.api.decode(Progress.View.self, from: Data(data.utf8))
                seen.add(view)
                if view.state == "failed" { throw FleetError("the launch failed: \(view.reason ?? "")") }
                return view.state != "running"
            }
        }
        guard seen.steps.last == "running" else { throw FleetError("the events ended at \(seen.steps)") }
        return seen.steps
    }
}

extension Browser {
    /// Receives a body piece by piece; `whileReceiving` is called after each.
    func download(_ url: URL, whileReceiving: @escaping @Sendable () throws -> Void) async throws -> [UInt8] {
        let fields = cookieField(url).map { [("Cookie", $0)] } ?? []
        return try await blocking { [network] in
            let wire = try Wire(
                address: network.address, port: network.port,
                tls: Wire.TLS(serverName: url.host ?? "", authority: network.authority))
            defer { wire.hangUp() }
            try wire.sendRequest("GET", Browser.target(url), host: Browser.authority(url), fields: fields)
            let head = try wire.responseHead()
            guard head.status == 200 else { throw FleetError("\(url) answers \(head.status)") }
            var body: [UInt8] = []
            try wire.readBody(of: head) { piece in
                body += piece
                try whileReceiving()
                return true
            }
            return body
        }
    }
}

extension Fleet {
    /// Sends raw bytes to the portal over TLS, and reads until the edge closes the connection.
    func raw(_ bytes: String) async throws -> String {
        let (port, authority) = (port, authority.path)
        return try await blocking {
            let wire = try Wire(
                address: "127.0.0.1", port: port, tls: Wire.TLS(serverName: Plan.portal, authority: authority))
            defer { wire.hangUp() }
            wire.setPatience(.seconds(20))
            // The edge may close the connection before it has read everything.
            try? wire.send(bytes)
            return String(decoding: wire.rest(), as: UTF8.self)
        }
    }

    /// Uses up the free space of the state directory's file system.
    func fill(_ path: String) async throws {
        try await blocking {
            let file = Glibc.open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0o600)
            defer { close(file) }
            let block = [UInt8](repeating: 1, count: 4096)
            while Glibc.write(file, block, block.count) > 0 {}
            guard errno == ENOSPC else { throw FleetError("filling the disk: \(String(cString: strerror(errno)))") }
        }
    }
}
