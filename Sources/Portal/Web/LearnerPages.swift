import Broker
import BrokerCore
import Doors
import EventLoop
import Foundation
import HTTPTransport
import HTTPWire

/// The pages on the portal's hostname: from a link to a session's progress, and on to its lab.
@ControlLoop
final class LearnerPages {
    static let ticketCookie = "__Host-carrel-portal"

    private let configuration: PortalConfiguration
    private let broker: Broker
    private let secrets: LaunchSecrets
    private let responses: PageResponses
    private let streams: EventStreams

    init(
        configuration: PortalConfiguration, broker: Broker, secrets: LaunchSecrets, responses: PageResponses,
        streams: EventStreams
    ) {
        self.configuration = configuration
        self.broker = broker
        self.secrets = secrets
        self.responses = responses
        self.streams = streams
    }

    func answer(_ request: HTTPRequest) async -> HTTPResponse {
        let path = request.path
        switch path.count {
        case 0: return get(request) { responses.page(NoticePage.home()) }
        case 1 where path[0] == "launch": return await launch(request)
        case 2...3 where path[0] == "sessions": return await session(request, id: SessionID(rawValue: path[1]))
        default:
            let isNavigation = request.fields.isNavigation(method: request.method)
            return responses.notice(NoticePage.notFound(), status: 404, isNavigation: isNavigation)
        }
    }

    // MARK: A link

    /// Finds or creates the session of a signed link. Only a person may cause that: not a HEAD request, a browser's
    /// prefetch, or a program that scans the links in a mail. If nothing indicates that a browser opens the link as a
    /// page, the answer is a page with a button.
    private func launch(_ request: HTTPRequest) async -> HTTPResponse {
        let isForm = request.method == "POST"
        let refusal =
            isForm
            ? responses.refusalUnlessOwnForm(request) : responses.refusalUnlessClick(request, methods: "GET, POST")
        if let refusal { return refusal }
        let parameters = isForm ? request.form() : request.query
        let now = Timestamp.now
        let link: SignedLink
        do {
            link = try secrets.links.verify(parameters, portal: configuration.id, now: now)
        } catch {
            let (page, status) = NoticePage.refusedLink(error)
            return responses.page(page, status: status)
        }
        guard isForm || Navigation.isOpenedByBrowser(request.fields, framed: responses.isEmbedded) else {
            return responses.page(
                NoticePage.openByHand(SignedLink.ownParameters(parameters), action: SignedLink.path))
        }
        do {
            let view = try await broker.launch(link.learner, lab: link.lab, context: link.context)
            return lead(link.learner, to: view, now: now)
        } catch {
            // A running lab is open to those who have its key, even if nothing can be saved.
            if error.code == .storage, let view = await broker.runningSession(of: link.learner, lab: link.lab) {
                return lead(link.learner, to: view, now: now)
            }
            return error.code == .unknownLab
                ? responses.page(NoticePage.unknownLab(link.lab), status: 404) : failure(error)
        }
    }

    private func lead(_ learner: Learner, to view: SessionView, now: Timestamp) -> HTTPResponse {
        let ticket = secrets.tickets.text(for: PortalTicket(learner, now: now))
        // If the lab already runs, each step that is skipped saves waiting time.
        return responses.redirect(
            view.state == SessionState.Name.running.rawValue ? wayIn(to: view) : "/sessions/\(view.id)",
            cookie: responses.cookie(Self.ticketCookie, ticket, maxAge: LaunchLimits.ticketValidity))
    }

    // MARK: A session

    private func session(_ request: HTTPRequest, id: SessionID) async -> HTTPResponse {
        let isNavigation = request.fields.isNavigation(method: request.method)
        guard let learner = learner(of: request) else {
            return responses.notice(NoticePage.signInNeeded(), status: 403, isNavigation: isNavigation)
        }
        let view: SessionView
        do { view = try await broker.view(id, in: .portal(configuration.id)) } catch { return failure(error) }
        // Somebody else's session gets the same answer as one that does not exist.
        guard view.portal == learner.portal, view.learner == learner.id else {
            return responses.notice(NoticePage.notFound(), status: 404, isNavigation: isNavigation)
        }
        switch request.path.count == 3 ? request.path[2] : "" {
        case "" where request.path.count == 2:
            return get(request) {
                view.state == SessionState.Name.running.rawValue
                    ? responses.redirect(SessionPlace.portal(id).openPath)
                    : responses.page(Page(view, at: .portal(id)))
            }
        case "" where request.path.count == 3:
            return get(request) { responses.redirect("/sessions/\(id)") }
        case "events":
            return get(request) { streams.follow(view, at: .portal(id), with: responses) }
        case "open":
            return open(request, view)
        case "restart":
            return await restart(request, id)
        case "leave":
            return await leave(request, id)
        default:
            return responses.notice(NoticePage.notFound(), status: 404, isNavigation: isNavigation)
        }
    }

    private func open(_ request: HTTPRequest, _ view: SessionView) -> HTTPResponse {
        if let refusal = responses.refusalUnlessClick(request) { return refusal }
        guard view.state == SessionState.Name.running.rawValue else {
            return responses.redirect("/sessions/\(view.id)")
        }
        return responses.redirect(wayIn(to: view))
    }

    /// Only for a person who has clicked: it opens the lab, once.
    private func wayIn(to view: SessionView) -> String {
        "\(view.url).carrel/enter?code=\(broker.entryCode(for: view.id))&next=/"
    }

    private func restart(_ request: HTTPRequest, _ id: SessionID) async -> HTTPResponse {
        if let refusal = responses.refusalUnlessOwnForm(request) { return refusal }
        do { _ = try await broker.restart(id) } catch { return failure(error) }
        return responses.redirect("/sessions/\(id)")
    }

    private func leave(_ request: HTTPRequest, _ id: SessionID) async -> HTTPResponse {
        if let refusal = responses.refusalUnlessOwnForm(request) { return refusal }
        do { _ = try await broker.leaveQueue(id) } catch { return failure(error, .leaveQueue) }
        return responses.redirect("/sessions/\(id)")
    }

    private func learner(of request: HTTPRequest) -> Learner? {
        guard let text = request.cookie(Self.ticketCookie) else { return nil }
        return try? secrets.tickets.verify(text, as: PortalTicket.self, portal: configuration.id, now: .now).holder
    }

    private func get(_ request: HTTPRequest, _ body: () -> HTTPResponse) -> HTTPResponse {
        request.method == "GET" || request.method == "HEAD" ? body() : responses.methodNotAllowed("GET, HEAD")
    }

    private func failure(_ error: BrokerError, _ wish: Wish = .open) -> HTTPResponse {
        let (page, status) = NoticePage.failure(error, wish)
        return responses.page(page, status: status)
    }
}

extension Timestamp {
    /// The wall clock: the portal is where time enters the system.
    static var now: Timestamp { Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000)) }
}
