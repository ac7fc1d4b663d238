import Edge
import EventLoop
import HTTPTransport
import Metrics
import TLS

/// The admin interface of a standalone edge, by HTTP on a Unix socket that only its owner may open:
///
/// - `GET /routes`: all routes, in the format of a routes file. `POST /routes`: adds or changes routes, in that format.
/// - `GET`, `PUT`, `DELETE /routes/HOSTNAME`: one route; the body of PUT is `http://host:port`.
///
/// - `GET /metrics`: the metrics in the Prometheus text format.
///
/// During a takeover, changes are refused with a request to retry, which then reaches the new process.
///
/// A change is answered once every loop has applied it. Changes made here last until the file is read again.
@ControlLoop
struct EdgeAdmin {
    let book: RouteBook
    let edge: Edge
    let certificates: CertificateStore
    /// Whether a takeover is in progress, in which a change would be lost.
    let isHandingOver: @ControlLoop () -> Bool

    func answer(_ request: HTTPRequest) async -> HTTPResponse {
        if isHandingOver(), request.method != "GET", request.method != "HEAD" {
            var response = HTTPResponse.text("Another process takes over; ask again.\n", status: 503)
            response.fields.append("Retry-After", "1")
            return response
        }
        switch (request.path.count, request.path.first) {
        case (1, "routes"): return await answerAll(request)
        case (2, "routes"): return await answerOne(request, request.path[1])
        case (1, "metrics"): return await answerMetrics(request)
        default: return .text("There are only /routes, /routes/HOSTNAME and /metrics here.\n", status: 404)
        }
    }

    private func answerMetrics(_ request: HTTPRequest) async -> HTTPResponse {
        guard request.method == "GET" || request.method == "HEAD" else { return notAllowed("GET, HEAD") }
        let text = await ServiceMetrics.text(edge: edge, certificates: certificates)
        return HTTPResponse(
            status: 200, fields: ["Content-Type": MetricsText.mediaType], body: .bytes(Array(text.text.utf8)))
    }

    private func answerAll(_ request: HTTPRequest) async -> HTTPResponse {
        switch request.method {
        case "GET", "HEAD":
            return HTTPResponse(
                status: 200, fields: ["Content-Type": "text/plain; charset=utf-8"],
                body: .bytes(RoutesFile.text(book.routes)))
        case "POST":
            do {
                let routes = try request.body.withUnsafeBytes { try RoutesFile.parse($0, of: "body") }
                let added = book.set(routes)
                await edge.applied()
                return .text("\(added) added, \(routes.count - added) changed\n")
            } catch {
                return .text("\(error)\nNothing was changed.\n", status: 400)
            }
        default:
            return notAllowed("GET, HEAD, POST")
        }
    }

    private func answerOne(_ request: HTTPRequest, _ name: String) async -> HTTPResponse {
        do throws(RouteLine.Mistake) {
            let hostname = try RouteLine.hostname(name)
            switch request.method {
            case "GET", "HEAD":
                guard let upstream = book.routes[hostname] else { return missing(hostname) }
                return .text(RoutesFile.line(hostname, upstream))
            case "PUT":
                let text = String(decoding: request.body, as: UTF8.self)
                let upstream = try RouteLine.upstream(String(text.prefix { !$0.isNewline }))
                let isNew = book.set([hostname: upstream]) == 1
                await edge.applied()
                return .text(RoutesFile.line(hostname, upstream), status: isNew ? 201 : 200)
            case "DELETE":
                guard book.remove(hostname) else { return missing(hostname) }
                await edge.applied()
                return .text("\(hostname) has no route any more\n")
            default:
                return notAllowed("GET, HEAD, PUT, DELETE")
            }
        } catch {
            return .text("\(error.message)\nNothing was changed.\n", status: 400)
        }
    }

    private func missing(_ hostname: String) -> HTTPResponse { .text("\(hostname) has no route\n", status: 404) }

    private func notAllowed(_ methods: String) -> HTTPResponse {
        var response = HTTPResponse.text("This address takes \(methods).\n", status: 405)
        response.fields.append("Allow", methods)
        return response
    }
}
