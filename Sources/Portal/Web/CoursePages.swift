import Broker
import BrokerCore
import EventLoop
import HTTPTransport
import HTTPWire
import Identity
import Text
import Words

/// The pages for the staff of a course: who in the course has a lab, and extensions for them. They work without
/// JavaScript.
@ControlLoop
struct CoursePages {
    let configuration: PortalConfiguration
    let broker: Broker
    let responses: PageResponses

    /// The parameter of addresses and forms that names the course, by its context.
    nonisolated static let parameter = "course"
    nonisolated static let extendPath = "/course/extend"

    nonisolated static func path(of course: Course, extended: Int? = nil) -> String {
        "/course?\(parameter)=\(PercentEncoding.encode(course.context))" + (extended.map { "&extended=\($0)" } ?? "")
    }

    var routes: [PageRoute] {
        [
            PageRoute("course", answer: .course(.listSessions, page)),
            PageRoute("course", "extend", answer: .course(.listSessions, extend)),
        ]
    }

    private func page(_ request: HTTPRequest, _ visitor: Visitor, _ course: Course) -> HTTPResponse {
        if let refusal = responses.unlessRead(request) { return refusal }
        let given = request.query.first { $0.name == "extended" }.flatMap { Int($0.value) }
            .flatMap { $0 < 0 ? nil : $0 }
        return responses.page(page(of: course, for: visitor, extended: given))
    }

    /// Extends one session of the course, or all of its running ones.
    private func extend(_ request: HTTPRequest, _ visitor: Visitor, _ course: Course) async -> HTTPResponse {
        if let refusal = responses.refusalUnlessOwnForm(request) { return refusal }
        let form = request.form()
        func value(_ name: String) -> String? { form.first { $0.name == name }?.value }
        guard let seconds = value("by").flatMap({ Int($0) }), PortalLimits.extensionSteps.contains(.seconds(seconds)),
            let session = value("session")
        else {
            return responses.page(NoticePage.foreignFields(), status: 400)
        }
        let chosen = session.isEmpty ? runningSessions(of: course) : [(id: SessionID(rawValue: session), name: "")]
        var failures: [Prose] = []
        for (id, name) in chosen {
            do throws(BrokerError) {
                try await extend(id, of: course, by: .seconds(seconds), for: visitor)
            } catch {
                let refusal = LearnerWords.current.refusal(error.code, of: .extend).what
                failures.append(name.isEmpty ? refusal : Prose([.name(name), .text(": ")]) + refusal)
            }
        }
        guard failures.isEmpty else {
            let done = chosen.count - failures.count
            return responses.page(
                page(of: course, for: visitor, extended: done > 0 ? done : nil, failures: failures), status: 409)
        }
        return responses.redirect(Self.path(of: course, extended: chosen.count))
    }

    /// A session that the visitor may not extend gets the same answer as one that does not exist.
    private func extend(
        _ id: SessionID, of course: Course, by more: Duration, for visitor: Visitor
    ) async throws(BrokerError) {
        let view = try await broker.view(id, in: .portal(course.portal))
        guard visitor.may(.extendSession, view.resource) else {
            throw BrokerError(.unknownSession, "There is no session \(id).")
        }
        _ = try await broker.extend(
            id,
            Extension(by: more, bound: configuration.instructorExtension, who: who(visitor, in: course), course: course)
        )
    }

    /// How the session's story names the visitor.
    private func who(_ visitor: Visitor, in course: Course) -> String {
        let role =
            switch visitor.claims.role(in: course) {
            case .assistant: "assistant"
            case .instructor: "instructor"
            case .learner, nil: "portal administrator"
            }
        let name = Self.name(of: visitor).prefix(PortalLimits.whoCharacters)
        return "the \(role) \(name) (\(visitor.claims.person.subject.prefix(PortalLimits.whoCharacters)))"
    }

    private static func name(of visitor: Visitor) -> String {
        visitor.claims.name ?? visitor.claims.person.subject
    }

    private func runningSessions(of course: Course) -> [(id: SessionID, name: String)] {
        broker.sessions(of: course, limit: PortalLimits.courseSessions).sessions
            .filter { $0.state == SessionState.Name.running.rawValue }
            .map { ($0.id, $0.learnerName.isEmpty ? $0.learner : $0.learnerName) }
    }

    private func page(
        of course: Course, for visitor: Visitor, extended: Int? = nil, failures: [Prose] = []
    ) -> CoursePage {
        let (sessions, count) = broker.sessions(of: course, limit: PortalLimits.courseSessions)
        // Anybody can write a number into the address, so it is capped by what the labs show.
        let most = sessions.count { ($0.extendedSeconds ?? 0) > 0 }
        let extended = extended.flatMap { $0 <= most ? $0 : nil }
        return CoursePage(
            course: course, visitor: Self.name(of: visitor), sessions: sessions, count: count,
            bound: configuration.instructorExtension, extended: extended, failures: failures, now: .now)
    }
}
