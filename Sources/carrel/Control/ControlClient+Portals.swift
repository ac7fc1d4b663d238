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

    /// - Parameter learner: `nil` for everybody in the portal.
    func signOut(_ learner: String?, of portal: PortalID) async throws -> APISignedOut {
        let body = APICoding.encode(APISignOut(portal: portal, learner: learner))
        return try await post("/v1/sign-outs", body, as: APISignedOut.self)
    }

    func removePortal(_ id: PortalID, endingSessions: Bool) async throws -> [APIPortal] {
        let body = APICoding.encode(APIPortalRemove(endSessions: endingSessions))
        return try await post("/v1/portals/\(id)/remove", body, as: APIPortals.self).portals
    }
}
