import Broker
import BrokerCore
import EventLoop
import HTTPTransport
import HTTPWire
import Identity

/// Signing out: it ends the visit in this browser, with everything that it has opened. Labs go on running.
@ControlLoop
struct SignOutPages {
    let broker: Broker
    let responses: PageResponses

    nonisolated static let path = "/sign-out"

    var routes: [PageRoute] { [PageRoute("sign-out", answer: .visitor(answer))] }

    private func answer(_ request: HTTPRequest, _ visitor: Visitor) async -> HTTPResponse {
        guard request.method == "POST" else {
            return responses.unlessRead(request, methods: "GET, HEAD, POST") ?? responses.page(NoticePage.signOut())
        }
        if let refusal = responses.refusalUnlessOwnForm(request) { return refusal }
        guard visitor.may(.signOut, .person(visitor.claims.person)) else {
            return responses.page(NoticePage.signInNeeded(), status: 403)
        }
        do {
            _ = try await broker.revoke(.visit(visitor.visit.id, of: visitor.claims.person))
        } catch {
            return responses.failure(error, request)
        }
        var response = responses.page(NoticePage.signedOut())
        response.fields.append("Set-Cookie", responses.cookie(Visitors.cookie, "", maxAge: .zero))
        return response
    }
}
