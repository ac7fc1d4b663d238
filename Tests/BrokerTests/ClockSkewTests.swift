import BrokerCore
import Testing

@testable import Broker

@Suite("Clocks that differ")
struct ClockSkewTests {
    private func at(_ seconds: Int64) -> Timestamp { Timestamp(milliseconds: seconds * 1000) }

    @Test("The skew is what the host's clock says beside the middle of question and answer")
    func measured() {
        #expect(ClockSkew.measured(at(130), asked: at(100), answered: at(104)) == .seconds(28))
        #expect(ClockSkew.measured(at(95), asked: at(100), answered: at(100)) == .seconds(-5))
        // The difference cannot be distinguished from the round trip time.
        #expect(ClockSkew.measured(at(103), asked: at(100), answered: at(104)) == .zero)
    }

    @Test("A difference of five seconds, either way, is worth a warning")
    func warning() {
        #expect(
            [-6, -5, -4, 0, 4, 5].map { ClockSkew.isWorthAWarning(.seconds($0)) } == [
                true, true, false, false, false, true,
            ])
    }
}
