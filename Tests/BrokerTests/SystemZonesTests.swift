import BrokerCore
import Scheduling
import Testing

@testable import Broker

@Suite("The clock of this machine")
struct SystemZonesTests {
    private let zones = ZoneDatabase.system()
    /// Noon of the 1st of July 2026, by UTC.
    private let summer = Timestamp(milliseconds: 1_782_907_200_000)

    @Test(
        "is that of TZ, in every form that TZ may have",
        arguments: [
            ("Europe/Warsaw", "Europe/Warsaw"), (":Europe/Warsaw", "Europe/Warsaw"),
            ("/usr/share/zoneinfo/Europe/Warsaw", "Europe/Warsaw"),
            (":/usr/share/zoneinfo/Europe/Warsaw", "Europe/Warsaw"),
            ("CET-1CEST,M3.5.0,M10.5.0/3", WallClock.unnamed), ("CET", WallClock.unnamed),
        ])
    func variable(tz: String, name: String) {
        let clock = zones.local(tz: tz)
        #expect(clock.offset(at: summer) == 7200)
        // A reservation's zone must be one that can be found again by name.
        #expect(clock.name == name || tz == "CET" && zones.has(clock.name), "\(clock.name)")
    }

    @Test(
        "is Coordinated Universal Time where TZ says nothing that anybody knows",
        arguments: [
            "../../etc/passwd", "/etc/passwd", "/nowhere", "Nowhere/Land", "CE", "posixrules\u{0}",
        ])
    func unknown(tz: String) {
        #expect(zones.local(tz: tz).name == "UTC")
    }
}
