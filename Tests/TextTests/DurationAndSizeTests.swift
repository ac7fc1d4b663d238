import Testing
import Text

@Suite("Durations and sizes") struct DurationAndSizeTests {
    @Test(
        "a duration is whole numbers with units, greatest first",
        arguments: [
            ("90s", 90), ("30m", 1800), ("8h", 28_800), ("1h30m", 5400), ("2d", 172_800), ("1d1h1m1s", 90_061),
            ("0s", 0),
        ])
    func durations(text: String, seconds: Int) {
        #expect(DurationText.parse(text) == .seconds(seconds))
        #expect(DurationText.parse(DurationText.format(.seconds(seconds))) == .seconds(seconds))
    }

    @Test(
        "anything else is no duration",
        arguments: [
            "", "30", "m", "30m1h", "1h1h", "-5m", "1.5h", " 5m", "5m ", "5 m", "5M", "99999999999999999999h", "36501d",
            "9223372036854775807d", "٣m",
        ])
    func noDurations(text: String) { #expect(DurationText.parse(text) == nil) }

    @Test(
        "a duration in a table shows its two greatest units",
        arguments: [
            (90_061_000, "1d1h"), (90_000, "1m30s"), (2_340, "2.3s"), (850, "850ms"), (3_600_000, "1h"),
            (-90_000, "-1m30s"),
        ])
    func brief(milliseconds: Int, text: String) { #expect(DurationText.brief(.milliseconds(milliseconds)) == text) }

    @Test(
        "a size is a number with a binary unit",
        arguments: [
            ("512MiB", 512 << 20), ("2GiB", 2 << 30), ("1.5GiB", 3 << 29), ("0.25KiB", 256), ("7B", 7),
            ("1024TiB", 1 << 50),
        ])
    func sizes(text: String, bytes: Int64) { #expect(SizeText.parse(text) == bytes) }

    @Test(
        "anything else is no size",
        arguments: [
            "", "512", "GiB", "2GB", "2G", "2 GiB", "-1GiB", "1.GiB", ".5GiB", "1.2345GiB", "0.5B", "1025TiB",
            "99999999999999999999B", "1e3MiB",
        ])
    func noSizes(text: String) { #expect(SizeText.parse(text) == nil) }

    @Test(
        "a size in a table has at most one decimal",
        arguments: [(0, "0B"), (1 << 30, "1GiB"), (3 << 29, "1.5GiB"), (1000 << 20, "1000MiB"), (1_234_567, "1.2MiB")])
    func formatted(bytes: Int64, text: String) { #expect(SizeText.format(bytes) == text) }
}
