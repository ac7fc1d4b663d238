import EventLoop
import HTTPTransport
import HTTPWire
import TLS
import Testing

@testable import Edge

struct RouteTableTests {
    private func route(_ slug: String, port: Int = 1, grants: [Digest32] = []) -> LabRoute {
        LabRoute(
            slug: slug, portal: "school", upstream: .tcp(host: "h", port: port), kind: .http, authorization: nil,
            grants: grants)
    }

    private func table() -> RouteTable {
        var table = RouteTable()
        table.apply(.portals([.school]))
        return table
    }

    private func admits(_ table: RouteTable, _ slug: String, _ token: String) -> Bool? {
        table.entry(for: Slug(slug)!).map { entry in Array(token.utf8).withUnsafeBytes { entry.admits($0) } }
    }

    @Test("a route is set, replaced and removed")
    func changes() {
        var table = table()
        table.apply(.set(route("aa", port: 1)))
        table.apply(.set(route("bb", port: 2)))
        table.apply(.set(route("aa", port: 3)))
        #expect(table.entry(for: Slug("aa")!)?.upstream == .tcp(host: "h", port: 3))
        #expect(table.count == 2)
        table.apply(.remove(slug: "aa"))
        table.apply(.remove(slug: "aa"))
        #expect(table.entry(for: Slug("aa")!) == nil)
        #expect(table.count == 1)
    }

    @Test("a hostname is found in any case; an entry that was replaced or removed knows it")
    func hostnames() {
        var table = RouteTable()
        func entry(_ host: String) -> RouteTable.Entry? {
            Array(host.utf8).withUnsafeBytes { table.entry(forHost: $0) }
        }
        table.apply(.setHost(hostname: "A.example", upstream: .tcp(host: "h", port: 1)))
        table.apply(.setHost(hostname: "b.example", upstream: .tcp(host: "h", port: 2)))
        let first = entry("a.EXAMPLE")
        #expect(first?.upstream == .tcp(host: "h", port: 1))
        #expect(first?.isCurrent == true)
        #expect(table.upstream(leftBy: .setHost(hostname: "a.example", upstream: .tcp(host: "h", port: 1))) == nil)
        let change = RouteChange.setHost(hostname: "a.example", upstream: .tcp(host: "h", port: 3))
        #expect(table.upstream(leftBy: change) == .tcp(host: "h", port: 1))
        table.apply(change)
        #expect(first?.isCurrent == false)
        #expect(entry("a.example")?.upstream == .tcp(host: "h", port: 3))
        let last = entry("a.example")
        table.apply(.removeHost(hostname: "A.EXAMPLE"))
        #expect(last?.isCurrent == false)
        #expect(entry("a.example") == nil)
        #expect(entry("") == nil)
        #expect(entry(String(repeating: "x", count: 300)) == nil)
        #expect(table.count == 1)
    }

    @Test("a grant opens one lab for one token, and the oldest of too many goes")
    func grants() {
        var table = table()
        table.apply(.grant(slug: "aa", digest: SHA256.digest("early")))
        table.apply(.set(route("aa", grants: [SHA256.digest("0")])))
        table.apply(.set(route("bb")))
        #expect(admits(table, "aa", "early") == false)
        #expect(admits(table, "aa", "0") == true)
        for index in 1...EdgeLimits.grantsPerRoute {
            table.apply(.grant(slug: "aa", digest: SHA256.digest("\(index)")))
            table.apply(.grant(slug: "aa", digest: SHA256.digest("\(index)")))
        }
        #expect(admits(table, "aa", "0") == false)
        #expect(admits(table, "aa", "1") == true)
        #expect(admits(table, "aa", "\(EdgeLimits.grantsPerRoute)") == true)
        #expect(admits(table, "bb", "1") == false)
        table.apply(.set(route("cc", grants: (0...20).map { SHA256.digest("\($0)") })))
        #expect(table.entry(for: Slug("cc")!)?.grants.count == EdgeLimits.grantsPerRoute)
        #expect(admits(table, "cc", "20") == true)
    }

    @Test("a grant that is revoked opens the lab no more, and without a list all are")
    func revoked() {
        var table = table()
        table.apply(.revoke(slug: "aa", digests: nil))
        table.apply(.set(route("aa", grants: ["1", "2", "3"].map { SHA256.digest($0) })))
        table.apply(.revoke(slug: "aa", digests: [SHA256.digest("2")]))
        #expect(["1", "2", "3"].map { admits(table, "aa", $0) } == [true, false, true])
        table.apply(.revoke(slug: "aa", digests: nil))
        #expect(["1", "2", "3"].map { admits(table, "aa", $0) } == [false, false, false])
        table.apply(.grant(slug: "aa", digest: SHA256.digest("2")))
        #expect(admits(table, "aa", "2") == true)
    }

    @Test("what changes about a portal applies to its routes at once, and those of a portal that is gone are nowhere")
    func portals() {
        func label(_ table: RouteTable, _ host: String) -> Int? {
            Array(host.utf8).withUnsafeBytes { table.portals.label(of: $0)?.domain }
        }
        func name(_ table: RouteTable, _ host: String) -> String? {
            Array(host.utf8).withUnsafeBytes { table.portals.record(forHostname: $0)?.name }
        }
        var table = table()
        table.apply(.set(route("aa")))
        let portal = table.entry(for: Slug("aa")!)?.portal
        #expect(portal?.frames.admitsSites == false)
        #expect(portal?.domain == label(table, "aa.LABS.test") && portal?.domain != nil)

        var school = EdgePortal.school
        school.embeddedIn = ["https://courses.test"]
        school.labsDomain = "rooms.test"
        let acme = EdgePortal(name: "acme", hostname: "Acme.test", labsDomain: "labs.test")
        table.apply(.portals([school, acme]))
        #expect(portal?.frames.admitsSites == true)
        #expect(portal?.domain == label(table, "aa.rooms.test") && portal?.domain != label(table, "aa.labs.test"))
        #expect(name(table, "ACME.test") == "acme" && name(table, "portal.test") == "school")

        table.apply(.portals([acme]))
        #expect(portal?.domain == nil && table.entry(for: Slug("aa")!) != nil)
        #expect(name(table, "portal.test") == nil && label(table, "aa.rooms.test") == nil)
        #expect(label(table, "labs.test") == nil && label(table, ".labs.test") == nil)

        table.apply(.portals([acme, school]))
        #expect(portal?.domain == label(table, "aa.rooms.test") && portal?.domain != nil)
    }

    @Test("a route that comes before its portal leads nowhere until the portal is there")
    func routeBeforePortal() {
        var table = RouteTable()
        table.apply(.set(route("aa")))
        let portal = table.entry(for: Slug("aa")!)?.portal
        #expect(portal?.name == "school" && portal?.domain == nil && portal?.frames.admitsSites == false)
        table.apply(.portals([.acme]))
        #expect(portal?.domain == nil)
        table.apply(.portals([.acme, .school]))
        #expect(portal?.domain != nil)
    }

    @Test("a change of a large table costs no copy of it")
    func largeTable() {
        var table = table()
        for index in 0..<100_000 { table.apply(.set(route("s\(index)", port: 1))) }
        let clock = ContinuousClock()
        let elapsed = clock.measure {
            for index in 0..<1_000 { table.apply(.set(route("s\(index)", port: 2))) }
        }
        #expect(elapsed < .seconds(1), "1,000 changes took \(elapsed)")
        #expect(table.count == 100_000)
    }

    @Test("the meter reports each session once, with its last activity by the wall clock")
    func meter() {
        func at(_ seconds: Int64) -> MonotonicTime { MonotonicTime(nanoseconds: seconds * 1_000_000_000) }
        var meter = ActivityMeter()
        let (a, b) = (ActivityCell(slug: "a"), ActivityCell(slug: "b"))
        meter.note(a, at: at(1))
        meter.note(b, at: at(2))
        meter.note(a, at: at(3))
        #expect(meter.takeReport(now: at(5), wallMilliseconds: 100_000) == ["a": 98_000, "b": 97_000])
        #expect(meter.isEmpty)
        #expect(meter.takeReport(now: at(6), wallMilliseconds: 101_000) == [:])
        meter.note(b, at: at(7))
        #expect(meter.takeReport(now: at(7), wallMilliseconds: 102_000) == ["b": 102_000])
    }
}
