import Foundation
import Testing
import Words

@testable import Portal

/// Pages and texts, held to the letter against the files of the folder `html`. `CARREL_WRITE_GOLDENS=1` writes them anew.
@Suite("Pages are what they were")
struct GoldenTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
        "html")

    private func hold(_ name: String, _ text: String) throws {
        let file = Self.folder.appendingPathComponent(name)
        if ProcessInfo.processInfo.environment["CARREL_WRITE_GOLDENS"] == "1" {
            try text.write(to: file, atomically: true, encoding: .utf8)
        }
        let golden = try String(contentsOf: file, encoding: .utf8)
        for (index, (new, old)) in zip(text.components(separatedBy: "\n"), golden.components(separatedBy: "\n"))
            .enumerated() where new != old
        {
            Issue.record("\(name):\(index + 1): \"\(old)\" is \"\(new)\" now")
            return
        }
        #expect(text.utf8.count == golden.utf8.count, "\(name): the rest is different")
    }

    @Test("Every page is what it was, to the letter")
    func pages() throws {
        for (index, page) in (PageTests.all + [Page(view("running"), at: .stay)]).enumerated() {
            try hold("page-\(index).html", LearnerTexts.stripped(html(page)))
        }
    }

    /// Each text once, with the case in which it is read first.
    @Test("English texts are what they were, and so is the page of a course")
    func english() throws {
        let rows = LearnerTexts(.english).distinct().map { "\($0.place)\t\($0.text)\n" }
        #expect(rows.count > 300)
        try hold("english.tsv", rows.joined())
    }
}
