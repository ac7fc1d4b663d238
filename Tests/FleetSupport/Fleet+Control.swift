import Foundation

/// The JSON API on the broker's control socket, for polling without starting a process each time.
extension Fleet {
    private var socket: String { root + "/state/control.sock" }

    private func ask(_ target: String) async throws -> Response {
        let socket = socket
        let response = try await blocking {
            let wire = try Wire(unix: socket)
            defer { wire.hangUp() }
            return try wire.request("GET", target, host: "carrel", fields: [("Connection", "close")])
        }
        guard response.status == 200 else {
            throw FleetError("GET \(target): \(response.status): \(response.text.prefix(300))")
        }
        return response
    }

    func hosts() async throws -> [HostRecord] {
        struct Answer: Decodable { var hosts: [HostRecord] }
        return try await ask("/v1/hosts").decode(Answer.self).hosts
    }

    func host(_ name: String) async throws -> HostRecord {
        guard let host = try await hosts().first(where: { $0.name == name }) else {
            throw FleetError("there is no host \(name)")
        }
        return host
    }

    func sessions() async throws -> [SessionRecord] {
        struct Answer: Decodable { var sessions: [SessionRecord] }
        return try await ask("/v1/sessions?limit=1000").decode(Answer.self).sessions
    }

    /// The only session of this learner; `nil` if there is none.
    func session(of learner: String) async throws -> SessionRecord? {
        try await sessions().first { $0.learner == learner }
    }

    func show(_ id: String) async throws -> SessionStory {
        try await ask("/v1/sessions/\(id)").decode(SessionStory.self)
    }

    func profile(of lab: String) async throws -> ProfileRecord {
        struct Answer: Decodable { var profile: ProfileRecord }
        let shown = try await succeed("lab", "show", lab, "--json")
        return try JSONDecoder.api.decode(Answer.self, from: Data(shown.utf8)).profile
    }

    func pools() async throws -> [PoolRecord] {
        struct Answer: Decodable { var pools: [PoolRecord] }
        return try await ask("/v1/pools").decode(Answer.self).pools
    }

    /// Waits until the only pool has exactly this many ready seats.
    func waitForWarm(_ count: Int, within limit: Duration = .seconds(90)) async throws {
        try await eventually("\(count) seats are warm", within: limit) {
            guard let pool = try await self.pools().first else { throw FleetError("there is no pool") }
            guard pool.ready == count, pool.starting == 0 else {
                throw FleetError("\(pool.ready) ready, \(pool.starting) starting: \(pool.reason ?? "")")
            }
            return true
        }
    }

    /// Waits until the session is in one of the states.
    @discardableResult
    func wait(
        for id: String, toBe states: String..., within limit: Duration = .seconds(60)
    ) async throws -> SessionRecord {
        try await eventually("session \(id) is \(states.joined(separator: " or "))", within: limit) {
            let shown = try await self.show(id)
            if states.contains(shown.session.state) { return shown.session }
            throw FleetError("\(shown.session.state); its story: \(shown.story)")
        }
    }
}
