import Broker
import BrokerCore
import EventLoop
import HTTPTransport
import HTTPWire
import Identity
import Words

/// What the portal answers on a lab's own hostname: the entry with a code, and everything while the lab is away.
@ControlLoop
final class LabPages {
    static let accessCookie = "__Host-carrel"

    private let scope: Scope
    private let broker: Broker
    private let responses: PageResponses
    private let streams: EventStreams

    init(configuration: PortalConfiguration, broker: Broker, responses: PageResponses, streams: EventStreams) {
        scope = .portal(configuration.id)
        self.broker = broker
        self.responses = responses
        self.streams = streams
    }

    /// - Parameter id: the session to which the request's hostname belongs; `nil` if no session can have it.
    func answer(_ request: HTTPRequest, for id: SessionID?) async -> HTTPResponse {
        let isNavigation = request.fields.isNavigation(method: request.method)
        guard let id else {
            return responses.notice(NoticePage.unknownHostname(), status: 404, isNavigation: isNavigation)
        }
        var view: SessionView?
        var hasKey = false
        do {
            view = try await broker.view(id, in: scope)
            if let token = request.cookie(Self.accessCookie) {
                hasKey = try await broker.holdsGrant(id, token: token, in: scope)
            }
        } catch {
            guard error.code == .unknownSession else { return responses.failure(error, isNavigation: isNavigation) }
        }
        if let view, request.path.first == ".carrel" {
            return await ownPath(request, view, hasKey: hasKey, isNavigation: isNavigation)
        }
        return await away(request, view, hasKey: hasKey, isNavigation: isNavigation)
    }

    /// Answers any path of a lab that the edge cannot reach.
    private func away(
        _ request: HTTPRequest, _ view: SessionView?, hasKey: Bool, isNavigation: Bool
    ) async -> HTTPResponse {
        let place = SessionPlace.lab(path: Navigation.nextPath(request.target))
        let answer = LabAnswer(state: view?.state, hasKey: hasKey, isNavigation: isNavigation)
        guard let view, answer != .unknown else {
            return responses.notice(NoticePage.unknownHostname(), status: 404, isNavigation: isNavigation)
        }
        switch answer {
        case .unknown, .forbidden:
            return responses.notice(NoticePage.notYours(), status: 403, isNavigation: isNavigation)
        case .progress:
            return responses.page(Page(view, at: place), status: 503)
        case .comeBack:
            return responses.message(LearnerWords.current.say("program.starting").plain, status: 503)
        case .resume:
            return await resume(request, view, at: place)
        case .parkedForPrograms:
            return responses.message(away("program.parked", view), status: 424)
        case .gone:
            return responses.page(Page(view, at: place), status: 424)
        case .goneForPrograms:
            return responses.message(away("program.ended", view), status: 424)
        }
    }

    /// That the lab is away, and why, for a program of its page.
    private func away(_ code: String, _ view: SessionView) -> String {
        let words = LearnerWords.current
        return words.say(code, ["why": .word(words.over(view).plain)]).plain
    }

    /// Only a person's visit resumes a parked lab: not a HEAD request, a browser's prefetch, or a script of the lab's
    /// page. If the browser does not indicate that a person is behind the request, the page has a button.
    private func resume(_ request: HTTPRequest, _ view: SessionView, at place: SessionPlace) async -> HTTPResponse {
        guard request.method == "GET", !Navigation.isPrefetch(request.fields),
            Navigation.isByPerson(request.fields, framed: responses.isEmbedded)
        else {
            return responses.page(Page(view, at: place), status: 424)
        }
        do {
            return responses.page(Page(try await broker.resume(view.id), at: place), status: 503)
        } catch {
            return responses.failure(error, isNavigation: true)
        }
    }

    // MARK: Paths of our own, under /.carrel/

    /// What is asked for at each path. A key makes whoever has it the session's owner here.
    private static let operations: [String: Identity.Operation] = [
        "": .seeSession, "events": .seeSession, "status": .seeSession, "enter": .enterLab, "leave": .leaveQueue,
        "restart": .restartSession, "keep": .keepSession,
    ]

    private func ownPath(
        _ request: HTTPRequest, _ view: SessionView, hasKey: Bool, isNavigation: Bool
    ) async -> HTTPResponse {
        let name = request.path.count == 2 ? request.path[1] : ""
        let owner = Principal.person(Claims(person: view.owner))
        let hasKey = hasKey && Self.operations[name].map { Permissions.allows(owner, $0, view.resource) } ?? false
        switch name {
        case "enter":
            return await enter(request, view.id, hasKey: hasKey)
        case "events":
            guard hasKey else { return notYours }
            guard request.method == "GET" else { return responses.methodNotAllowed("GET") }
            let place: SessionPlace =
                switch request.query.first(where: { $0.name == "page" })?.value {
                case "stay": .stay
                case "notice": .notice
                default: .lab(path: next(request.query))
                }
            return streams.follow(view, at: place, with: responses)
        case "leave":
            return await leave(request, view.id, hasKey: hasKey)
        case "restart":
            return await restart(request, view, hasKey: hasKey)
        case "keep":
            return await keep(request, view.id, hasKey: hasKey)
        case "status":
            guard hasKey else { return notYours }
            guard request.method == "GET" else { return responses.methodNotAllowed("GET") }
            return responses.json(status(of: view))
        case "" where request.path.count <= 2:
            guard hasKey else { return responses.page(NoticePage.notYours(), status: 403) }
            return responses.unlessRead(request) ?? responses.page(Page(view, at: .stay))
        default:
            return responses.notice(NoticePage.notFound(), status: 404, isNavigation: isNavigation)
        }
    }

    /// For a program that has no key.
    private var notYours: HTTPResponse {
        responses.message(LearnerWords.current.say("program.not-yours").plain, status: 403)
    }

    /// Exchanges the one-time code for the cookie of this hostname. A code that was presented here is invalid
    /// afterwards, whatever the outcome.
    private func enter(_ request: HTTPRequest, _ id: SessionID, hasKey: Bool) async -> HTTPResponse {
        if let refusal = responses.refusalUnlessClick(request) { return refusal }
        let next = next(request.query)
        let code = request.query.first { $0.name == "code" }?.value ?? ""
        // A program of the lab's own page must not use this path: only the browser's own navigation leads here.
        if let mode = request.fields.first("Sec-Fetch-Mode"), mode != "navigate" {
            broker.forget(code)
            return responses.message(LearnerWords.current.say("program.page-only").plain, status: 403)
        }
        // Going back in the browser's history leads here again, with a used code.
        if hasKey {
            broker.forget(code)
            return responses.redirect(next)
        }
        do {
            let token = try await broker.redeem(code, on: id)
            var response = responses.redirect(next, cookie: responses.cookie(Self.accessCookie, token))
            // Ends Network Error Logging (section 4.1) that a lab may have set up for this hostname: its reports would
            // include addresses like this one.
            response.fields.append("NEL", #"{"max_age":0}"#)
            return response
        } catch {
            return switch error.code {
            case .badCode: responses.page(NoticePage.usedCode(), status: 403)
            // The code is used up, so this page does not continue automatically.
            case .storage: responses.page(NoticePage.noKeyNow(), status: 503)
            default: responses.failure(error, isNavigation: true)
            }
        }
    }

    /// *Start again* and *Resume*. Scripts of the lab's page have our origin here, and must not press these buttons.
    private func restart(_ request: HTTPRequest, _ view: SessionView, hasKey: Bool) async -> HTTPResponse {
        guard hasKey else { return responses.page(NoticePage.notYours(), status: 403) }
        if let refusal = responses.refusalUnlessOwnForm(request) { return refusal }
        let next = next(request.form())
        guard Navigation.isByPerson(request.fields, framed: responses.isEmbedded) else {
            return responses.page(Page(view, at: .lab(path: next)), status: 403)
        }
        do { _ = try await broker.restart(view.id) } catch { return responses.failure(error, isNavigation: true) }
        return responses.redirect(next)
    }

    /// *Keep it*, from our own page or from a program of the lab's own page. A script there may press it automatically,
    /// so the core limits how often in a row it has an effect.
    private func keep(_ request: HTTPRequest, _ id: SessionID, hasKey: Bool) async -> HTTPResponse {
        let isForm = !request.form().isEmpty
        guard hasKey else { return responses.notice(NoticePage.notYours(), status: 403, isNavigation: isForm) }
        if let refusal = responses.refusalUnlessOwnForm(request) { return refusal }
        do {
            let view = try await broker.keep(id)
            return isForm ? responses.redirect(SessionPlace.stayPath) : responses.json(status(of: view))
        } catch {
            return isForm
                ? responses.failure(error, .keep, isNavigation: true)
                : responses.message(LearnerWords.current.refusal(error.code, of: .keep).sentence, status: error.status)
        }
    }

    /// *Leave the queue*.
    private func leave(_ request: HTTPRequest, _ id: SessionID, hasKey: Bool) async -> HTTPResponse {
        guard hasKey else { return responses.page(NoticePage.notYours(), status: 403) }
        if let refusal = responses.refusalUnlessOwnForm(request) { return refusal }
        do { _ = try await broker.leaveQueue(id) } catch {
            return responses.failure(error, .leaveQueue, isNavigation: true)
        }
        return responses.redirect(next(request.form()))
    }

    private func status(of view: SessionView) -> StayStatus {
        StayStatus(view, contact: responses.renderer.contact, now: .now)
    }

    /// The path to return to, as our own pages and links give it.
    private func next(_ values: [(name: String, value: String)]) -> String {
        Navigation.nextPath(values.first { $0.name == "next" }?.value)
    }
}

extension Navigation {
    /// Whether a person's own click or typing caused the request, as far as the browser tells.
    ///
    /// A script can forge none of these fields. With `fetch`, or in a hidden frame, `Sec-Fetch-Mode` and
    /// `Sec-Fetch-Dest` show it; where it navigates the whole tab, or submits a form, `Sec-Fetch-User` is missing.
    /// WebKit is trusted without that field, so a script can still navigate the whole tab there. A browser that sends
    /// none of the fields is too old for this check.
    ///
    /// - Parameter framed: pages of other sites may show ours in a frame.
    static func isByPerson(_ fields: HeaderFields, framed: Bool) -> Bool {
        let names = ["Sec-Fetch-Site", "Sec-Fetch-Mode", "Sec-Fetch-Dest", "Sec-Fetch-User"]
        guard names.contains(where: { !fields.all($0).isEmpty }) else { return true }
        return isOpenedByBrowser(fields, framed: framed) && fields.isOpenedByPerson(trustsWebKit: true)
    }
}
