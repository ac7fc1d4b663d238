import Broker
import HTTPTransport
import Identity

/// The API calls about portals.
extension ControlAPI {
    func portals(_ request: HTTPRequest) async throws -> any Encodable & Sendable {
        let path = request.path
        guard path.count > 2 else {
            if request.method == "POST" { return try known().add(APIPortalSettings(body: request.body)) }
            try APIRefusal.require("GET", request)
            return APIPortals(portals: try known().portals)
        }
        guard let id = PortalID(checking: path[2]) else { throw APIRefusal.notFound(request.target) }
        switch path.count == 4 ? path[3] : "" {
        case "set":
            try APIRefusal.require("POST", request)
            return try known().set(id, APIPortalChange(body: request.body))
        case "remove":
            try APIRefusal.require("POST", request)
            let wish = request.body.isEmpty ? nil : try APIPortalRemove(body: request.body)
            try await known().remove(id, endingSessions: wish?.endSessions ?? false)
            return APIPortals(portals: try known().portals)
        default:
            throw APIRefusal.notFound(request.target)
        }
    }

    private func known() throws(BrokerError) -> any PortalKeeper {
        guard let keeper else { throw BrokerError(.stopping, "The broker is stopping.") }
        return keeper
    }
}
