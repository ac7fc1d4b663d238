import BrokerCore
import Foundation
import Programs
import SeededRandom
import Testing

@testable import Scheduling

/// A TZif file (RFC 9636) of version 2, made by hand.
func zoneFile(
    transitions: [(at: Int64, type: UInt8)] = [], offsets: [Int32] = [0], footer: String = "UTC0", leapSeconds: Int = 0
) -> [UInt8] {
    func big(_ value: some FixedWidthInteger) -> [UInt8] { withUnsafeBytes(of: value.bigEndian) { Array($0) } }
    func header(_ times: Int, _ types: Int) -> [UInt8] {
        Array("TZif2".utf8) + [UInt8](repeating: 0, count: 15) + big(UInt32(0)) + big(UInt32(0))
            + big(UInt32(leapSeconds)) + big(UInt32(times)) + big(UInt32(types)) + big(UInt32(4))
    }
    let empty = Array("TZif2".utf8) + [UInt8](repeating: 0, count: 31) + big(UInt32(1)) + big(UInt32(4))
    let old = empty + [UInt8](repeating: 0, count: 6) + Array("UTC\0".utf8)
    var bytes = old + header(transitions.count, offsets.count)
    for transition in transitions { bytes += big(transition.at) }
    bytes += transitions.map(\.type)
    for offset in offsets { bytes += big(offset) + [0, 0] }
    return bytes + Array("UTC\0".utf8) + [UInt8](repeating: 0, count: 12 * leapSeconds) + Array("\n\(footer)\n".utf8)
}

@Suite("Rules of time zones")
struct ZoneRulesTests {
    @Test("Before, between and after its transitions a file says what holds")
    func file() throws {
        let rules = try ZoneRules(
            zoneFile(transitions: [(100, 1), (200, 0)], offsets: [3600, 7200], footer: "CET-1CEST,M3.5.0,M10.5.0/3"))
        #expect([0, 99, 100, 199].map(rules.offset) == [3600, 3600, 7200, 7200])
        #expect(rules.offset(at: utc(2026, 7, 1, 0).milliseconds / 1000) == 7200)
        #expect(rules.offset(at: utc(2400, 12, 1, 0).milliseconds / 1000) == 3600)
        // Without a rule for later times the last offset continues to apply.
        let silent = try ZoneRules(zoneFile(transitions: [(100, 1)], offsets: [0, 7200], footer: ""))
        #expect(silent.offset(at: 99_999_999_999) == 7200 && silent.offset(at: 0) == 0)
    }

    @Test(
        "What does not hold together is refused, and said",
        arguments: [
            (Array("hello".utf8), "TZif"), (Array("TZif2".utf8), "cut off"),
            (zoneFile(transitions: [(200, 0), (100, 0)]), "not in order"),
            (zoneFile(transitions: [(100, 0), (100, 0)]), "not in order"),
            (zoneFile(transitions: [(100, 7)]), "not there"), (zoneFile(offsets: [93_600]), "93600 s ahead"),
            (zoneFile(leapSeconds: 2), "leap seconds"), (zoneFile(footer: "tomorrow"), "tomorrow"),
            (Array(zoneFile().dropLast()), "cut off"), (zoneFile(offsets: []), "0 kinds"),
            ([UInt8](repeating: 0, count: SchedulingLimits.zoneBytes + 1), "more than"),
            (Array("TZif2".utf8) + [UInt8](repeating: 0xFF, count: 100), "cut off"),
        ] as [([UInt8], String)])
    func refused(bytes: [UInt8], words: String) {
        do {
            _ = try ZoneRules(bytes)
            Issue.record("it was read")
        } catch { #expect(error.message.contains(words), "\(error.message)") }
    }

    @Test(
        "Whatever is changed in a file, it is refused or every clock stays within a day and two hours", arguments: 0..<4
    )
    func hostile(part: UInt64) throws {
        var random = SplitMix64(seed: part + 1)
        let seeds = try ["Europe/Warsaw", "Africa/Casablanca", "Pacific/Apia"].map {
            [UInt8](try #require(FileManager.default.contents(atPath: "/usr/share/zoneinfo/\($0)")))
        }
        for _ in 0..<3000 {
            var bytes = seeds.randomElement(using: &random)!
            for _ in 0..<Int.random(in: 1...4, using: &random) where !bytes.isEmpty {
                let at = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes[at] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.removeSubrange(at..<min(bytes.count, at + Int.random(in: 1...40, using: &random)))
                default: bytes.insert(UInt8.random(in: 0...255, using: &random), at: at)
                }
            }
            guard let rules = try? ZoneRules(bytes) else { continue }
            for moment in [Int64.min / 2000, -1, 0, 1_800_000_000, Int64.max / 2000] {
                #expect((-93_599...93_599).contains(rules.offset(at: moment)))
            }
        }
    }

    @Test("Clocks that change every year do it in every form that the rule may have")
    func recurring() throws {
        func offset(_ text: String, _ time: Timestamp) throws -> Int64 {
            try #require(RecurringZone(text)).offset(at: time.milliseconds / 1000)
        }
        let warsaw = "CET-1CEST,M3.5.0,M10.5.0/3"
        #expect(try offset(warsaw, utc(2026, 3, 29, 0, 59)) == 3600 && offset(warsaw, utc(2026, 3, 29, 1)) == 7200)
        #expect(try offset(warsaw, utc(2026, 10, 25, 0, 59)) == 7200 && offset(warsaw, utc(2026, 10, 25, 1)) == 3600)
        // South of the equator summer time extends over the turn of the year.
        let sydney = "AEST-10AEDT,M10.1.0,M4.1.0/3"
        #expect(try offset(sydney, utc(2026, 12, 31, 23, 59)) == 39_600 && offset(sydney, utc(2026, 7, 1, 0)) == 36_000)
        // Permanent summer time, written as summer time that lasts a whole year.
        let always = "XXX3EDT4,0/0,J365/23"
        for month in 1...12 { #expect(try offset(always, utc(2026, month, 1, 0)) == -4 * 3600) }
        #expect(try offset("<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", utc(2026, 1, 1, 0)) == 39_600)
        // In a leap year, J60, which does not count the leap day, is 1 March; 59, counted from zero with the leap day,
        // is 29 February.
        for (rule, moment) in [("J60/0", utc(2028, 3, 1, 0)), ("59/0", utc(2028, 2, 29, 0))] {
            let text = "AAA0BBB,\(rule),J300"
            #expect(try offset(text, moment + .seconds(-1)) == 0 && offset(text, moment) == 3600)
        }
        // Hours that reach into the week before or after (Greenland, Gaza).
        let nuuk = "<-02>2<-01>,M3.5.0/-1,M10.5.0/0"
        #expect(try offset(nuuk, utc(2026, 3, 29, 0, 59)) == -7200 && offset(nuuk, utc(2026, 3, 29, 1)) == -3600)
    }

    @Test(
        "Anything else is no rule",
        arguments: [
            "", "CE-1", "CET", "CET-1CEST", "CET-25", "CET-1CEST,M13.1.0,M10.5.0", "CET-1CEST,M3.6.0,M10.5.0",
            "CET-1CEST,M3.5.7,M10.5.0", "CET-1CEST,M3.5.0", "CET-1CEST,J0,J1", "CET-1CEST,J366,J1", "CET-1CEST,366,1",
            "<+03-3", "CET-1CEST,M3.5.0/168,M10.5.0", "CET-1CEST,M3.5.0,M10.5.0,", "CET-1:60", "CET-٣",
        ])
    func noRule(text: String) { #expect(RecurringZone(text) == nil) }

    @Test(
        "All zones of this machine agree with Python's, from 1900 to 2400",
        .enabled(if: OtherReader.python != nil, "Scripts/test installs the other reader"))
    func python() async throws {
        let script = OtherReader.script("zones.py")
        let text = try await Command([OtherReader.python ?? "", script, zones.place, "20261130"]).succeed(
            within: .seconds(120))
        struct Line: Decodable {
            var zone: String
            var offsets: [Int64]
        }
        let lines = text.split(separator: "\n")
        let moments = try JSONDecoder().decode([Int64].self, from: Data(try #require(lines.first).utf8))
        for line in lines.dropFirst() {
            let other = try JSONDecoder().decode(Line.self, from: Data(line.utf8))
            let clock = try zones.clock(named: other.zone)
            let ours = moments.map { clock.offset(at: Timestamp(milliseconds: $0 * 1000)) }
            let wrong = zip(moments, zip(ours, other.offsets)).first { $0.1.0 != $0.1.1 }
            #expect(wrong == nil, "\(other.zone) at \(wrong?.0 ?? 0)")
        }
        #expect(lines.count > 400)
    }
}

@Suite("The system's time zones")
struct ZoneDatabaseTests {
    private func database(_ files: [String: [UInt8]]) -> ZoneDatabase {
        ZoneDatabase(place: "/zones") { files[$0] }
    }

    private func failure(_ name: String, of zones: ZoneDatabase) -> String? {
        do {
            _ = try zones.clock(named: name)
            return nil
        } catch { return error.message }
    }

    @Test("Its files count, and not what came with the program: another rule is another moment")
    func rules() throws {
        // Vancouver before and after 2026, when British Columbia stopped changing its clocks.
        let old = database(["America/Vancouver": zoneFile(offsets: [-28_800], footer: "PST8PDT,M3.2.0,M11.1.0")])
        let new = database(["America/Vancouver": zoneFile(offsets: [-25_200], footer: "MST7")])
        let nine = wall(2026, 12, 15, 9)
        #expect(try old.clock(named: "America/Vancouver").moment(of: nine) == utc(2026, 12, 15, 17))
        #expect(try new.clock(named: "America/Vancouver").moment(of: nine) == utc(2026, 12, 15, 16))
    }

    @Test("It says its version, or that nobody knows")
    func version() {
        #expect(database(["tzdata.zi": Array("# version 2026b\n# more".utf8)]).version == "2026b")
        #expect(database(["tzdata.zi": Array("Z Europe/Warsaw".utf8)]).version == ZoneDatabase.unknownVersion)
        #expect(database([:]).version == ZoneDatabase.unknownVersion)
    }

    @Test("Without a database the message says what to install; a name that is none, and a bad file are told apart")
    func failures() {
        let none = database([:])
        #expect(failure("Europe/Warsaw", of: none)?.contains("install the package tzdata") == true)
        #expect(none.problem != nil && failure("UTC", of: none) == nil)
        let some = database(["Etc/UTC": zoneFile(), "Europe/Broken": Array("TZif2".utf8)])
        #expect(some.problem == nil && failure("Etc/UTC", of: some) == nil)
        #expect(failure("Europe/Nowhere", of: some)?.contains("there is no time zone Europe/Nowhere") == true)
        #expect(failure("Europe/Broken", of: some)?.contains("cut off") == true)
        #expect(failure("Mars", of: some)?.contains("called like Europe/Warsaw") == true)
    }

    @Test(
        "No name leads out of the database",
        arguments: [
            "../etc/passwd", "Europe/../../etc/passwd", "/etc/localtime", "Europe//Warsaw", "right/Europe/Warsaw",
            "Europe/War saw", "a/b/c/d/e", "Europe/\u{0}",
        ])
    func paths(name: String) {
        let all = ZoneDatabase(place: "/zones") { _ in zoneFile() }
        #expect(throws: SchedulingError.self) { try all.clock(named: name) }
    }

    @Test("Every zone that Windows knows is one of the system's")
    func windows() {
        #expect(WindowsZones.places.count > 130)
        for (name, place) in WindowsZones.places { #expect(zones.has(place), "\(name)") }
    }
}
