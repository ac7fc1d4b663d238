import HTTPTransport
import TLS

@testable import Edge

/// A hostname for which clients ask, and what must become of their requests.
struct Site: Sendable {
    let host: String
    /// The port of the only upstream that may get them; `nil` if the edge answers that there is nothing.
    let port: Int?
    /// The portal whose own hostname it is.
    var portal: String?
    /// The token that the edge adds.
    var authorization: String?
    /// The fields that the client adds.
    var fields = ""

    /// A route that is a whole hostname.
    static let plain = Site(host: "a.labs.test", port: 80)

    static func upstream(_ port: Int) -> UpstreamAddress { .tcp(host: "192.0.2.1", port: port) }

    /// The ports of all upstreams.
    static let ports = [80, 81, 82]
}

/// Two portals behind one edge: the lab `a` is the school's, the lab `b` is Acme's, and one cookie opens both.
enum TwoPortals {
    static let school = EdgePortal(name: "school", hostname: "portal.test", labsDomain: "labs.test")
    static let acme = EdgePortal(name: "acme", hostname: "acme.test", labsDomain: "rooms.test")
    static let grant = SHA256.digest("secret")

    static let labOfSchool = lab("a.labs.test", port: 81, authorization: "token a")
    static let labOfAcme = lab("b.rooms.test", port: 82, authorization: "token b")
    static let labs = [labOfSchool, labOfAcme]
    static let sites =
        labs + [portal(school), portal(acme)]
        // Nothing answers for a lab under the domain of another portal.
        + [lab("b.labs.test", port: nil), lab("a.rooms.test", port: nil)]

    static let routes = [
        RouteChange.set(route("a", of: school, to: labOfSchool)), .set(route("b", of: acme, to: labOfAcme)),
    ]

    private static let cookie = "Cookie: __Host-carrel=secret\r\n"

    private static func lab(_ host: String, port: Int?, authorization: String? = nil) -> Site {
        Site(host: host, port: port, authorization: authorization, fields: cookie)
    }

    private static func portal(_ portal: EdgePortal) -> Site {
        Site(host: portal.hostname, port: Site.plain.port, portal: portal.name, fields: cookie)
    }

    private static func route(_ slug: String, of portal: EdgePortal, to site: Site) -> LabRoute {
        guard let port = site.port else { preconditionFailure("a lab without an upstream") }
        return LabRoute(
            slug: slug, portal: portal.name, upstream: Site.upstream(port), kind: .http,
            authorization: site.authorization, grants: [grant])
    }
}
