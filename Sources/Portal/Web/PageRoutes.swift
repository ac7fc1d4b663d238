import Broker
import BrokerCore
import EventLoop
import HTTPTransport
import HTTPWire
import Identity

/// An address of the portal's hostname, what somebody must be allowed to do there, and what answers.
struct PageRoute {
    typealias Operation = Identity.Operation

    /// The one component of a path that is not fixed: a session's identifier.
    static let session = "{session}"

    /// The answer, with what the router has found and checked for it.
    enum Answer {
        /// For everybody. What the address itself carries, such as a link or a token, is checked by the answer.
        case everybody(@ControlLoop (HTTPRequest) async -> HTTPResponse)
        /// For whoever has come through a door.
        case visitor(@ControlLoop (HTTPRequest, Visitor) async -> HTTPResponse)
        /// For who may do this to the session in the path. To others, the session does not exist.
        case session(Operation, @ControlLoop (HTTPRequest, Visitor, SessionView) async -> HTTPResponse)
        /// For who may do this to the course that the query or the form names in `course`.
        case course(Operation, @ControlLoop (HTTPRequest, Visitor, Course) async -> HTTPResponse)
    }

    /// The components of the path, percent-decoded.
    let path: [String]
    let answer: Answer

    init(_ path: String..., answer: Answer) {
        self.path = path
        self.answer = answer
    }

    /// Whether the path is this one. `nil` if it is not; the session that it names, if it names one.
    func match(_ other: [String]) -> SessionID?? {
        guard other.count == path.count else { return nil }
        var id: SessionID?
        for (own, given) in zip(path, other) {
            if own == Self.session { id = SessionID(rawValue: given) } else if own != given { return nil }
        }
        return .some(id)
    }
}

/// Finds the page for a request, and lets in whom its route is for.
@ControlLoop
struct PageRouter {
    let portal: PortalID
    let routes: [PageRoute]
    let visitors: Visitors
    let broker: Broker
    let responses: PageResponses

    func answer(_ request: HTTPRequest) async -> HTTPResponse {
        for route in routes {
            guard let id = route.match(request.path) else { continue }
            return await answer(request, by: route.answer, session: id)
        }
        return notFound(request)
    }

    private func answer(_ request: HTTPRequest, by answer: PageRoute.Answer, session id: SessionID?) async
        -> HTTPResponse
    {
        switch answer {
        case .everybody(let body):
            return await body(request)
        case .visitor(let body):
            guard let visitor = visitors.visitor(of: request) else {
                return refused(request, NoticePage.signInNeeded())
            }
            return await body(request, visitor)
        case .session(let operation, let body):
            guard let visitor = visitors.visitor(of: request) else {
                return refused(request, NoticePage.signInNeeded())
            }
            guard let id else { return notFound(request) }
            let view: SessionView
            do { view = try await broker.view(id, in: .portal(portal)) } catch {
                return responses.failure(error, request)
            }
            guard visitor.may(operation, view.resource) else { return notFound(request) }
            return await body(request, visitor, view)
        case .course(let operation, let body):
            let values = request.method == "POST" ? request.form() : request.query
            guard let visitor = visitors.visitor(of: request),
                let context = values.first(where: { $0.name == CoursePages.parameter })?.value
            else {
                return refused(request, NoticePage.courseLinkNeeded())
            }
            let course = Course(portal: portal, context: context)
            guard visitor.may(operation, .course(course)) else {
                return refused(request, NoticePage.courseLinkNeeded())
            }
            return await body(request, visitor, course)
        }
    }

    private func refused(_ request: HTTPRequest, _ page: Page) -> HTTPResponse {
        responses.notice(page, status: 403, isNavigation: request.isForPerson)
    }

    private func notFound(_ request: HTTPRequest) -> HTTPResponse {
        responses.notice(NoticePage.notFound(), status: 404, isNavigation: request.isForPerson)
    }
}

extension HTTPRequest {
    /// Whether a person sees the answer: a browser opens it as a page, or sends one of our forms.
    var isForPerson: Bool { fields.isNavigation(method: method) || method == "POST" }
}
