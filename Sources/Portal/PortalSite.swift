import Broker
import BrokerCore
import Doors
import EventLoop
import HTTPTransport
import HTTPWire
import Identity
import Words

/// The pages of one portal.
@ControlLoop
final class PortalSite {
    let configuration: PortalConfiguration
    private let pages: PageRouter
    private let labPages: LabPages

    init(_ configuration: PortalConfiguration, broker: Broker, secrets: LaunchSecrets, streams: EventStreams) throws {
        self.configuration = configuration
        let renderer = try PageRenderer(
            portalTitle: configuration.title, labsOrigin: configuration.labsOrigin,
            embeddedIn: configuration.embeddedIn, contact: configuration.contact,
            brand: configuration.brand)
        let responses = PageResponses(renderer: renderer, isEmbedded: !configuration.embeddedIn.isEmpty)
        let visitors = Visitors(portal: configuration.id, broker: broker, tickets: secrets.tickets)
        let entrance = Entrance(portal: configuration.id, broker: broker, visitors: visitors, responses: responses)
        let feed = CalendarFeedPage(configuration: configuration, broker: broker, responses: responses)
        let own = [
            PageRoute(
                answer: .everybody { request in
                    responses.unlessRead(request) ?? responses.page(NoticePage.home())
                }),
            PageRoute(CalendarFeedPage.path, answer: .everybody { await feed.answer($0) }),
        ]
        let doors = secrets.doors.map { door in
            PageRoute(String(door.path.dropFirst()), answer: .everybody { await entrance.answer($0, at: door) })
        }
        pages = PageRouter(
            portal: configuration.id,
            routes: own + doors
                + SessionPages(broker: broker, responses: responses, streams: streams).routes
                + CoursePages(configuration: configuration, broker: broker, responses: responses).routes
                + SignOutPages(broker: broker, responses: responses).routes,
            visitors: visitors, broker: broker, responses: responses)
        labPages = LabPages(configuration: configuration, broker: broker, responses: responses, streams: streams)
    }

    /// The addresses of the portal's own hostname.
    var routes: [PageRoute] { pages.routes }

    /// Answers a request for the portal's own hostname, in the language of its browser.
    func answer(_ request: HTTPRequest) async -> HTTPResponse {
        await inLanguage(of: request) { await pages.answer(request) }
    }

    /// Answers a request for the hostname of a lab.
    ///
    /// - Parameter id: `nil` if no session can have that hostname.
    func answer(_ request: HTTPRequest, forLab id: SessionID?) async -> HTTPResponse {
        await inLanguage(of: request) { await labPages.answer(request, for: id) }
    }

    private func inLanguage(
        of request: HTTPRequest, _ body: @ControlLoop () async -> HTTPResponse
    ) async -> HTTPResponse {
        let language = configuration.language.language(accepting: request.fields.first("Accept-Language"))
        return await PageLanguage.$current.withValue(language) { await body() }
    }
}

/// All portals, and which of them answers a request.
@ControlLoop
struct PortalSites {
    private let broker: Broker
    private var sites: [PortalID: PortalSite] = [:]
    /// The sites of each labs domain, in the order of their names. No list is empty.
    private var domains: [(domain: LabsDomain, sites: [PortalSite])] = []

    init(
        _ portals: [PortalConfiguration], broker: Broker, secrets: LaunchSecrets, streams: EventStreams
    ) throws {
        self.broker = broker
        for configuration in portals.sorted(by: { $0.id < $1.id }) {
            let site = try PortalSite(configuration, broker: broker, secrets: secrets, streams: streams)
            sites[configuration.id] = site
            guard let domain = LabsDomain(configuration.labsDomain) else { continue }
            if let index = domains.firstIndex(where: { $0.domain == domain }) {
                domains[index].sites.append(site)
            } else {
                domains.append((domain, [site]))
            }
        }
    }

    func answer(_ request: HTTPRequest) async -> HTTPResponse {
        switch request.fields.first("X-Carrel-Scope") {
        case "lab", "away": await answerForLab(request)
        default: await site(of: request)?.answer(request) ?? Self.misdirected
        }
    }

    /// The edge tells which portal's hostname it was.
    private func site(of request: HTTPRequest) -> PortalSite? {
        request.fields.first("X-Carrel-Portal").flatMap { sites[PortalID(rawValue: $0)] }
    }

    /// Portals may share a labs domain, and then the session tells whose hostname it is. One that no session has is
    /// answered by the first of them.
    private func answerForLab(_ request: HTTPRequest) async -> HTTPResponse {
        guard let (sites, id) = hostname(of: request), let first = sites.first else { return Self.misdirected }
        guard let id, sites.count > 1 else { return await first.answer(request, forLab: id) }
        let portal = try? await broker.view(id, in: .all).portal
        let site = sites.first { $0.configuration.id == portal } ?? first
        return await site.answer(request, forLab: id)
    }

    /// The hostname of a lab's port belongs to the lab's session.
    private func hostname(of request: HTTPRequest) -> (sites: [PortalSite], id: SessionID?)? {
        guard let host = request.authority?.host else { return nil }
        return Array(host.utf8).withUnsafeBytes { bytes in
            for (domain, sites) in domains {
                guard let label = domain.label(of: bytes) else { continue }
                let parts = LabLabel(UnsafeRawBufferPointer(rebasing: bytes[label]))
                return (sites, parts.map { SessionID(rawValue: $0.slug.description) })
            }
            return nil
        }
    }

    /// RFC 9110, section 15.5.20. Only for a portal that was removed while the request was on its way.
    private static let misdirected = HTTPResponse(
        status: 421, fields: ["Cache-Control": "no-store"], body: .bytes([]))
}
