import BrokerCore
import Identity
import Literals
import Testing

@testable import Configuration

@Suite("Pools in the configuration file") struct PoolConfigurationTests {
    private static let lines = goodConfiguration.split(separator: "\n", omittingEmptySubsequences: false).count

    /// The problems of the file with these lines after `pools:`; the first is line `Self.lines + 2`.
    private func problems(_ pools: String...) -> [String] {
        let yaml = goodConfiguration + "\npools:\n" + pools.map { "  - \($0)" }.joined(separator: "\n") + "\n"
        do {
            _ = try Configuration(yaml: yaml, file: "carrel.yaml", folder: "/etc/carrel")
            return []
        } catch {
            return error.problems.map(\.description)
        }
    }

    private func at(_ line: Int, _ column: Int, _ message: String) -> String {
        "carrel.yaml:\(Self.lines + 1 + line):\(column): \(message)"
    }

    @Test("have as many seats at the most as at the least, and as many on one host as there may be")
    func defaults() throws {
        let yaml =
            goodConfiguration
            + "\npools: [{lab: python, minimum: 5}, {lab: r, minimum: 0, maximum: 8, per_host: 2}]\n"
        let read = try Configuration(yaml: yaml, file: "carrel.yaml", folder: "/etc/carrel")
        #expect(
            read.pools == [
                PoolSpec(
                    key: LabKey(portal: "school", name: "python"), minimum: 5, maximum: 5, perHost: Limits.poolSeats),
                PoolSpec(key: LabKey(portal: "school", name: "r"), minimum: 0, maximum: 8, perHost: 2),
            ])
    }

    @Test("name a lab of the file and a minimum")
    func required() {
        #expect(
            problems("{lab: pyton, minimum: 1}", "{minimum: 1}", "{lab: r}") == [
                at(1, 11, "pools[0].lab is \"pyton\", but must be the name of one of the labs"),
                at(
                    2, 5,
                    "pools[1] has no \"lab\"; add it: a name of 1 to 63 lower-case letters, digits and inner hyphens"),
                at(3, 5, "pools[2] has no \"minimum\"; add it: a whole number from 0 to 1000"),
            ])
    }

    @Test("have whole numbers within the limits, and no maximum below the minimum")
    func numbers() {
        #expect(
            problems(
                "{lab: python, minimum: -1, maximum: 1001, per_host: 0}", "{lab: r, minimum: 6, maximum: 5}"
            ) == [
                at(1, 28, "pools[0].minimum is the number -1, but must be a whole number from 0 to 1000"),
                at(1, 41, "pools[0].maximum is the number 1001, but must be a whole number from 0 to 1000"),
                at(1, 57, "pools[0].per_host is the number 0, but must be a whole number from 1 to 1000"),
                at(2, 35, "pools[1].maximum is 5, but must not be less than minimum, 6"),
            ])
    }

    @Test("are one for each lab, without keys that nobody knows")
    func keys() {
        #expect(
            problems("{lab: python, minimum: 1}", "{lab: python, minimum: 2, perhost: 3}") == [
                at(
                    2, 11,
                    "pools[1].lab is \"python\", the name of the pool in line \(Self.lines + 2) already; each pool must "
                        + "have a name of its own"),
                at(2, 31, "unknown key \"perhost\" in pools[1]; did you mean \"per_host\"?"),
            ])
    }

    @Test("are a list")
    func shape() {
        let yaml = goodConfiguration + "\npools: {lab: python, minimum: 5}\n"
        let error = #expect(throws: InvalidConfiguration.self) {
            try Configuration(yaml: yaml, file: "carrel.yaml", folder: "/etc/carrel")
        }
        #expect(error?.problems.first?.description.hasPrefix("carrel.yaml:\(Self.lines + 1):8: pools ") == true)
        #expect(error?.problems.count == 1)
    }
}
