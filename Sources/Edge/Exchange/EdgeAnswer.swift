import HTTPWire

/// What the edge answers by itself. Nothing of the request is ever in it.
enum EdgeAnswer: Hashable, Sendable, CaseIterable {
    /// It cannot be told for whom the request is.
    case badRequest
    /// A WebSocket is asked for by a request with a body.
    case upgradeWithBody
    /// The access cookie is missing or wrong.
    case forbidden
    /// A page of another origin wants to change something here.
    case foreignOrigin
    /// A page of another lab, or of the school, wants to show the lab within itself.
    case framed
    /// Something was to be changed without TLS.
    case plainText
    case notFound
    case methodNotAllowed
    case misdirected
    /// OPTIONS that ends here.
    case options
    /// Carrel's own pages on a lab's hostname have an address with a slash at its end.
    case ownPages
    /// The script of a service worker that would see what is Carrel's.
    case workerEnd
    /// More cookies came than are read.
    case tooManyCookies
    /// The upstream's response could not be read, or ended before it began.
    case badGateway
    /// The upstream refuses connections, or cannot be reached.
    case notAnswering
    /// The upstream took too long.
    case timeout
    /// The portal refuses connections: Carrel starts, or ends.
    case portalNotAnswering

    var status: Int {
        switch self {
        case .badRequest, .upgradeWithBody: 400
        case .forbidden, .foreignOrigin, .framed, .plainText: 403
        case .notFound: 404
        case .methodNotAllowed: 405
        case .misdirected: 421
        case .options: 204
        case .ownPages: 308
        case .workerEnd: 200
        case .tooManyCookies: 431
        case .badGateway: 502
        case .notAnswering, .portalNotAnswering: 503
        case .timeout: 504
        }
    }

    /// The same answer later may be another one: a page asks again by itself, a program is told when to.
    var asksAgain: Bool { self == .notAnswering || self == .portalNotAnswering }

    /// The head and the body: a page for a navigation, a sentence for a program.
    func response(isNavigation: Bool) -> (head: ResponseHead, body: [UInt8]) {
        var fields: HeaderFields = ["Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"]
        if asksAgain { fields.append("Retry-After", String(EdgeLimits.retrySeconds)) }
        if self == .methodNotAllowed || self == .options {
            fields.append("Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS")
        }
        switch self {
        case .options: return (ResponseHead(status: status, fields: fields), [])
        case .ownPages: fields.append("Location", "\(OwnPaths.prefix)")
        case .workerEnd:
            fields.append("Content-Type", "text/javascript; charset=utf-8")
            // It takes the place of whatever worker has this script, and some were let watch over the whole hostname.
            fields.append("Service-Worker-Allowed", "/")
            return (ResponseHead(status: status, fields: fields), Self.endingWorker)
        default: break
        }
        guard isNavigation else {
            fields.append("Content-Type", "text/plain; charset=utf-8")
            return (ResponseHead(status: status, fields: fields), Array("\(sentence)\n".utf8))
        }
        fields.append("Content-Type", "text/html; charset=utf-8")
        fields.append(
            "Content-Security-Policy",
            "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'")
        fields.append("Referrer-Policy", "no-referrer")
        return (ResponseHead(status: status, fields: fields), FriendlyPage.pages[self] ?? [])
    }

    /// For a program, or a person who reads its log.
    var sentence: String {
        switch self {
        case .badRequest: "The request does not say for which host it is; send a Host field."
        case .upgradeWithBody: "A request that asks for a WebSocket has no body."
        case .forbidden: "This lab is not open for you; open it again from your course or link, then save your work."
        case .foreignOrigin: "A page of another site may neither take nor change anything here."
        case .framed: "A lab is not shown within a page of another address; open it in a tab of its own."
        case .plainText: "This is only done by https; what was sent has travelled in the clear."
        case .notFound: "There is nothing at this address."
        case .methodNotAllowed: "This method is not allowed here."
        case .misdirected: "This server does not answer for that host."
        case .options: ""
        case .ownPages: "Carrel's pages about this lab are at /.carrel/, with a slash at the end."
        case .workerEnd: ""
        case .tooManyCookies: "The request has more cookies than are read; those that came are to be dropped."
        case .badGateway: "The lab's answer could not be understood; try again, or restart the lab."
        case .notAnswering: "The lab does not answer at the moment; try again in a few seconds."
        case .timeout: "The lab took too long to answer; try again, or restart the lab."
        case .portalNotAnswering: "Carrel is starting; try again in a few seconds."
        }
    }

    /// A worker without a listener for requests, which takes the place of the one before it and ends. Pages of ours that
    /// the one before has answered are loaded again.
    private static let endingWorker = Array(
        """
        // A service worker of a lab may not watch over Carrel's own pages on the lab's hostname.
        addEventListener('install', () => skipWaiting());
        addEventListener('activate', (event) => event.waitUntil((async () => {
          await registration.unregister();
          for (const client of await clients.matchAll({ type: 'window' })) {
            if (new URL(client.url).pathname.startsWith('\(OwnPaths.prefix)')) await client.navigate(client.url);
          }
        })()));

        """.utf8)

    /// What a client gets that speaks HTTP on the port for TLS, whole and in its own words.
    static let toPlaintext: StaticString = """
        HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 67\r\n\
        Connection: close\r\n\r\nThis port speaks https: begin the address with https:// and retry.\n
        """
}
