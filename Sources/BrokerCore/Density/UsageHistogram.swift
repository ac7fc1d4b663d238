/// A histogram of magnitudes with a fixed number of bins, so that its size is bounded and histograms of one kind can be
/// compared bin by bin.
///
/// Below 8 a bin holds one value; from there every doubling has 8 bins of equal width, so that a bin is at most an
/// eighth wider than the values it holds.
public struct UsageHistogram: Hashable, Sendable {
    /// Values from 2^29 on share the last bin.
    public static let binCount = 216
    /// The weight of one observation that has not decayed: it can be halved ten times before it reaches zero.
    static let whole: UInt32 = 1 << 10

    private var weights: [UInt32]

    public init() { weights = Array(repeating: 0, count: Self.binCount) }

    /// The sum of all weights.
    var total: UInt64 { weights.reduce(0) { $0 + UInt64($1) } }

    /// Adds one observation; a negative value counts as zero.
    mutating func add(_ value: Int64) {
        let bin = Self.bin(of: value)
        let (sum, hasOverflown) = weights[bin].addingReportingOverflow(Self.whole)
        weights[bin] = hasOverflown ? .max : sum
    }

    /// Halves the weight of all observations so far.
    mutating func fade() {
        for bin in weights.indices { weights[bin] >>= 1 }
    }

    /// The upper bound of the bin that contains this percentile; `nil` for an empty histogram.
    ///
    /// - Parameter percent: 1–100.
    func quantile(percent: Int) -> Int64? {
        let total = total
        guard total > 0 else { return nil }
        let rank = (total * UInt64(percent) + 99) / 100
        var sum: UInt64 = 0
        for bin in weights.indices {
            sum += UInt64(weights[bin])
            if sum >= rank { return Self.greatest(in: bin) }
        }
        return Self.greatest(in: Self.binCount - 1)
    }

    static func bin(of value: Int64) -> Int {
        guard value >= 8 else { return Int(max(0, value)) }
        let exponent = 63 - value.leadingZeroBitCount
        let part = Int(value >> Int64(exponent - 3)) & 7
        return min(binCount - 1, (exponent - 2) * 8 + part)
    }

    static func greatest(in bin: Int) -> Int64 {
        guard bin >= 8 else { return Int64(bin) }
        let (exponent, part) = (bin / 8 + 2, bin % 8)
        return (Int64(8 + part + 1) << Int64(exponent - 3)) - 1
    }
}

// Stored form: the non-empty bins as `BIN:WEIGHT`, separated by spaces.
extension UsageHistogram {
    public var text: String {
        weights.indices.filter { weights[$0] > 0 }.map { "\($0):\(weights[$0])" }.joined(separator: " ")
    }

    /// `nil` if `text` is not in the stored form.
    public init?(text: String) {
        self.init()
        var last = -1
        for pair in text.split(separator: " ") {
            let parts = pair.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count == 2, let bin = Int(parts[0]), let weight = UInt32(parts[1]), bin > last,
                bin < Self.binCount, weight > 0
            else { return nil }
            weights[bin] = weight
            last = bin
        }
    }
}
