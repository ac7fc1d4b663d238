import Broker
import BrokerCore
import Foundation
import Portal
import Testing

@testable import carrel

@Suite("carrel reserve import") struct ReserveImportTests {
    private let now = Timestamp(milliseconds: 1_772_000_000_000)  // 2026-02-25

    private func calendar(_ lines: String...) -> [UInt8] {
        let all = ["BEGIN:VCALENDAR", "VERSION:2.0"] + lines + ["END:VCALENDAR", ""]
        return Array(all.joined(separator: "\r\n").utf8)
    }

    private func read(_ bytes: [UInt8], _ options: [String]) throws -> WantedReservations {
        try ReserveImport.parse(["t.ics"] + options).read(bytes, portal: "school", now: now)
    }

    private let event = [
        "BEGIN:VEVENT", "UID:e1", "SEQUENCE:4", "DTSTART;TZID=CET Time:20260302T090000", "DURATION:PT2H",
        "RRULE:FREQ=WEEKLY;COUNT=2", "X-CARREL-SEATS:12", "CATEGORIES:Labs", "END:VEVENT",
    ].joined(separator: "\r\n")

    @Test("events become items that know their event, with what options and events say")
    func items() throws {
        let wanted = try read(
            calendar(event),
            ["--lab", "python", "--seats", "30", "--context", "101", "--tzid", "CET Time=Europe/Paris", "--lead", "1h"])
        #expect(wanted.events == ["e1": EventRevision(sequence: 4)] && wanted.past == 0)
        #expect(wanted.items.map(\.terms.seats) == [12, 12] && wanted.items.map(\.terms.lab) == ["python", "python"])
        #expect(wanted.items.map(\.terms.from.text) == ["2026-03-02 08:00 UTC", "2026-03-09 08:00 UTC"])
        #expect(wanted.items.allSatisfy { $0.terms.lead == .seconds(3600) && $0.terms.context == "101" })
        #expect(wanted.items.first?.origin?.series == "e1" && wanted.items.first?.origin?.sequence == 4)
    }

    @Test("a category leaves the others out")
    func category() throws {
        let options = ["--lab", "python", "--context", "1", "--tzid", "CET Time=Europe/Paris", "--category"]
        #expect(try read(calendar(event), options + ["Labs"]).items.count == 2)
        let other = try read(calendar(event), options + ["Lectures"])
        #expect(other.items.isEmpty && other.unwanted == 1)
    }

    @Test("what cannot be taken is told with its line, and what can be is; --strict refuses all of it")
    func problems() throws {
        let options = ["--lab", "python", "--context", "1"]
        func failure(_ bytes: [UInt8], _ options: [String]) -> String {
            do {
                _ = try read(bytes, options)
                return ""
            } catch { return "\(error)" }
        }
        #expect(failure(Array("hello".utf8), options).hasPrefix("t.ics: line 1: "))
        let zoneless = try read(calendar(event), options)
        #expect(zoneless.items.isEmpty && zoneless.problems.map(\.line) == [3])
        #expect(failure(calendar(event), options + ["--strict"]).contains("t.ics: line 3: the time zone \"CET Time\""))
        let known = options + ["--tzid", "CET Time=Europe/Paris"]
        let seatless = event.replacingOccurrences(of: "X-CARREL-SEATS:12\r\n", with: "")
            .replacingOccurrences(of: "UID:e1", with: "UID:e2")
        let half = try read(calendar(event, seatless), known)
        #expect(half.items.count == 2 && half.refused == 1 && half.events.keys.sorted() == ["e1"])
        #expect(half.problems.first?.message.contains("give --seats, or X-CARREL-SEATS") == true)
        let report = ImportReport(nil, half, isDryRun: false)
        #expect(report.refused == 1 && report.refusals.first?.line == 12 && report.isFailure)
    }

    @Test("the summary counts what was booked, moved, unchanged and refused, and says who has to decide")
    func summary() throws {
        let options = ["--lab", "python", "--context", "1", "--tzid", "CET Time=Europe/Paris"]
        let wanted = try read(calendar(event), options)
        let json = #"""
            {"cancelled":[],"is_booked":true,"left_over":["r9"],"items":[
            {"lab":"python","seats":1,"from":0,"to":1,"result":"moved"},
            {"lab":"python","seats":1,"from":0,"to":1,"result":"unchanged"},
            {"lab":"python","seats":1,"from":0,"to":1,"result":"undecided"}]}
            """#
        let booking = try APICoding.decode(BookingView.self, from: Array(json.utf8))
        let report = ImportReport(booking, wanted, isDryRun: false)
        #expect(report.summary.hasPrefix("0 booked, 1 moved, 1 unchanged, 2 undecided, 0 refused"))
        #expect(report.summary.contains("r9; --replace cancels them") && report.isFailure)
    }

    private func report(_ results: [String], of wanted: WantedReservations, isDryRun: Bool) throws -> ImportReport {
        let items = results.map { "{\"lab\":\"python\",\"seats\":1,\"from\":0,\"to\":1,\"result\":\"\($0)\"}" }
        let json = "{\"cancelled\":[],\"is_booked\":true,\"left_over\":[],\"items\":[\(items.joined(separator: ","))]}"
        return ImportReport(
            try APICoding.decode(BookingView.self, from: Array(json.utf8)), wanted, isDryRun: isDryRun)
    }

    private func single(_ uid: String, _ lines: String...) -> String {
        (["BEGIN:VEVENT", "UID:\(uid)"] + lines + ["DURATION:PT1H", "END:VEVENT"]).joined(separator: "\r\n")
    }

    private let near = "DTSTART:20260302T090000Z"
    private let far = "DTSTART:20291215T090000Z"
    private let common = ["--lab", "python", "--seats", "2", "--context", "1"]

    @Test("an import that leaves anything out fails, although the rest is booked; so does its dry run")
    func partial() throws {
        let whole = try read(calendar(single("a", near), single("b", near)), common)
        let half = try read(calendar(single("a", near), single("b", near, "RDATE:20260303T090000Z")), common)
        #expect(half.items.count == 1 && half.refused == 1)
        for isDryRun in [false, true] {
            #expect(try report(["booked", "moved"], of: whole, isDryRun: isDryRun).isFailure == false)
            #expect(try report(["unchanged", "kept"], of: whole, isDryRun: isDryRun).isFailure == false)
            #expect(try report(["booked"], of: half, isDryRun: isDryRun).isFailure)
            for other in ["noSeats", "refused", "undecided"] {
                #expect(try report(["booked", other], of: whole, isDryRun: isDryRun).isFailure, "\(other)")
            }
        }
    }

    @Test("what is too far ahead is counted and told with its line, and fails only where there is nothing else")
    func tooFarAhead() throws {
        let both = try read(calendar(single("a", near), single("b", far)), common)
        #expect(both.items.count == 1 && both.notes.map(\.line) == [8])
        let booked = try report(["booked"], of: both, isDryRun: true)
        #expect(booked.summary == "It would be: 1 booked, 0 moved, 0 unchanged, 1 too far ahead, 0 refused")
        #expect(!booked.isFailure && booked.tooFarAhead == 1 && booked.notes.map(\.line) == [8])
        #expect(booked.notes.first?.text.contains("more than 400 days ahead") == true)
        let alone = try read(calendar(single("b", far)), common)
        #expect(alone.items.isEmpty && alone.events.keys.sorted() == ["b"])
        #expect(try report([], of: alone, isDryRun: false).isFailure)
    }

    @Test("a recurrence without an end is taken in part, which is counted once; of a refused event that is not told")
    func takenInPart() throws {
        let endless = calendar(single("a", near, "RRULE:FREQ=WEEKLY"))
        let wanted = try read(endless, common)
        let report = try report(wanted.items.map { _ in "booked" }, of: wanted, isDryRun: false)
        #expect(wanted.items.count == 57 && report.takenInPart == 1 && !report.isFailure)
        #expect(report.summary == "57 booked, 0 moved, 0 unchanged, 1 taken in part, 0 refused")
        let refused = try read(endless, ["--lab", "python", "--context", "1"])
        #expect(refused.refused == 1 && refused.items.isEmpty && refused.notes.isEmpty)
    }

    @Test("import and create end with the same status in a dry run, for people and for programs")
    func exitStatus() async throws {
        let house = try House()
        let serve = try CarrelProcess("serve", "--config", house.file)
        try await serve.expect("ready")
        // There are no seats, because the one engine does not answer.
        let start = Timestamp.current() + .seconds(86_400)
        let from = String(start.text.prefix(16)).replacing(" ", with: "T") + "Z"
        let to = String((start + .seconds(3600)).text.prefix(16)).replacing(" ", with: "T") + "Z"
        let file = house.scratch.path + "/t.ics"
        let stamp = from.filter { $0 != "-" && $0 != ":" && $0 != "Z" } + "00Z"
        try Data(calendar(single("a", "DTSTART:\(stamp)"))).write(to: URL(fileURLWithPath: file))
        let create = ["create", "--from", from, "--to", to, "--dry-run"]
        let commands = [["import", file], ["import", file, "--dry-run"], ["import", file, "--json"], create]
        for command in commands + [create + ["--json"]] {
            let process = try CarrelProcess(["reserve"] + command + common + ["--config", house.file])
            #expect(try await process.end() == 1, "\(command): \(process.output)")
            #expect(process.output.contains("Only 0 of 2 seats are free"), "\(command): \(process.output)")
        }
        serve.signal(SIGTERM)
        #expect(try await serve.end() == 0)
    }

    @Test(
        "invalid options are not understood",
        arguments: [["--tzid", "x"], ["--tzid", "x=Mars"], ["--zone", "x"], ["--replace", "--keep"]])
    func refused(options: [String]) {
        #expect(throws: (any Error).self) { try ReserveImport.parse(["t.ics"] + options) }
    }
}
