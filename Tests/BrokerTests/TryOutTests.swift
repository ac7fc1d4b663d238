import BrokerCore
import Testing

@testable import Broker

@Suite("A try-out of a host's network")
struct TryOutTests {
    private var tryOut: TryOut {
        TryOut(
            port: 30_000, neighbours: [.none: "172.20.0.2", .allow: "172.21.0.2"], labPort: 9999,
            published: [.none: 32_768, .allow: 32_769], publishAddress: "10.0.0.5",
            gateways: ["172.20.0.1", "172.21.0.1"], hosts: ["10.0.0.5", "10.0.0.6"].compactMap { AddressRange($0) },
            ranges: EgressRanges())
    }

    /// Everything was tried, nothing got through, and the watcher saw the attempts leave the containers.
    private var good: TryOut.Observations {
        TryOut.Observations(
            outcomes: Dictionary(
                uniqueKeysWithValues: Egress.allCases.map { egress in
                    (egress, tryOut.attempts(from: egress).map { "\($0) silent 1000" })
                }),
            sightings: [
                "watching", "came n udp 169.254.169.254", "came veth1 udp 169.254.169.254",
                "came a udp 169.254.169.254",
            ],
            bridges: [.none: "n", .allow: "a"])
    }

    private func reason(_ observations: TryOut.Observations) -> String {
        guard case .unproved(let reason) = tryOut.verdict(observations) else { return "proved" }
        return reason
    }

    @Test("tries the outside, names, the host, its neighbours and other hosts")
    func attempts() {
        let none = tryOut.attempts(from: .none)
        for attempt in [
            "dns", "icmp,198.51.100.7", "udp,198.51.100.7,30000", "tcp,2001:db8::7,30000", "udp,169.254.169.254,30000",
            "tcp,172.20.0.1,30000", "tcp,10.0.0.6,30000", "tcp,172.20.0.2,9999", "udp,172.21.0.2,30000",
            "tcp,10.0.0.5,32769",
        ] {
            #expect(none.contains(attempt), "\(attempt)")
        }
        let allow = tryOut.attempts(from: .allow)
        #expect(!allow.contains { $0 == "dns" || $0.contains("198.51.100.7") })
        #expect(allow.contains("tcp,10.0.0.5,32768") && allow.contains("tcp,10.0.0.6,30000"))
    }

    @Test("has the watcher look for connections to every address that is tried, before any container has one")
    func watched() {
        var early = tryOut
        early.neighbours = [:]
        early.published = [:]
        early.gateways.append("fd00:0::1")
        let watched = early.watched
        #expect(watched.contains("10.0.0.6") && watched.contains("2001:db8::7") && watched.contains("fd00::1"))
        #expect(!watched.contains("172.20.0.2"), "only datagrams go to this port of a neighbour")
        for attempt in Egress.allCases.flatMap({ tryOut.attempts(from: $0) }) {
            let parts = attempt.split(separator: ",").map(String.init)
            guard parts[0] == "tcp", parts[2] == "\(tryOut.port)" else { continue }
            #expect(watched.contains(parts[1]), "\(attempt)")
        }
    }

    @Test("proves a host on which nothing got through")
    func proved() { #expect(tryOut.verdict(good) == .proved) }

    @Test(
        "finds what was reached",
        arguments: [
            ("dns answered 3", "names are resolved"), ("tcp,172.20.0.2,9999 reached 1", "172.20.0.2 port 9999"),
            ("tcp,10.0.0.5,32769 reached 1", "10.0.0.5 port 32769"),
        ])
    func reached(line: String, words: String) {
        var seen = good
        let attempt = line.split(separator: " ")[0]
        seen.outcomes[.none] = seen.outcomes[.none]?.map { $0.hasPrefix(attempt + " ") ? line : $0 }
        #expect(reason(seen).contains(words))
    }

    @Test(
        "finds what left, although nothing answered",
        arguments: [
            ("left eth0 udp 198.51.100.7", "198.51.100.7 left by the interface eth0"),
            ("left lo dns 127.0.0.53", "(dns)"), ("left veth2 udp 172.20.0.2", "veth2"),
            ("left eth0 icmp 198.51.100.7", "(icmp)"), ("heard tcp", "the host's own ports by tcp"),
        ])
    func left(sighting: String, words: String) {
        var seen = good
        seen.sightings.append(sighting)
        #expect(reason(seen).contains(words))
    }

    @Test(
        "is not misled by packets of a lab to addresses that were not tried",
        arguments: ["left eth0 udp 8.8.8.8", "left eth0 tcp 8.8.8.8", "left eth0 tcp 2606:4700::1"])
    func foreign(sighting: String) {
        var seen = good
        seen.sightings.append(sighting)
        #expect(tryOut.verdict(seen) == .proved)
    }

    @Test(
        "takes what bears its word for its own, wherever it goes, and an address however it is written",
        arguments: ["left eth0 dns 8.8.8.8", "left eth0 icmp 8.8.8.8", "left eth0 tcp 2001:db8:0::7"])
    func own(sighting: String) {
        var seen = good
        seen.sightings.append(sighting)
        #expect(reason(seen).contains("left by the interface eth0"))
    }

    @Test("proves nothing where the watcher missed packets, and says first what it saw all the same")
    func missed() {
        var seen = good
        seen.sightings.append("blind")
        #expect(reason(seen).contains("so many packets"))
        seen.sightings.insert("left eth0 udp 198.51.100.7", at: 1)
        #expect(reason(seen).contains("left by the interface eth0"))
    }

    @Test("proves nothing with a watcher that saw nothing, or where an attempt was not made")
    func blind() {
        var seen = good
        seen.sightings = ["watching", "came n udp 169.254.169.254"]
        #expect(reason(seen).contains("were not seen on the bridge a"))
        seen = good
        seen.outcomes[.none]?.removeLast()
        #expect(reason(seen).contains("did not make the attempt"))
        seen.outcomes[.none] = nil
        #expect(reason(seen).contains("did not make the attempt"))
    }

    @Test("does not try what the operator has opened")
    func opened() {
        var tryOut = tryOut
        tryOut.ranges.open = ["10.0.0.0/8", "169.254.0.0/16"].compactMap { AddressRange($0) }
        let allow = tryOut.attempts(from: .allow)
        #expect(!allow.contains { $0.contains("169.254.169.254") })
        // Hosts stay closed within a range that is open.
        #expect(allow.contains("tcp,10.0.0.6,30000"))
        #expect(tryOut.attempts(from: .none).contains("udp,169.254.169.254,30000"))
    }
}
