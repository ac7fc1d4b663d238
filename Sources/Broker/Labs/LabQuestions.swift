import BrokerCore
import EventLoop
import Foundation
import HTTPTransport

/// Requests that the broker sends directly to a lab, on the host's private network rather than through the edge.
@ControlLoop
struct LabQuestions {
    let client: HTTPClient
    let endpoint: Endpoint
    let kind: LabKind
    let authorization: String?

    private var address: UpstreamAddress { .tcp(host: endpoint.address, port: endpoint.port) }

    enum Readiness: Hashable {
        case ready
        /// Nothing answers yet, or not as a lab would.
        case notYet
        /// The program that answers does not require this run's credential: it is a different program, or is open to
        /// everyone.
        case unlocked
    }

    /// Whether this very lab answers. For Jupyter, `GET /api/status` must be answered with 200 for this run's token,
    /// which only it knows, and be refused without it. The other kinds have no credential: any answer below 500 counts,
    /// at the port that the engine published for this container and at an address that the host's try-out has proved to
    /// lead there.
    func readiness() async -> Readiness {
        guard kind == .jupyter else {
            guard let response = await get("/"), response.status < 500 else { return .notYet }
            return .ready
        }
        guard await get("/api/status")?.status == 200 else { return .notYet }
        guard let stranger = await get("/api/status", with: nil) else { return .notYet }
        return [401, 403].contains(stranger.status) ? .ready : .unlocked
    }

    /// Requests the first page that a learner's browser will request, so that the lab has rendered it once. The result
    /// does not matter.
    func rehearse() async { _ = await get(kind == .jupyter ? "/lab" : "/") }

    /// The lab's kernels (`GET /api/kernels`, Jupyter only); `nil` if there is no answer.
    func kernels() async -> [Kernel]? {
        guard kind == .jupyter, let response = await get("/api/kernels"), response.status == 200 else { return nil }
        return try? JSONDecoder().decode([Kernel].self, from: Data(response.body))
    }

    private func get(_ path: String) async -> HTTPClientResponse? { await get(path, with: authorization) }

    private func get(_ path: String, with authorization: String?) async -> HTTPClientResponse? {
        var request = HTTPClientRequest(method: "GET", target: path, authority: "\(endpoint.address):\(endpoint.port)")
        if let authorization { request.fields.append("Authorization", authorization) }
        return try? await client.send(
            request, to: address, timeout: BrokerLimits.labQuestionTimeout, bodyLimit: BrokerLimits.labAnswerBytes)
    }
}

/// A kernel as Jupyter Server's REST API describes it.
struct Kernel: Decodable {
    /// `starting`, `idle`, `busy`, `restarting`, `dead`, …
    var executionState: String
    /// The time of the last message to or from the kernel, in ISO 8601.
    var lastActivity: String

    enum CodingKeys: String, CodingKey {
        case executionState = "execution_state"
        case lastActivity = "last_activity"
    }

    /// Busy if any kernel is; otherwise quiet since the latest activity of any.
    ///
    /// - Parameters:
    ///   - skew: the clock of the lab's host minus ours.
    ///   - now: by our clock. A kernel whose reported activity is later is ignored, so that it does not hide the
    ///     others.
    static func report(_ kernels: [Kernel], skew: Duration = .zero, at now: Timestamp) -> LabReport {
        if kernels.contains(where: { $0.executionState == "busy" }) { return .busy }
        let format = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        let plain = Date.ISO8601FormatStyle()
        let moments = kernels.compactMap { kernel -> Timestamp? in
            let date = (try? format.parse(kernel.lastActivity)) ?? (try? plain.parse(kernel.lastActivity))
            guard let date, let milliseconds = Int64(exactly: (date.timeIntervalSince1970 * 1000).rounded()) else {
                return nil
            }
            let moment = Timestamp(milliseconds: milliseconds) - skew
            return moment <= now + Limits.clockTolerance ? moment : nil
        }
        return .quiet(lastActivity: moments.max())
    }
}
