import BrokerCore

extension DriverRefusal {
    /// What happened and what to do next, for operators; and for learners where no catalogue has their own words.
    public var message: String {
        switch self {
        case .stopping: "Carrel is stopping; try again in a moment. Labs go on running."
        case .busy: "Too many requests are waiting; try again in a few seconds."
        case .unknownSessionPrefix(let prefix):
            "No session begins with \"\(prefix)\"; `carrel session list` shows them."
        case .severalSessions(let prefix): "Several sessions begin with \"\(prefix)\"; give more characters."
        case .unknownPortal(let id): "There is no portal \(id); `carrel portal list` shows those there are."
        case .unknownLabName(let name):
            "There is no lab \(name) in the catalogue; `carrel lab list` shows those there are."
        case .severalLabs(let name, let portals):
            "The portals \(portals.map(\.rawValue).joined(separator: ", ")) each have a lab \(name); say which "
                + "portal's you mean."
        case .unknownReservation(let id):
            "There is no reservation \(id); `carrel reserve list` shows those there are."
        case .noSeries(let id): "The reservation \(id) is of no series; cancel it by itself."
        case .unknownFeed(let id): "There is no calendar address \(id); `carrel reserve feed --list` shows them."
        case .feedLimit(let limit): "There are \(limit) calendar addresses, which is the limit; revoke one first."
        case .engineSilent(let host, let message):
            "The host \(host) is not added, because its engine does not answer: \(message)"
        case .badEndpoint(let endpoint):
            "\(endpoint) is no endpoint of a Docker Engine: unix:///PATH, or tcp://HOST:PORT with the files of mutual "
                + "TLS."
        case .hostNeverServes(let host, let lab):
            "The host \(host) could never serve the lab \(lab), so it needs no image of it."
        case .hostSilent(let host): "The host \(host) does not answer, so nothing can be pulled there."
        case .pullLimit(let limit, let host):
            "\(limit) pulls are under way on \(host), which is the limit; try again later."
        case .badCode: "This way into the lab was used already or is too old. Open the lab again from your course."
        }
    }
}
