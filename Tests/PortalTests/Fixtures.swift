import BrokerCore
import Literals

@testable import Broker
@testable import Portal

let slug = SessionID(rawValue: "abcdefghijklmnopqrst")

func view(
    _ state: String, step: String? = nil, reason: String? = nil, position: Int? = nil, length: Int? = nil,
    estimate: Int? = nil, host: String? = nil, kind: LabKind = .jupyter, learnerName: String = "Ada Lovelace",
    labTitle: String = "Python for Data Science"
) -> SessionView {
    SessionView(
        id: slug, portal: "school", learner: "ada", learnerName: learnerName, lab: "python", labTitle: labTitle,
        kind: kind, state: state, step: step, queuePosition: position, queueLength: length, estimateSeconds: estimate,
        host: host, image: "carrel/jupyterlab:4", epoch: 1, hostname: "\(slug).labs.test",
        url: "https://\(slug).labs.test/", reason: reason, createdAt: Timestamp(milliseconds: 1_700_000_000_000),
        since: Timestamp(milliseconds: 1_700_000_001_000), lastActivityAt: Timestamp(milliseconds: 1_700_000_001_000),
        idleEndsAt: nil, lifetimeEndsAt: nil)
}

func renderer() throws -> PageRenderer {
    try PageRenderer(portalTitle: "Open School of Data", labsOrigin: "https://*.labs.test")
}

func html(_ page: Page) throws -> String {
    String(decoding: try renderer().html(page), as: UTF8.self)
}
