import Identity
import Portal

extension ControlClient {
    func portals() async throws -> [APIPortal] { try await get("/v1/portals", as: APIPortals.self).portals }

    func addPortal(_ settings: APIPortalSettings) async throws -> APIPortal {
        try await post("/v1/portals", APICoding.encode(settings), as: APIPortal.self)
    }

    func setPortal(_ id: PortalID, _ change: APIPortalChange) async throws -> APIPortal {
        try await post("/v1/portals/\(id)/set", APICoding.encode(change), as: APIPortal.self)
    }

    func removePortal(_ id: PortalID, endingSessions: Bool) async throws -> [APIPortal] {
        let body = APICoding.encode(APIPortalRemove(endSessions: endingSessions))
        return try await post("/v1/portals/\(id)/remove", body, as: APIPortals.self).portals
    }
}
