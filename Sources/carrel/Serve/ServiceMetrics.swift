import Broker
import Edge
import EventLoop
import Metrics
import TLS

/// Assembles the metrics of the whole process, for each request.
@ControlLoop
struct ServiceMetrics {
    let edge: Edge
    let broker: Broker
    let certificates: CertificateStore

    func text() async -> MetricsText {
        var text = await Self.text(edge: edge, certificates: certificates)
        broker.writeMetrics(to: &text)
        return text
    }

    /// The metrics that a standalone edge has too.
    static func text(edge: Edge, certificates: CertificateStore) async -> MetricsText {
        var text = MetricsText()
        text.begin("carrel_build_info", .gauge, "The version that runs; always 1.")
        text.add(["version": Carrel.version], 1)
        text.add(
            "carrel_certificate_expiry_timestamp_seconds", .gauge,
            "When the first of the edge's certificates expires, in seconds since 1970.",
            Double(certificates.earliestExpiry))
        let lag = await controlLag()
        text.add("carrel_control_loop_lag_seconds", .gauge, "How long a message waited for the control loop.", lag)
        await edge.metrics().write(to: &text)
        return text
    }

    /// In seconds: a message to the loop waits for all earlier ones.
    private static func controlLag() async -> Double {
        let asked = MonotonicTime.current()
        await withCheckedContinuation { continuation in ControlLoop.loop.post { continuation.resume() } }
        return Double(MonotonicTime.current().nanoseconds - asked.nanoseconds) / 1e9
    }
}
