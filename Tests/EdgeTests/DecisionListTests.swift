import HTTPTransport
import HTTPWire
import TLS
import Testing

@testable import Edge

struct DecisionListTests {
    private static let routing = EdgeConfiguration.Routing.sessions(portalUpstream: .unix(path: "/portal"))
    private static let acme = EdgePortal(name: "acme", hostname: "acme.example", labsDomain: "Rooms.example")
    private var routes = RouteTable()

    init() {
        routes.apply(.portals([Self.school(), Self.acme]))
        routes.apply(
            .set(
                LabRoute(
                    slug: "efgh", portal: "acme", upstream: .tcp(host: "10.0.0.2", port: 9000), kind: .jupyter,
                    authorization: nil, grants: [SHA256.digest("secret")])))
        routes.apply(
            .set(
                LabRoute(
                    slug: "abcd", portal: "school", upstream: .tcp(host: "10.0.0.1", port: 9000), kind: .jupyter,
                    authorization: "token t", grants: [SHA256.digest("secret")])))
    }

    private static func school(isEmbedded: Bool = false) -> EdgePortal {
        EdgePortal(
            name: "school", hostname: "portal.example", labsDomain: "labs.example",
            embeddedIn: isEmbedded ? ["https://courses.example"] : [])
    }

    /// The decision as one word.
    private func decide(
        _ method: String = "GET", _ host: String?, _ target: String = "/", _ fields: HeaderFields = [:],
        isEmbedded: Bool = false
    ) -> String {
        let list = DecisionList(Self.routing)
        var routes = routes
        routes.apply(.portals([Self.school(isEmbedded: isEmbedded), Self.acme]))
        var all: HeaderFields = [:]
        if let host { all.append("Host", host) }
        for (name, value) in fields { all.append(name, value) }
        let head = RequestHead(method: method, target: target, fields: all)
        switch list.decide(head, routes: routes, isCovered: { $0 == "covered.example" }) {
        case .answer(let answer): return "\(answer)"
        case .portal(let scope, let portal): return "portal \(scope)" + (portal.map { " of \($0.name)" } ?? "")
        case .lab(_, let isWebSocket): return isWebSocket ? "websocket" : "lab"
        }
    }

    private let cookie: HeaderFields = ["Cookie": "a=b; __Host-carrel=secret"]

    private func with(_ fields: HeaderFields) -> HeaderFields {
        var all = cookie
        for (name, value) in fields { all.append(name, value) }
        return all
    }

    @Test("rule 1: without a host nobody can tell for whom a request is")
    func noHost() {
        #expect(decide("GET", nil) == "badRequest")
    }

    @Test("rule 2: the portal's hostname is the portal's, whatever the port and the case")
    func portal() {
        #expect(decide("GET", "Portal.example:8443") == "portal portal of school")
        #expect(
            decide("POST", "portal.example", "/lti/launch", ["Origin": "https://lms.example"])
                == "portal portal of school")
        #expect(decide("GET", "portal.example.") == "portal portal of school")
    }

    @Test("rule 3.1: a label that no session can have is nothing")
    func noSlug() {
        for host in ["a-b.labs.example", "8080--abcd.labs.example", "abcdefghijklmnopqrstuvwxyz2345678.labs.example"] {
            #expect(decide("GET", host, "/", cookie) == "notFound", "\(host)")
        }
    }

    @Test("rule 3.2: TRACE would echo what the edge adds")
    func trace() {
        #expect(decide("TRACE", "abcd.labs.example", "/", cookie) == "methodNotAllowed")
    }

    @Test("rule 3.3: Carrel's own paths on a lab's hostname are the portal's, with or without a route or a cookie")
    func ownPaths() {
        #expect(decide("GET", "abcd.labs.example", "/.carrel/enter?code=x") == "portal lab")
        #expect(decide("POST", "gone.labs.example", "/.carrel/restart") == "portal lab")
        #expect(decide("GET", "abcd.labs.example", "/.carrelx/", cookie) == "lab")
        #expect(decide("GET", "abcd.labs.example", "/x/.carrel/", cookie) == "lab")
    }

    @Test(
        "rule 3.3: no other way to write Carrel's own paths reaches a lab",
        arguments: [
            "/.CARREL/", "/.Carrel/enter?code=x", "/%2ecarrel/", "/%2Ecarrel", "/.%63arrel/", "/.carre%6C/x",
            "/%2e%63%61%72%72%65%6c/", "/%252ecarrel/", "/%25252ecarrel/", "//.carrel/", "///.carrel", "/./.carrel/",
            "/.//.carrel/", "/x/../.carrel/", "/x/y/../../.carrel/", "/x/%2e%2e/.carrel/", "/x/..%2f.carrel/",
            "/../.carrel/", "/\\.carrel\\", "/.carrel\\x", "/%5c.carrel/", "/%2f.carrel/", "/%2f%2e%2fx%2f..%2f.carrel",
            "/.carrel%2fenter", "/.carrel%5center", "/.carrel;x/", "/;/.carrel", "/.carrel%3bx/", "/.carrel/.",
            "/.CARREL", "/.carrel%00/enter", "/.carrel%00x/", "/.carrel%20/", "/%20.carrel/", "/.carrel%09/",
            "/.carrel./", "/.carrel%2e%20./", "/.carrel%3f/", "/.carrel%23x/", "/%E2%80%A4carrel/",
            "/%ef%bc%8eCarrel./", "/%EF%B9%92carrel", "/%2525252ecarrel/", "/%25252525252525252565/",
            "/%252525252ecarrel/",
        ])
    func disguisedOwnPaths(target: String) {
        let decision = decide("GET", "abcd.labs.example", target, cookie)
        #expect(decision == (target == "/.carrel/." ? "portal lab" : "notFound"))
        #expect(decide("GET", "gone.labs.example", target) == decision)
        #expect(decide("POST", "abcd.labs.example", target + "?a=/b", cookie) == decision)
    }

    @Test("rule 3.3: without its slash the address of Carrel's pages leads to the one with it")
    func ownPathsWithoutSlash() {
        #expect(decide("GET", "abcd.labs.example", "/.carrel", cookie) == "ownPages")
        #expect(decide("GET", "gone.labs.example", "/.carrel?x") == "ownPages")
        let answer = EdgeAnswer.ownPages.response(isNavigation: true)
        #expect(answer.head.status == 308 && answer.head.fields.first("Location") == "/.carrel/")
    }

    @Test(
        "rule 3.3: a path of the lab's own stays the lab's",
        arguments: [
            "/", "/lab", "/.carrelx/", "/x/.carrel/", "/.carre/l", "/files/.carrel/x", "/.carrel%20x/", "/..carrel/",
            "/%e2%80%a5carrel/", "/carrel/", "/%00", "/.../x",
            "/api/contents/My%20file.ipynb", "/a%2fb", "/.well-known/x", "/%2e%2e/lab", "/x//y", "/%", "/%2", "/%zz/",
            "/lab?next=/.carrel/", "/.carrel/../lab?x".replacing("/.carrel/..", with: "/x/.."), "*",
        ])
    func labsPaths(target: String) {
        #expect(decide("GET", "abcd.labs.example", target, cookie) == "lab")
    }

    private static let worker: HeaderFields = [
        "Service-Worker": "script", "Sec-Fetch-Dest": "serviceworker", "Sec-Fetch-Mode": "same-origin",
        "Sec-Fetch-Site": "same-origin",
    ]

    @Test("rule 3.4: a worker whose script lies in the root would see one-time codes, and is ended")
    func workersOfTheRoot() {
        for target in [
            "/sw.js", "/", "/sw.js?v=/x/y", "/a%2fb.js", "//sw.js", "/x/../sw.js", "/./sw.js", "/%2e/../sw.js",
        ] {
            #expect(decide("GET", "abcd.labs.example", target, with(Self.worker)) == "workerEnd", "\(target)")
            #expect(decide("GET", "abcd.labs.example", target, Self.worker) == "workerEnd", "\(target)")
            #expect(decide("GET", "gone.labs.example", target, Self.worker) == "workerEnd", "\(target)")
        }
        #expect(decide("GET", "abcd.labs.example", "/sw.js", cookie) == "lab")
    }

    @Test("rule 3.4: a worker of a folder is the lab's, for whoever may enter, and only while there is a lab")
    func workersOfFolders() {
        for target in ["/files/sw.js", "/proxy/8080/service-worker.js", "/x/../y/sw.js"] {
            #expect(decide("GET", "abcd.labs.example", target, with(Self.worker)) == "lab")
            #expect(decide("GET", "abcd.labs.example", target, Self.worker) == "workerEnd")
            #expect(decide("GET", "gone.labs.example", target, with(Self.worker)) == "workerEnd")
        }
        #expect(decide("GET", "abcd.labs.example", "/.carrel/sw.js", with(Self.worker)) == "portal lab")
    }

    @Test("rule 3.5: a hostname without a route leads to the portal")
    func away() {
        #expect(decide("GET", "gone.labs.example") == "portal away")
        #expect(decide("PUT", "gone.labs.example", "/api/contents/x") == "portal away")
    }

    @Test("rule 3.7: nobody without the cookie reaches the lab, upgrades included")
    func cookieRequired() {
        #expect(decide("GET", "ABCD.labs.example:8443", "/lab", cookie) == "lab")
        let wrong: [HeaderFields] = [
            [:], ["Cookie": "__Host-carrel=Secret"], ["Cookie": "__Host-carrel="], ["Cookie": "x__Host-carrel=secret"],
            ["Cookie": "__Host-carrel=secret; __Host-carrel=secret"],
            ["Cookie": "__Host-carrel=other", "cookie": "__Host-carrel=secret"], ["Cookie": "secret"],
        ]
        for fields in wrong {
            #expect(decide("GET", "abcd.labs.example", "/", fields) == "forbidden", "\(Array(fields))")
            var upgrade = fields
            for (name, value) in Self.webSocket { upgrade.append(name, value) }
            #expect(decide("GET", "abcd.labs.example", "/", upgrade) == "forbidden")
        }
    }

    static let webSocket: HeaderFields = [
        "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    ]

    @Test("rule 3.8: what changes something, and what opens a WebSocket, must come from the same origin")
    func sameOrigin() {
        let host = "abcd.labs.example:8443"
        let foreign: HeaderFields = ["Origin": "https://evil.example"]
        let own: HeaderFields = ["Origin": "https://abcd.labs.example:8443"]
        for method in ["POST", "PUT", "DELETE", "PATCH", "MKCOL"] {
            #expect(decide(method, host, "/", with(foreign)) == "foreignOrigin")
            #expect(decide(method, host, "/", with(["Sec-Fetch-Site": "same-site"])) == "foreignOrigin")
            #expect(decide(method, host, "/", with(own)) == "lab")
        }
        var socket = with(Self.webSocket)
        #expect(decide("GET", host, "/", socket) == "websocket")
        socket.append("Origin", "https://evil.example")
        #expect(decide("GET", host, "/", socket) == "foreignOrigin")
        socket.replace("Origin", "https://abcd.labs.example:8443")
        #expect(decide("GET", host, "/", socket) == "websocket")
    }

    @Test("rule 3.8: another origin may lead to a lab, but not take what is in it")
    func foreignReading() {
        let host = "abcd.labs.example:8443"
        for site in ["same-site", "cross-site"] {
            let taken: HeaderFields = ["Sec-Fetch-Site": site, "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "script"]
            #expect(decide("GET", host, "/files/data.js", with(taken)) == "foreignOrigin")
            #expect(decide("HEAD", host, "/files/data.js", with(taken)) == "foreignOrigin")
            let led: HeaderFields = ["Sec-Fetch-Site": site, "Sec-Fetch-Mode": "navigate"]
            #expect(decide("GET", host, "/lab", with(led)) == "lab")
            #expect(decide("POST", host, "/lab", with(led)) == "foreignOrigin")
        }
        for site in ["same-origin", "none"] {
            #expect(decide("GET", host, "/", with(["Sec-Fetch-Site": site, "Sec-Fetch-Mode": "cors"])) == "lab")
        }
        #expect(decide("GET", host, "/", with(["Origin": "https://evil.example"])) == "foreignOrigin")
        #expect(decide("GET", host, "/", with(["Origin": "null"])) == "foreignOrigin")
        #expect(decide("GET", host, "/", with(["Origin": "https://abcd.labs.example:8443"])) == "lab")
        let twice: HeaderFields = [
            "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "sec-fetch-mode": "navigate",
        ]
        #expect(decide("GET", host, "/", with(twice)) == "foreignOrigin")
    }

    private static let frames = ["iframe", "frame", "embed", "object", "fencedframe"]

    @Test("rule 3.8: no page of another lab shows this one within itself, unless other sites may", arguments: frames)
    func framed(dest: String) {
        let host = "abcd.labs.example"
        func frame(_ site: String) -> HeaderFields {
            with(["Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": dest, "Sec-Fetch-Site": site])
        }
        #expect(decide("GET", host, "/lab", frame("same-site")) == "framed")
        #expect(decide("HEAD", host, "/lab", frame("same-site")) == "framed")
        // The lab's own frames; also a link in a sandboxed one, which has an opaque origin.
        for site in ["same-origin", "none", "cross-site"] {
            #expect(decide("GET", host, "/lab", frame(site)) == "lab", "\(site)")
        }
        let tab: HeaderFields = [
            "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "Sec-Fetch-Site": "same-site",
        ]
        #expect(decide("GET", host, "/lab", with(tab)) == "lab")
        #expect(decide("GET", host, "/lab", frame("same-site"), isEmbedded: true) == "lab")
    }

    @Test("rule 3.9: OPTIONS that may go no further ends here")
    func maxForwards() {
        #expect(decide("OPTIONS", "abcd.labs.example", "/", with(["Max-Forwards": "0"])) == "options")
        #expect(decide("OPTIONS", "abcd.labs.example", "/", with(["Max-Forwards": "1"])) == "lab")
    }

    @Test("rule 3.10: an upgrade to anything but a WebSocket is a plain request")
    func otherUpgrades() {
        let upgrade = with(["Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "x"])
        #expect(decide("GET", "abcd.labs.example", "/", upgrade) == "lab")
    }

    @Test("rule 4: another host is misdirected, or plainly not there")
    func otherHosts() {
        #expect(decide("GET", "other.example") == "misdirected")
        #expect(decide("GET", "Covered.example:8443") == "notFound")
        #expect(decide("GET", "labs.example") == "misdirected")
        #expect(decide("GET", "x.abcd.labs.example") == "misdirected")
    }

    @Test("where the routes are hostnames, each leads to its upstream without a cookie, and there is no portal")
    func hostnames() {
        let list = DecisionList(.hostnames)
        var routes = RouteTable()
        let upstream = UpstreamAddress.tcp(host: "10.0.0.1", port: 9000)
        routes.apply(.setHost(hostname: "One.example", upstream: upstream))
        func decide(_ method: String, _ host: String?, _ target: String = "/", _ more: HeaderFields = [:]) -> String {
            var all: HeaderFields = [:]
            if let host { all.append("Host", host) }
            for (name, value) in more { all.append(name, value) }
            let head = RequestHead(method: method, target: target, fields: all)
            switch list.decide(head, routes: routes, isCovered: { $0 == "covered.example" }) {
            case .answer(let answer): return "\(answer)"
            case .portal(let scope, _): return "portal \(scope)"
            case .lab(let entry, let isWebSocket): return "\(entry.upstream)\(isWebSocket ? " websocket" : "")"
            }
        }
        #expect(decide("GET", "one.EXAMPLE:8443", "/.carrel/x") == "10.0.0.1:9000")
        #expect(decide("POST", "one.example.", "/", ["Origin": "https://evil.example"]) == "10.0.0.1:9000")
        #expect(decide("GET", "one.example", "/", Self.webSocket) == "10.0.0.1:9000 websocket")
        #expect(decide("GET", "covered.example") == "notFound")
        #expect(decide("GET", "xone.example") == "misdirected")
        #expect(decide("GET", String(repeating: "a", count: 60) + ".example") == "misdirected")
        #expect(decide("GET", nil) == "badRequest")
        #expect(decide("TRACE", "one.example") == "methodNotAllowed")
        #expect(decide("OPTIONS", "one.example", "/", ["Max-Forwards": "0"]) == "options")
    }

    @Test("rule 2: every portal has its own hostname, and the decision names the portal")
    func portalHostnames() {
        #expect(decide("GET", "ACME.example") == "portal portal of acme")
        #expect(decide("GET", "acme.example.:8443", "/lab", cookie) == "portal portal of acme")
        #expect(decide("GET", "portal.example") == "portal portal of school")
        #expect(decide("GET", "x.acme.example") == "misdirected")
    }

    @Test("rule 3.6: a lab answers under its own portal's domain only, whoever asks, and whatever for")
    func foreignDomain() {
        for host in ["efgh.rooms.example", "EFGH.ROOMS.example", "efgh.rooms.example.", "efgh.rooms.example:8443"] {
            #expect(decide("GET", host, "/lab", cookie) == "lab", "\(host)")
        }
        let foreign = [
            "efgh.labs.example", "Efgh.Labs.Example.", "efgh.labs.example:8443", "abcd.rooms.example",
            "ABCD.rooms.example.",
        ]
        for host in foreign {
            for fields in [[:], cookie, with(Self.webSocket)] {
                #expect(decide("GET", host, "/lab", fields) == "notFound", "\(host)")
            }
            #expect(decide("POST", host, "/api/kernels", cookie) == "notFound")
            #expect(decide("OPTIONS", host, "/", with(["Max-Forwards": "0"])) == "notFound")
            #expect(decide("GET", host, "/files/sw.js", with(Self.worker)) == "workerEnd")
        }
        // The portals' process tells what became of a name that no session has, and whose session it is.
        #expect(decide("GET", "gone.rooms.example") == "portal away")
        #expect(decide("GET", "abcd.rooms.example", "/.carrel/enter?code=x") == "portal lab")
        #expect(decide("GET", "a.efgh.rooms.example") == "misdirected")
    }

    @Test("rule 3.8: a portal that other sites may show does not open the labs of another")
    func framesOfAPortal() {
        let sibling = with(["Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"])
        #expect(decide("GET", "abcd.labs.example", "/", sibling, isEmbedded: true) == "lab")
        #expect(decide("GET", "abcd.labs.example", "/", sibling) == "framed")
        #expect(decide("GET", "efgh.rooms.example", "/", sibling, isEmbedded: true) == "framed")
    }

    @Test("before all rules: a connection is for the hosts of its own certificate only")
    func certificates() throws {
        let store = try TestAuthority.stores.get().two
        func decide(_ host: String?, named serverName: String?, _ fields: HeaderFields = [:]) -> String {
            var all = fields
            if let host { all.append("Host", host) }
            let head = RequestHead(method: "GET", target: "/", fields: all)
            let list = DecisionList(Self.routing)
            switch list.decide(head, names: store.names(for: serverName), routes: twoPortals, isCovered: { _ in true })
            {
            case .answer(let answer): return "\(answer)"
            case .portal(let scope, _): return "portal \(scope)"
            case .lab: return "lab"
            }
        }
        #expect(decide("abcd.labs.test", named: "portal.test", cookie) == "lab")
        #expect(decide("ABCD.labs.test.:8443", named: "other.LABS.test", cookie) == "lab")
        #expect(decide("efgh.rooms.test", named: "acme.test", cookie) == "lab")
        for name in ["portal.test", "abcd.labs.test", "nobody.test", nil] {
            #expect(decide("efgh.rooms.test", named: name, cookie) == "misdirected", "\(name ?? "no name")")
            #expect(decide("acme.test", named: name) == "misdirected")
        }
        for name in ["acme.test", "efgh.rooms.test"] {
            #expect(decide("abcd.labs.test", named: name, cookie) == "misdirected")
            #expect(decide("portal.test", named: name) == "misdirected")
        }
        // A client that names no host gets the first certificate.
        #expect(decide("abcd.labs.test", named: nil, cookie) == "lab")
        #expect(decide(nil, named: "acme.test") == "badRequest")
        #expect(decide("rooms.test", named: "acme.test") == "misdirected")
        #expect(decide("a.efgh.rooms.test", named: "acme.test") == "misdirected")
    }

    /// Two portals whose certificates are those of `TestAuthority`.
    private var twoPortals: RouteTable {
        var table = routes
        table.apply(
            .portals([
                EdgePortal(name: "school", hostname: "portal.test", labsDomain: "labs.test"),
                EdgePortal(name: "acme", hostname: "acme.test", labsDomain: "rooms.test"),
            ]))
        return table
    }
}
