import Testing

@testable import Configuration

@Suite("Spelling") struct SpellingTests {
    @Test(
        "a slip of the keyboard finds its word, another word does not",
        arguments: [
            ("memmory", "memory"), ("imgae", "image"), ("slot", "slots"), ("IMAGE", "image"), ("colour", nil),
            ("x", nil),
        ] as [(String, String?)])
    func spelling(word: String, meant: String?) {
        #expect(Spelling.nearest(to: word, among: ["name", "image", "memory", "slots"]) == meant)
    }
}
