import BrokerCore
import Literals
import Testing

@testable import Broker
@testable import Configuration

@Suite("density in the configuration")
struct DensityConfigurationTests {
    @Test("has a default for everything: seats count for what is asked")
    func defaults() throws {
        let read = try configuration(goodConfiguration)
        #expect(read.density == Density())
        #expect(read.density.policy == .guaranteed)
        #expect(read.sampleInterval == .seconds(30))
    }

    @Test("is read, and handed to the broker")
    func complete() throws {
        let read = try configuration(
            goodConfiguration + """

                density:
                  policy: profiled
                  sample_every: 10s
                  margin: 1.5
                  floor: 256MiB
                  sessions: 50
                  close_above: 90
                  open_below: 80

                """)
        let expected = Density(
            policy: .profiled, marginPercent: 150, floorBytes: 256 << 20, sessions: 50, closeAbovePercent: 90,
            openBelowPercent: 80)
        #expect(read.density == expected)
        #expect(read.sampleInterval == .seconds(10))
    }

    @Test(
        "reports every invalid setting with the reason",
        arguments: [
            ("policy: wish", "density.policy is \"wish\", but must be guaranteed or profiled"),
            ("sample_every: 1s", "density.sample_every is \"1s\", but must be a duration from 5s to 1h"),
            ("margin: 0.5", "density.margin is the number 0.5, but must be a number from 1.0 to 4.0"),
            ("sessions: 1", "density.sessions is the number 1, but must be a whole number from 5 to 10000"),
            ("open_below: 85", "density.open_below is 85, but must be less than close_above, 85"),
            ("close_above: 70", "density.open_below is 75, but must be less than close_above, 70"),
            ("share: 5", "unknown key \"share\" in density"),
        ])
    func mistakes(line: String, message: String) {
        let found = problems(goodConfiguration + "\ndensity: {\(line)}\n")
        #expect(found.contains { $0.contains(message) }, "\(found)")
    }
}
