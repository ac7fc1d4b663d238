import Testing

@testable import Broker

@Suite("Answers to orders about slots")
struct SlotAnswersTests {
    @Test("Each order has its own answer, in any order; one without an answer has failed")
    func each() {
        let answers = SlotAnswers(["2 done", "0 done", "1 failed the slot is not empty"])
        #expect(answers.failure(of: 0) == nil && answers.failure(of: 2) == nil)
        #expect(answers.failure(of: 1) == "the slot is not empty")
        #expect(answers.failure(of: 3) == "the keeper gave no answer")
    }

    @Test("What the program says besides is the reason for all that it did not answer")
    func others() {
        let answers = SlotAnswers(["0 done", "/slots: No such file or directory"])
        #expect(answers.failure(of: 0) == nil)
        #expect(answers.failure(of: 1) == "/slots: No such file or directory")
    }
}
