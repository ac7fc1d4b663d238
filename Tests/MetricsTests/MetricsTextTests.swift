import Testing

@testable import Metrics

@Suite("Numbers as text") struct MetricsTextTests {
    @Test("have a help text and a kind for each family, and samples with labels")
    func families() {
        var text = MetricsText()
        text.begin("carrel_requests_total", .counter, "Requests, \"all\" of them\\\nreally.")
        text.add(["class": "2xx", "to": "a\"b\\c\nd"], UInt64(7))
        text.add([:], 3)
        text.add("carrel_lag_seconds", .gauge, "Lag.", 0.25)
        #expect(
            text.text == """
                # HELP carrel_requests_total Requests, "all" of them\\\\\\nreally.
                # TYPE carrel_requests_total counter
                carrel_requests_total{class="2xx",to="a\\"b\\\\c\\nd"} 7
                carrel_requests_total 3
                # HELP carrel_lag_seconds Lag.
                # TYPE carrel_lag_seconds gauge
                carrel_lag_seconds 0.25

                """)
    }

    @Test("of a histogram count every bucket with those below it")
    func histogram() {
        var histogram = Histogram(upTo: [.milliseconds(1), .milliseconds(10)])
        for nanoseconds: Int64 in [-5, 1_000_000, 1_000_001, 10_000_001] { histogram.observe(nanoseconds: nanoseconds) }
        var twice = histogram
        twice += histogram
        #expect(twice.count == 8 && twice.counts == [4, 2])
        var text = MetricsText()
        text.begin("carrel_wait_seconds", .histogram, "Wait.")
        text.add(["side": "a"], histogram)
        #expect(
            text.text.split(separator: "\n").dropFirst(2) == [
                "carrel_wait_seconds_bucket{side=\"a\",le=\"0.001\"} 2",
                "carrel_wait_seconds_bucket{side=\"a\",le=\"0.01\"} 3",
                "carrel_wait_seconds_bucket{side=\"a\",le=\"+Inf\"} 4",
                "carrel_wait_seconds_sum{side=\"a\"} 0.012000002",
                "carrel_wait_seconds_count{side=\"a\"} 4",
            ])
    }
}
