import BrokerCore
import Foundation
import Testing

@testable import Scheduling

/// The zones of this machine.
let zones = directoryZones("/usr/share/zoneinfo")
let warsaw = clock("Europe/Warsaw")

func clock(_ name: String) -> WallClock { try! zones.clock(named: name) }

func directoryZones(_ directory: String) -> ZoneDatabase {
    ZoneDatabase(place: directory) { name in
        FileManager.default.contents(atPath: "\(directory)/\(name)").map { [UInt8]($0) }
    }
}

func wall(_ year: Int, _ month: Int, _ day: Int, _ hour: Int, _ minute: Int = 0) -> WallTime {
    WallTime(year: year, month: month, day: day, hour: hour, minute: minute)!
}

func utc(_ year: Int, _ month: Int, _ day: Int, _ hour: Int, _ minute: Int = 0) -> Timestamp {
    Timestamp(milliseconds: wall(year, month, day, hour, minute).secondsSince1970 * 1000)
}

/// A calendar with these lines between the usual header and footer.
func calendar(_ lines: [String], method: String = "PUBLISH") -> [UInt8] {
    let all =
        ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Test//EN", "METHOD:\(method)"] + lines + ["END:VCALENDAR"]
    return Array(all.map { $0 + "\r\n" }.joined().utf8)
}

/// An event of two hours on 1 December 2026 in Warsaw, by default.
func event(_ uid: String = "e1", _ lines: [String] = [], times: [String]? = nil) -> [String] {
    let usual = ["DTSTART;TZID=Europe/Warsaw:20261201T090000", "DTEND;TZID=Europe/Warsaw:20261201T110000"]
    return ["BEGIN:VEVENT", "UID:\(uid)"] + (times ?? usual) + lines + ["END:VEVENT"]
}

/// The result of reading a calendar on 23 November 2026 in Warsaw.
func reading(
    _ lines: [String], aliases: [String: WallClock] = [:], category: String? = nil, method: String = "PUBLISH",
    now: Timestamp = utc(2026, 11, 23, 12)
) throws -> CalendarReader.Reading {
    try reading(
        CalendarFile(calendar(lines, method: method)), aliases: aliases, category: category, now: now)
}

func reading(
    _ file: CalendarFile, aliases: [String: WallClock] = [:], category: String? = nil,
    now: Timestamp = utc(2026, 11, 23, 12)
) -> CalendarReader.Reading {
    let reader = CalendarReader(
        clock: warsaw, zones: zones, aliases: aliases, category: category, now: now,
        horizon: now + Limits.reservationHorizon)
    return reader.read(file)
}
