import BrokerCore
import Testing

@testable import Broker

@Suite("The packet filter around labs")
struct FenceTests {
    private func range(_ text: String) throws -> AddressRange { try #require(AddressRange(text)) }

    @Test(
        "knows ranges by their beginning",
        arguments: [
            ("10.0.0.0/8", "10.255.1.2", true), ("10.0.0.0/8", "11.0.0.1", false), ("10.0.0.5", "10.0.0.5", true),
            ("10.0.0.5", "10.0.0.6", false), ("172.16.0.0/12", "172.31.255.255", true),
            ("172.16.0.0/12", "172.32.0.0", false), ("0.0.0.0/0", "8.8.8.8", true), ("fc00::/7", "fd12::1", true),
            ("fc00::/7", "fe80::1", false), ("::/0", "10.0.0.1", false),
        ])
    func contains(text: String, address: String, expected: Bool) throws {
        #expect(try range(text).contains(address) == expected)
    }

    @Test(
        "refuses what is no range",
        arguments: ["", "10.0.0/8", "10.0.0.0/33", "::/129", "10.0.0.0/", "a/8", "1.2.3.4/+8"])
    func noRange(text: String) { #expect(AddressRange(text) == nil) }

    @Test("writes a range without what lies beyond its beginning")
    func written() throws {
        #expect(try range("10.1.2.3/8").description == "10.0.0.0/8")
        #expect(try range("fd00:20::1/32").description == "fd00:20::/32")
        #expect(try range("10.0.0.5/32").description == "10.0.0.5")
    }

    @Test(
        "closes everything that is not the outside, and the hosts; the operator opens, and the narrowest range decides")
    func egress() throws {
        let hosts = [try range("9.9.9.5"), try range("10.20.0.5")]
        let ranges = EgressRanges(closed: [try range("9.9.8.0/24")], open: [try range("10.20.0.0/16")])
        for address in [
            "169.254.169.254", "10.0.0.1", "192.168.1.1", "100.64.0.1", "127.0.0.1", "224.0.0.1", "fe80::1", "fd00::1",
            "::1", "::ffff:10.0.0.1", "9.9.9.5", "9.9.8.9", "10.20.0.5",
        ] {
            #expect(ranges.isClosed(address, hosts: hosts), "\(address)")
        }
        for address in ["8.8.8.8", "9.9.9.6", "10.20.0.6", "2606:4700::1"] {
            #expect(!ranges.isClosed(address, hosts: hosts), "\(address)")
        }
        // The operator has opened that very address.
        let opened = EgressRanges(open: [try range("9.9.9.5")])
        #expect(!opened.isClosed("9.9.9.5", hosts: hosts))
    }

    @Test(
        "closes what only looks like the outside, and what lies beside it stays open",
        arguments: [
            ("192.0.0.8", "192.0.1.8"), ("192.0.2.1", "192.0.3.1"), ("192.88.99.1", "192.88.98.1"),
            ("198.18.0.1", "198.17.255.255"), ("198.19.255.255", "198.20.0.1"), ("198.51.100.9", "198.51.101.9"),
            ("203.0.113.6", "203.0.114.6"), ("168.63.129.16", "168.63.129.17"), ("64:ff9b::a00:1", "64:ff9b::1:0:1"),
            ("64:ff9b:1::1", "64:ff9b:2::1"), ("100::1", "100:0:0:1::1"), ("2001:db8::9", "2001:db9::9"),
        ])
    func special(closed: String, open: String) {
        #expect(EgressRanges().isClosed(closed, hosts: []))
        #expect(!EgressRanges().isClosed(open, hosts: []))
    }

    @Test("lets labs answer the broker, and nothing else through; nobody but the broker begins")
    func rules() throws {
        let fence = Fence(
            bridges: [.none: "n", .allow: "a"], brokers: [try range("10.0.0.1")], isLocal: false, hosts: [],
            ranges: EgressRanges())
        let rules = fence.rules
        #expect(
            Array(rules.prefix(4)) == [
                "forward in=n out=n drop", "forward in=n out=a drop", "forward in=a out=n drop",
                "forward in=a out=a drop",
            ])
        #expect(rules.contains("forward out=n from=10.0.0.1 accept") && rules.contains("forward in=n refuse"))
        #expect(rules.contains("forward in=a to=169.254.0.0/16 refuse"))
        #expect(rules.contains("input in=a refuse") && rules.contains("output out=n drop"))
        // Of the network without egress only replies are accepted.
        let accepted = rules.filter { $0.contains("in=n") && $0.hasSuffix("accept") }
        #expect(accepted == ["forward in=n state=known accept", "input in=n state=known accept"])
        // The helper reads rules back chain by chain.
        let chains = rules.map { $0.prefix { $0 != " " } }
        #expect(chains == ["forward", "input", "output"].flatMap { chain in chains.filter { $0 == chain } })
    }

    @Test("lets the host itself reach labs only where the broker is on it")
    func local() throws {
        let fence = Fence(
            bridges: [.none: "n", .allow: "a"], brokers: [], isLocal: true, hosts: [], ranges: EgressRanges())
        #expect(!fence.rules.contains { $0.hasPrefix("output") || $0.contains("from=") })
        #expect(fence.rules.contains("forward out=n drop"))
    }

    @Test("has names that the kernel takes, and that say nothing of a session")
    func names() {
        #expect(Fence.bridge(instance: "0123456789abcdef", egress: .none) == "cr0123456789a-n")
        #expect(Fence.bridge(instance: "0123456789abcdef", egress: .allow).utf8.count == 15)
        #expect(Fence.table(instance: "0123456789abcdef").utf8.count < 32)
    }

    @Test("is proved for one engine's life and one address of publication, and for nothing where the life is unknown")
    func mark() {
        let fence = Fence(
            bridges: [.none: "n", .allow: "a"], brokers: [], isLocal: true, hosts: [], ranges: EgressRanges())
        var laid = HostProof.Laid(networks: [:], fence: fence, publishAddress: "10.0.0.5", isNew: true)
        let mark = laid.mark(engineLife: "life")
        #expect(mark != nil && mark != laid.mark(engineLife: "another") && laid.mark(engineLife: nil) == nil)
        laid.isNew = false
        #expect(laid.mark(engineLife: "life") == mark)
        laid.publishAddress = "10.0.0.6"
        #expect(laid.mark(engineLife: "life") != mark)
    }
}
