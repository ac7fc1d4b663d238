import Testing
import Words

@testable import BrokerCore

@Suite("Measured use, in bins and as a profile")
struct UsageHistogramTests {
    @Test("Bins follow each other without a gap, each at most an eighth wider than what it holds")
    func bins() {
        #expect(UsageHistogram.bin(of: -5) == 0)
        for bin in 0..<(UsageHistogram.binCount - 1) {
            let greatest = UsageHistogram.greatest(in: bin)
            #expect(UsageHistogram.bin(of: greatest) == bin)
            #expect(UsageHistogram.bin(of: greatest + 1) == bin + 1)
            guard bin > 0 else { continue }
            let least = UsageHistogram.greatest(in: bin - 1) + 1
            #expect(greatest - least <= least / 8)
        }
        #expect(UsageHistogram.bin(of: .max) == UsageHistogram.binCount - 1)
    }

    @Test("A quantile is the end of the bin where that share of the observations is reached")
    func quantiles() {
        var histogram = UsageHistogram()
        #expect(histogram.quantile(percent: 50) == nil)
        for value in 1...7 { histogram.add(Int64(value)) }
        #expect(histogram.quantile(percent: 50) == 4)
        #expect(histogram.quantile(percent: 1) == 1)
        #expect(histogram.quantile(percent: 100) == 7)
        for _ in 0..<93 { histogram.add(1_000_000) }
        #expect(histogram.quantile(percent: 7) == 7)
        #expect(histogram.quantile(percent: 8) == UsageHistogram.greatest(in: UsageHistogram.bin(of: 1_000_000)))
    }

    @Test("Text holds all of it, and other text is refused")
    func text() {
        var histogram = UsageHistogram()
        #expect(histogram.text.isEmpty && UsageHistogram(text: "") == histogram)
        for value: Int64 in [0, 3, 3, 900, .max] { histogram.add(value) }
        #expect(UsageHistogram(text: histogram.text) == histogram)
        for bad in ["1", "1:", "x:1", "1:-1", "2:1 1:1", "1:1 1:1", "216:1", "1:0", "1:2:3", "1:4294967296"] {
            #expect(UsageHistogram(text: bad) == nil, "\(bad)")
        }
    }

    @Test("A profile tells what half and 95 % of the sessions stayed within, never less than was measured")
    func profile() {
        var profile = UsageProfile()
        #expect(profile.memoryBytes(percent: 95) == nil && profile.cpuMillis(percent: 95) == nil)
        for session in 1...100 { profile.observe(peakMemory: Int64(session) << 20, cpuMillis: Int64(session)) }
        #expect(profile.sessions == 100)
        let half = profile.memoryBytes(percent: 50)!
        #expect(half >= 50 << 20 && half <= 57 << 20)
        let most = profile.memoryBytes(percent: 95)!
        #expect(most >= 95 << 20 && most <= 107 << 20)
        #expect((50...57).contains(profile.cpuMillis(percent: 50)!))
        #expect((95...107).contains(profile.cpuMillis(percent: 95)!))
    }

    @Test("Where the CPU of a session could not be measured, its memory counts all the same")
    func withoutCPU() {
        var profile = UsageProfile()
        profile.observe(peakMemory: 1 << 20, cpuMillis: nil)
        #expect(profile.sessions == 1 && profile.memoryBytes(percent: 50) != nil)
        #expect(profile.cpuMillis(percent: 50) == nil)
    }

    @Test("Old sessions fade: what labs use now outweighs what they used before, and in the end is all that counts")
    func fading() {
        var profile = UsageProfile()
        for _ in 0..<Limits.profileSessions { profile.observe(peakMemory: 1 << 30, cpuMillis: 10) }
        #expect(profile.memoryBytes(percent: 50)! > 1 << 30)
        // Twice the remaining weight of the old ones.
        for _ in 0..<Limits.profileSessions / 2 { profile.observe(peakMemory: 1 << 20, cpuMillis: 10) }
        #expect(profile.memoryBytes(percent: 50)! < 2 << 20)
        #expect(profile.memoryBytes(percent: 95)! > 1 << 30)
        for _ in 0..<Limits.profileSessions * 6 { profile.observe(peakMemory: 1 << 20, cpuMillis: 10) }
        #expect(profile.memoryBytes(percent: 99)! < 2 << 20)
        #expect(profile.sessions == Limits.profileSessions * 15 / 2)
    }
}
