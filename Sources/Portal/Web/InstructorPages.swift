import Broker
import BrokerCore
import Doors
import EventLoop
import HTTPTransport
import HTTPWire
import Words

/// The pages for instructors: who in the course has a lab, and extensions for them.
///
/// Everything is bound to the course of the ticket, which came from a signed link: there is no way to name another
/// course. Works without JavaScript.
@ControlLoop
final class InstructorPages {
    nonisolated static let ticketCookie = "__Host-carrel-instructor"
    nonisolated static let coursePath = "/instructor/course"
    nonisolated static let extendPath = "/instructor/extend"

    private let configuration: PortalConfiguration
    private let broker: Broker
    private let secrets: LaunchSecrets
    private let responses: PageResponses

    init(configuration: PortalConfiguration, broker: Broker, secrets: LaunchSecrets, responses: PageResponses) {
        self.configuration = configuration
        self.broker = broker
        self.secrets = secrets
        self.responses = responses
    }

    /// Whether the request is for one of these pages.
    static func isMeant(by request: HTTPRequest) -> Bool { request.path.first == "instructor" }

    func answer(_ request: HTTPRequest) async -> HTTPResponse {
        switch request.path.dropFirst() {
        case []: enter(request)
        case ["course"]: course(request)
        case ["extend"]: await extend(request)
        default:
            responses.notice(NoticePage.notFound(), status: 404, isNavigation: isNavigation(request))
        }
    }

    /// Follows a link: its ticket becomes a cookie, and is removed from the browser's address bar.
    private func enter(_ request: HTTPRequest) -> HTTPResponse {
        if let refusal = responses.refusalUnlessClick(request) { return refusal }
        let now = Timestamp.now
        do {
            let link = try secrets.links.verifyInstructor(request.query, portal: configuration.id, now: now)
            let ticket = InstructorTicket(link.instructor, now: now)
            return responses.redirect(
                Self.coursePath,
                cookie: responses.cookie(
                    Self.ticketCookie, secrets.tickets.text(for: ticket), maxAge: LaunchLimits.ticketValidity))
        } catch {
            let (page, status) = NoticePage.refusedLink(error, to: .course)
            return responses.page(page, status: status)
        }
    }

    private func course(_ request: HTTPRequest) -> HTTPResponse {
        guard let instructor = instructor(of: request) else { return signInNeeded(request) }
        guard request.method == "GET" || request.method == "HEAD" else {
            return responses.methodNotAllowed("GET, HEAD")
        }
        let given = request.query.first { $0.name == "extended" }.flatMap { Int($0.value) }
            .flatMap { $0 < 0 ? nil : $0 }
        return responses.page(page(of: instructor, extended: given))
    }

    /// Extends one session of the course, or all of its running ones.
    private func extend(_ request: HTTPRequest) async -> HTTPResponse {
        guard let instructor = instructor(of: request) else { return signInNeeded(request) }
        if let refusal = responses.refusalUnlessOwnForm(request) { return refusal }
        let form = request.form()
        func value(_ name: String) -> String? { form.first { $0.name == name }?.value }
        // The form is from the page of another course, opened before the last link was followed.
        guard value("course") == instructor.course.context else {
            return responses.page(
                NoticePage.staleForm(),
                status: 409)
        }
        guard let seconds = value("by").flatMap({ Int($0) }), PortalLimits.extensionSteps.contains(.seconds(seconds)),
            let session = value("session")
        else {
            return responses.page(NoticePage.foreignFields(), status: 400)
        }
        let chosen =
            session.isEmpty ? runningSessions(of: instructor) : [(id: SessionID(rawValue: session), name: "")]
        var failures: [Prose] = []
        for (id, name) in chosen {
            do throws(BrokerError) {
                _ = try await broker.extend(id, more(.seconds(seconds), from: instructor))
            } catch {
                let refusal = LearnerWords.current.refusal(error.code, of: .extend).what
                failures.append(name.isEmpty ? refusal : Prose([.name(name), .text(": ")]) + refusal)
            }
        }
        guard failures.isEmpty else {
            let done = chosen.count - failures.count
            return responses.page(
                page(of: instructor, extended: done > 0 ? done : nil, failures: failures), status: 409)
        }
        return responses.redirect("\(Self.coursePath)?extended=\(chosen.count)")
    }

    private func more(_ duration: Duration, from instructor: Instructor) -> Extension {
        let name = instructor.name.prefix(PortalLimits.whoCharacters)
        let id = instructor.id.prefix(PortalLimits.whoCharacters)
        return Extension(
            by: duration, bound: configuration.instructorExtension, who: "the instructor \(name) (\(id))",
            course: instructor.course)
    }

    private func runningSessions(of instructor: Instructor) -> [(id: SessionID, name: String)] {
        broker.sessions(of: instructor.course, limit: PortalLimits.courseSessions).sessions
            .filter { $0.state == SessionState.Name.running.rawValue }
            .map { ($0.id, $0.learnerName.isEmpty ? $0.learner : $0.learnerName) }
    }

    private func page(of instructor: Instructor, extended: Int? = nil, failures: [Prose] = []) -> CoursePage {
        let (sessions, count) = broker.sessions(of: instructor.course, limit: PortalLimits.courseSessions)
        // Anybody can write a number into the address, so it is capped by what the labs show.
        let most = sessions.count { ($0.extendedSeconds ?? 0) > 0 }
        let extended = extended.flatMap { $0 <= most ? $0 : nil }
        return CoursePage(
            instructor: instructor, sessions: sessions, count: count, bound: configuration.instructorExtension,
            extended: extended, failures: failures, now: .now)
    }

    private func instructor(of request: HTTPRequest) -> Instructor? {
        guard let text = request.cookie(Self.ticketCookie) else { return nil }
        return try? secrets.tickets.verify(text, as: InstructorTicket.self, portal: configuration.id, now: .now)
            .holder
    }

    private func signInNeeded(_ request: HTTPRequest) -> HTTPResponse {
        responses.notice(NoticePage.courseLinkNeeded(), status: 403, isNavigation: isNavigation(request))
    }

    private func isNavigation(_ request: HTTPRequest) -> Bool {
        request.fields.isNavigation(method: request.method) || request.method == "POST"
    }
}
