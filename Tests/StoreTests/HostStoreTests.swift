import BrokerCore
import Testing

@testable import Store

@Suite("Hosts that operators added and changed")
struct HostStoreTests {
    let scratch: ScratchDirectory
    let store: Store

    init() throws {
        scratch = try ScratchDirectory()
        store = try Store(path: scratch.databasePath)
    }

    private let local = HostEntry(
        spec: HostSpec(
            name: "x1", slots: 4, memoryBytes: 1 << 30, overcommit: 1.25, maximumStarts: 3,
            labels: ["gpu": "true", "rack/row": "b-2"]),
        address: HostAddress(endpoint: "unix:///run/docker.sock", identity: nil, publishAddress: "127.0.0.1"))

    private let remote = HostEntry(
        spec: HostSpec(name: "x2", slots: 1, memoryBytes: 1 << 40, overcommit: 1, maximumStarts: 8),
        address: HostAddress(
            endpoint: "tcp://10.0.0.7:2376",
            identity: HostAddress.Identity(authority: "/ca.pem", certificate: "/c.pem", key: "/k.pem"),
            publishAddress: "10.0.0.7"), isLeaving: true)

    @Test("come back as they went in, the later change counting")
    func roundTrip() async throws {
        var first = local
        first.spec.slots = 9
        let adjustment = HostAdjustment(
            slots: 2, memoryBytes: nil, labels: ["disk": "ssd"], removedLabels: ["gpu", "old"])
        try await store.commit([
            .hostEntry(host: "x1", first), .hostEntry(host: "x2", remote), .hostEntry(host: "x1", local),
            .hostAdjustment(host: "one", HostAdjustment(slots: 1)), .hostAdjustment(host: "one", adjustment),
            .hostAdjustment(host: "x2", HostAdjustment(memoryBytes: 5)),
        ])
        try store.close()
        let stored = try Store(path: scratch.databasePath).load().hosts
        #expect(stored.entries == [local, remote])
        #expect(stored.adjustments == ["one": adjustment, "x2": HostAdjustment(memoryBytes: 5)])
    }

    @Test("have the engines that were found behind them, whatever is asked of them")
    func engines() async throws {
        try await store.commit([
            .engine(host: "h1", "A"), .duty(host: "h1", .cordoned), .duty(host: "h2", .drained),
            .engine(host: "h2", "B"), .engine(host: "h3", "C"), .engine(host: "h3", nil), .engine(host: "h4", nil),
            .engine(host: "h5", "D"), .hostForgotten(host: "h5"),
        ])
        let state = try store.load()
        #expect(state.hosts.engines == ["h1": "A", "h2": "B"])
        #expect(state.duties == ["h1": .cordoned, "h2": .drained, "h3": .active])
    }

    @Test("keep what was proved of them until it fails")
    func proofs() async throws {
        try await store.commit([
            .proof(host: "h1", "old"), .engine(host: "h1", "A"), .proof(host: "h1", "new"), .proof(host: "h2", "x"),
            .proof(host: "h2", nil),
        ])
        let hosts = try store.load().hosts
        #expect(hosts.proofs == ["h1": "new"])
        #expect(hosts.engines == ["h1": "A"])
    }

    @Test("are drained in the turns that were stored, until the rolling drain is over")
    func rollingDrain() async throws {
        let drain = RollingDrain(
            members: [
                RollingDrain.Member(host: "h2", phase: .done), RollingDrain.Member(host: "h1", phase: .begun),
                RollingDrain.Member(host: "h3", phase: .waiting),
            ], maximumUnavailable: 2, span: .seconds(7200))
        var first = drain
        first.members.append(RollingDrain.Member(host: "h4", phase: .waiting))
        try await store.commit([.rollingDrain(first), .rollingDrain(drain)])
        #expect(try store.load().hosts.rollingDrain == drain)
        try await store.commit([.rollingDrain(nil)])
        #expect(try store.load().hosts.rollingDrain == nil)
    }

    @Test("are gone with everything that was said of them; one that only left its entry keeps the rest")
    func forgotten() async throws {
        try await store.commit([
            .hostEntry(host: "x1", local), .hostEntry(host: "x2", remote), .duty(host: "x1", .cordoned),
            .duty(host: "x2", .cordoned), .hostAdjustment(host: "x1", HostAdjustment(slots: 1)),
            .hostAdjustment(host: "x2", HostAdjustment(slots: 1)), .hostAdjustment(host: "one", nil),
            .hostForgotten(host: "x1"), .hostEntry(host: "x2", nil),
        ])
        let state = try store.load()
        #expect(state.hosts == StoredHosts(entries: [], adjustments: ["x2": HostAdjustment(slots: 1)]))
        #expect(state.duties == ["x2": .cordoned])
    }
}
