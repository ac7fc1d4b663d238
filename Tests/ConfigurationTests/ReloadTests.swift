import Foundation
import Literals
import Testing

@testable import Configuration

@Suite("A reloaded configuration") struct ReloadTests {
    @Test("takes over portals, hosts and labs at once, and names the keys that wait for the next start")
    func waiting() throws {
        let old = try configuration(goodConfiguration)
        #expect(old.keysThatNeedARestart(comparedTo: old) == [])
        let labs = goodConfiguration.replacing("slots: 40", with: "slots: 50").replacing("20m", with: "30m")
            .replacing("The School", with: "Our School").replacing("labs.test", with: "rooms.test")
            .replacing("edge.pem", with: "new.pem")
        #expect(old.keysThatNeedARestart(comparedTo: try configuration(labs)) == [])
        let all = goodConfiguration.replacing(
            "state: state",
            with: "state: other\nhomes: /srv/homes\nedge: {threads: 200}\nredirect: {listen: [\"0.0.0.0:80\"]}"
        )
        .replacing("8443", with: "9443")
        #expect(
            old.keysThatNeedARestart(comparedTo: try configuration(all))
                == ["state", "listen", "public_port", "homes", "redirect", "edge"])
    }

    @Test("says what labs with egress may reach from now on, and from where the broker comes")
    func network() throws {
        let old = try configuration(goodConfiguration)
        let fresh = try configuration(
            goodConfiguration.replacing("slots: 40", with: "slots: 40\n    broker_addresses: [10.0.0.9]")
                + "\negress: {closed: [203.0.113.0/24]}")
        #expect(ConfigurationChanges(from: old, to: fresh).lines == ["host one: broker_addresses", "egress: closed"])
        #expect(old.keysThatNeedARestart(comparedTo: fresh) == [])
    }

    @Test("that says the same has no changes, in whatever order its labels and variables lie in memory")
    func same() throws {
        let yaml = goodConfiguration.replacing(
            "environment: {MODE: course}", with: "environment: {A: a, B: b, C: c, D: d, E: e, F: f, G: g}")
        for _ in 0..<20 {
            let (one, other) = (try configuration(yaml), try configuration(yaml))
            #expect(ConfigurationChanges(from: one, to: other).lines == [])
        }
    }

    @Test("can have any mistake while commands only ask for its state directory")
    func stateOnly() throws {
        let path = NSTemporaryDirectory() + "carrel-\(UUID().uuidString).yaml"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data("state: /srv/carrel\nlabs: nonsense\nstat: 1\n".utf8).write(to: URL(fileURLWithPath: path))
        #expect(try Configuration.stateDirectory(contentsOf: path) == "/srv/carrel")
        try Data("labs: nonsense\n".utf8).write(to: URL(fileURLWithPath: path))
        #expect(throws: InvalidConfiguration.self) { try Configuration.stateDirectory(contentsOf: path) }
    }
}
