import BrokerCore
import Testing

@testable import Scheduling

@Suite("Calendars that are written")
struct CalendarWriterTests {
    private func written(summary: String) -> [UInt8] {
        var writer = CalendarWriter(name: "School; labs", refresh: .seconds(900))
        writer.begin("VEVENT")
        writer.text("UID", "r1@portal.test")
        writer.moment("DTSTAMP", utc(2026, 11, 1, 7))
        writer.moment("DTSTART", utc(2026, 12, 1, 8))
        writer.moment("DTEND", utc(2026, 12, 1, 10))
        writer.text("SUMMARY", summary)
        writer.word("X-CARREL-SEATS", "30")
        writer.span("X-CARREL-LEAD", .seconds(900))
        writer.end("VEVENT")
        writer.finish()
        return writer.bytes
    }

    @Test(
        "What is written is read back, whatever its words are",
        arguments: [
            "Python: 30 seats", "a,b;c\\d\ne", String(repeating: "zażółć gęślą jaźń ", count: 20), "👩🏽‍💻 × 40", "",
            "BEGIN:VEVENT\r\nEND:VEVENT",
        ])
    func roundTrip(summary: String) throws {
        let bytes = written(summary: summary)
        let event = try #require(try CalendarFile(bytes).events.first)
        // A carriage return is a control character, which no text may have.
        #expect(event.summary == String(summary.unicodeScalars.filter { $0 != "\r" }.map(Character.init)))
        #expect(event.uid == "r1@portal.test" && event.wishes["X-CARREL-SEATS"] == "30")
        let reader = CalendarReader(
            clock: .utc, zones: zones, now: utc(2026, 11, 23, 12), horizon: utc(2027, 11, 23, 12))
        let found = reader.read(try CalendarFile(bytes))
        #expect(
            found.occurrences.map(\.from) == [utc(2026, 12, 1, 8)]
                && found.occurrences.map(\.to) == [utc(2026, 12, 1, 10)])
    }

    @Test("No line is longer than 75 bytes, all end with CR LF, and no letter is cut")
    func folding() {
        let bytes = written(summary: String(repeating: "ż", count: 300))
        let lines = bytes.split(separator: UInt8(ascii: "\n"))
        for line in lines {
            #expect(line.last == UInt8(ascii: "\r") && line.count - 1 <= 75)
            #expect(String(validating: line, as: UTF8.self) != nil)
        }
        #expect(bytes.suffix(2) == Array("\r\n".utf8)[...])
    }
}
