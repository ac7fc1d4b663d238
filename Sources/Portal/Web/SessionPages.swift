import Broker
import BrokerCore
import EventLoop
import HTTPTransport
import HTTPWire

/// A learner's pages of their own session, on the portal's hostname: its progress, and the way on to its lab.
@ControlLoop
struct SessionPages {
    let broker: Broker
    let responses: PageResponses
    let streams: EventStreams

    nonisolated static func path(_ id: SessionID) -> String { "/sessions/\(id)" }

    /// All of them are for the learner who may enter the lab: whoever else may see the session has other pages.
    var routes: [PageRoute] {
        let (sessions, id) = ("sessions", PageRoute.session)
        return [
            PageRoute(sessions, id, answer: .session(.enterLab, page)),
            PageRoute(
                sessions, id, "",
                answer: .session(.enterLab) { request, _, view in
                    responses.unlessRead(request) ?? responses.redirect(Self.path(view.id))
                }),
            PageRoute(
                sessions, id, "events",
                answer: .session(.enterLab) { request, _, view in
                    responses.unlessRead(request) ?? streams.follow(view, at: .portal(view.id), with: responses)
                }),
            PageRoute(sessions, id, "open", answer: .session(.enterLab, open)),
            PageRoute(sessions, id, "restart", answer: .session(.restartSession, restart)),
            PageRoute(sessions, id, "leave", answer: .session(.leaveQueue, leave)),
        ]
    }

    private func page(_ request: HTTPRequest, _ visitor: Visitor, _ view: SessionView) -> HTTPResponse {
        if let refusal = responses.unlessRead(request) { return refusal }
        return view.state == SessionState.Name.running.rawValue
            ? responses.redirect(SessionPlace.portal(view.id).openPath)
            : responses.page(Page(view, at: .portal(view.id)))
    }

    private func open(_ request: HTTPRequest, _ visitor: Visitor, _ view: SessionView) -> HTTPResponse {
        if let refusal = responses.refusalUnlessClick(request) { return refusal }
        guard view.state == SessionState.Name.running.rawValue else { return responses.redirect(Self.path(view.id)) }
        return responses.redirect(broker.wayIn(to: view, for: visitor))
    }

    private func restart(_ request: HTTPRequest, _ visitor: Visitor, _ view: SessionView) async -> HTTPResponse {
        if let refusal = responses.refusalUnlessOwnForm(request) { return refusal }
        do { _ = try await broker.restart(view.id) } catch { return responses.failure(error, request) }
        return responses.redirect(Self.path(view.id))
    }

    private func leave(_ request: HTTPRequest, _ visitor: Visitor, _ view: SessionView) async -> HTTPResponse {
        if let refusal = responses.refusalUnlessOwnForm(request) { return refusal }
        do { _ = try await broker.leaveQueue(view.id) } catch { return responses.failure(error, request, .leaveQueue) }
        return responses.redirect(Self.path(view.id))
    }
}
