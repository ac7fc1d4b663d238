import Broker
import HTTPTransport
import Identity

/// The API calls about the catalogue.
extension ControlAPI {
    func labs(_ request: HTTPRequest) throws -> any Encodable & Sendable {
        let path = request.path
        switch path.count {
        case 2:
            try APIRefusal.require("GET", request)
            return APILabs(labs: broker.labs(in: try ScopedQuery.scope(request.query)))
        case 3:
            try APIRefusal.require("GET", request)
            return APILab(lab: try broker.lab(try key(path[2], request)))
        case 4 where path[3] == "prepull":
            try APIRefusal.require("POST", request)
            let wish = try APIPrepull(body: request.body)
            return APILab(
                lab: try broker.prepull(
                    try key(path[2], request), hosts: wish.hosts ?? [], again: wish.again ?? false))
        default:
            throw APIRefusal.notFound(request.target)
        }
    }

    private func key(_ name: String, _ request: HTTPRequest) throws -> LabKey {
        try broker.labKey(name, in: ScopedQuery.scope(request.query))
    }
}

/// The answer to `GET /v1/labs`.
public struct APILabs: Hashable, Sendable, Codable {
    public var labs: [LabView]
    public init(labs: [LabView]) { self.labs = labs }
}

/// The answer to the other calls about labs: the current state of the lab.
public struct APILab: Hashable, Sendable, Codable {
    public var lab: LabView
    public init(lab: LabView) { self.lab = lab }
}

/// The body of `POST /v1/labs/NAME/prepull`. An empty body means all hosts that can serve the lab and lack the image.
public struct APIPrepull: Hashable, Sendable, Codable {
    public var hosts: [String]?
    /// Pulls also where the image is present.
    public var again: Bool?

    public init(hosts: [String], again: Bool) {
        self.hosts = hosts
        self.again = again
    }

    init(body: [UInt8]) throws(APIRefusal) {
        self = try APIRefusal.decode(APIPrepull.self, from: body, example: "{\"hosts\":[\"one\"],\"again\":true}")
    }
}
