import BrokerCore
import EventLoop
import Foundation
import HTTPTransport

/// What the broker asks a lab directly, on the host's private network and not through the edge.
@ControlLoop
struct LabQuestions {
    let client: HTTPClient
    let endpoint: Endpoint
    let kind: LabKind
    let authorization: String?

    private var address: UpstreamAddress { .tcp(host: endpoint.address, port: endpoint.port) }

    /// Does the lab answer? Jupyter: `GET /api` says 200 as soon as the server serves. The others: any answer below 500.
    func isReady() async -> Bool {
        guard let response = await get(kind == .jupyter ? "/api" : "/") else { return false }
        return kind == .jupyter ? response.status == 200 : response.status < 500
    }

    /// Asks for the page that a learner's browser asks for first, so that the lab has made it once before. What comes of
    /// it does not matter.
    func rehearse() async { _ = await get(kind == .jupyter ? "/lab" : "/") }

    /// Is a kernel executing? Only Jupyter has the question (`GET /api/kernels`).
    func kernels() async -> LabReport {
        guard kind == .jupyter, let response = await get("/api/kernels"), response.status == 200,
            let kernels = try? JSONDecoder().decode([Kernel].self, from: Data(response.body))
        else { return .unknown }
        return Kernel.report(kernels)
    }

    private func get(_ path: String) async -> HTTPClientResponse? {
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
    /// ISO 8601; the last message to or from the kernel.
    var lastActivity: String

    enum CodingKeys: String, CodingKey {
        case executionState = "execution_state"
        case lastActivity = "last_activity"
    }

    /// Busy if any kernel is; else quiet since the last activity of any.
    static func report(_ kernels: [Kernel]) -> LabReport {
        if kernels.contains(where: { $0.executionState == "busy" }) { return .busy }
        let format = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        let plain = Date.ISO8601FormatStyle()
        let moments = kernels.compactMap { kernel in
            (try? format.parse(kernel.lastActivity)) ?? (try? plain.parse(kernel.lastActivity))
        }
        return .quiet(
            lastActivity: moments.max().map {
                Timestamp(milliseconds: Int64($0.timeIntervalSince1970 * 1000))
            })
    }
}
