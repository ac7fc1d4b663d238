import HTTPWire

/// The answers that the edge generates itself. They never echo anything of the request.
enum EdgeAnswer: Hashable, Sendable, CaseIterable {
    /// The request does not say which host it is for.
    case badRequest
    /// A WebSocket upgrade with a request body.
    case upgradeWithBody
    /// The access cookie is missing or wrong.
    case forbidden
    /// A page of another origin tries to change something here.
    case foreignOrigin
    /// A page of another lab, or of the school, tries to show the lab in a frame.
    case framed
    /// A request without TLS tries to change something.
    case plainText
    case notFound
    case methodNotAllowed
    case misdirected
    /// An OPTIONS request that ends at the edge.
    case options
    /// A redirect: the address of Carrel's own pages on a lab's hostname ends with a slash.
    case ownPages
    /// The replacement for the script of a service worker that would control Carrel's own paths.
    case workerEnd
    /// The request has more cookies than the edge reads.
    case tooManyCookies
    /// The upstream's response was malformed, or ended before it began.
    case badGateway
    /// The upstream refuses connections, or is unreachable.
    case notAnswering
    /// The upstream took too long.
    case timeout
    /// The portal refuses connections: Carrel is starting or stopping.
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

    /// Whether a retry may get another answer: a page reloads itself, and a program gets Retry-After.
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
            // The script replaces any worker registered with it, and some were allowed a scope of the whole hostname.
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

    /// The text for a program, or for a person who reads its log.
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

    /// A worker without a fetch listener, which replaces its predecessor and unregisters. Pages of ours that the
    /// predecessor answered are reloaded.
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

    /// The complete response, as sent, to a client that speaks plaintext HTTP on the TLS port.
    static let toPlaintext: StaticString = """
        HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 67\r\n\
        Connection: close\r\n\r\nThis port speaks https: begin the address with https:// and retry.\n
        """
}
