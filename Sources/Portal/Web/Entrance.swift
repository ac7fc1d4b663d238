import Broker
import BrokerCore
import Doors
import EventLoop
import HTTPTransport
import HTTPWire
import Identity

/// What follows from a launch, through whichever door it came: the ticket, the session or the page, and the redirect
/// there.
@ControlLoop
struct Entrance {
    let portal: PortalID
    let broker: Broker
    let visitors: Visitors
    let responses: PageResponses

    /// Only a person may launch: not a HEAD request, a browser's prefetch, or a program that scans the links in a mail.
    /// If nothing indicates that a browser opens the address as a page, the answer is a page with a button.
    func answer(_ request: HTTPRequest, at door: any Door) async -> HTTPResponse {
        let isForm = request.method == "POST"
        let refusal =
            isForm
            ? responses.refusalUnlessOwnForm(request) : responses.refusalUnlessClick(request, methods: "GET, POST")
        if let refusal { return refusal }
        let parameters = isForm ? request.form() : request.query
        let launch: VerifiedLaunch
        do {
            launch = try door.verify(parameters, portal: portal, now: .now)
        } catch {
            let (page, status) = NoticePage.refusedLaunch(error, to: door.aim)
            return responses.page(page, status: status)
        }
        guard isForm || Navigation.isOpenedByBrowser(request.fields, framed: responses.isEmbedded) else {
            return responses.page(
                NoticePage.openByHand(door.own(parameters), action: door.path, to: door.aim))
        }
        return await admit(launch, by: request, at: door)
    }

    private func admit(_ launch: VerifiedLaunch, by request: HTTPRequest, at door: any Door) async -> HTTPResponse {
        let arrival: (visitor: Visitor, cookie: String)
        do {
            arrival = try visitors.arrival(with: launch.claims, request: request)
        } catch {
            return responses.page(NoticePage.incompleteLink(.wrong, door.aim), status: 400)
        }
        switch launch.target {
        case .lab(let name):
            let lab = Resource.lab(LabKey(portal: portal, name: name), course: launch.course)
            guard arrival.visitor.may(.launchLab, lab) else {
                return responses.page(NoticePage.notYours(), status: 403)
            }
            do throws(BrokerError) {
                let view = try await session(of: launch, lab: name)
                // If the lab already runs, each step that is skipped saves waiting time.
                let isRunning = view.state == SessionState.Name.running.rawValue
                return lead(
                    to: isRunning ? broker.wayIn(to: view, for: arrival.visitor) : SessionPages.path(view.id),
                    arrival.cookie)
            } catch {
                return error.code == .unknownLab
                    ? responses.page(NoticePage.unknownLab(name), status: 404) : responses.failure(error, request)
            }
        case .coursePage:
            guard let course = launch.course.map({ Course(portal: portal, context: $0) }),
                arrival.visitor.may(.listSessions, .course(course))
            else {
                return responses.page(NoticePage.courseLinkNeeded(), status: 403)
            }
            return lead(to: CoursePages.path(of: course), arrival.cookie)
        }
    }

    /// Finds or creates the session. A running lab is open to its learner even if nothing can be saved.
    private func session(of launch: VerifiedLaunch, lab: String) async throws(BrokerError) -> SessionView {
        let learner = Learner(launch.person, name: launch.name)
        do {
            return try await broker.launch(learner, lab: lab, context: launch.course)
        } catch {
            guard error.code == .storage, let view = await broker.runningSession(of: learner, lab: lab) else {
                throw error
            }
            return view
        }
    }

    private func lead(to location: String, _ ticket: String) -> HTTPResponse {
        responses.redirect(
            location,
            cookie: responses.cookie(Visitors.cookie, ticket, maxAge: .seconds(IdentityLimits.ticketSeconds)))
    }
}
