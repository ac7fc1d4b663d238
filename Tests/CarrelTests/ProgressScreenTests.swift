import Testing

@testable import carrel

@Suite("What is drawn again and again on a terminal") struct ProgressScreenTests {
    private let table = "ID  STATE\na   running\nb   running\nc   queued"

    private func drawn(_ text: String, total: String? = nil, rows: Int, columns: Int = 80) -> [String] {
        ProgressScreen.screenful(text, total: total, in: Terminal.Size(rows: rows, columns: columns))
    }

    @Test("is whole where it has room, with a row left for the cursor")
    func whole() {
        let lines = ["ID  STATE", "a   running", "b   running", "c   queued"]
        #expect(drawn(table, total: "3 sessions", rows: 6) == lines + ["3 sessions"])
        #expect(drawn(table, rows: 5) == lines)
    }

    @Test("is cut to the rows that there are, and its last line says how many more there are")
    func rows() {
        #expect(
            drawn(table, total: "3 sessions", rows: 5) == [
                "ID  STATE", "a   running", "b   running", "… 1 more, 3 sessions in all",
            ])
        #expect(drawn(table, rows: 4) == ["ID  STATE", "a   running", "… 2 more"])
        let long = (["ID"] + (1...1000).map(String.init)).joined(separator: "\n")
        let cut = drawn(long, total: "1000 sessions", rows: 24)
        #expect(cut.count == 23 && cut[21] == "21" && cut[22] == "… 979 more, 1000 sessions in all")
    }

    @Test("keeps the heading and the count on a terminal without room for more", arguments: [1, 2, 3])
    func tiny(rows: Int) {
        #expect(drawn(table, rows: rows) == ["ID  STATE", "… 3 more"])
    }

    @Test("is cut to the columns that there are, so that no line takes two rows")
    func columns() {
        #expect(drawn("ID  STATE\nlonger  running", rows: 24, columns: 10) == ["ID  STATE", "longer  r…"])
        #expect(drawn(table, total: "3 sessions", rows: 3, columns: 10) == ["ID  STATE", "… 3 more,…"])
    }

    @Test("is not cut where the terminal does not say how large it is")
    func unknown() {
        let long = (1...1000).map(String.init).joined(separator: "\n") + "\n" + String(repeating: "x", count: 1000)
        #expect(ProgressScreen.screenful(long, total: "all", in: nil).joined(separator: "\n") == long + "\nall")
    }
}
