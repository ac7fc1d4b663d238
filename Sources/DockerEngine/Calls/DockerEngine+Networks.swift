extension DockerEngine {
    /// `NetworkList`, then `NetworkCreate` if it is missing. A network of this name without the labels is not ours: it
    /// is not used, and the error says so.
    ///
    /// When two callers ask at the same time, an engine accepts two networks of one name, and can then start nothing on
    /// either. All but one are therefore deleted; every caller keeps the same one.
    /// - Returns: the network as the engine reports it, which may differ from the specification.
    @discardableResult
    public func ensureNetwork(_ spec: NetworkSpec) async throws(EngineError) -> EngineNetwork {
        var found = try await networks(named: spec.name)
        if found.isEmpty {
            _ = try await call(
                "POST", "/networks/create", body: NetworkCreateBody(spec), timeout: EngineLimits.createTimeout)
            found = try await networks(named: spec.name)
        }
        guard found.allSatisfy({ network in spec.labels.allSatisfy { network.Labels?[$0.key] == $0.value } }) else {
            throw EngineError(
                code: .conflict,
                message: "\(endpoint): a network named \(spec.name) exists and is not ours: "
                    + "remove it there, or give it another name")
        }
        guard let first = found.min(by: { $0.Id < $1.Id }) else {
            throw EngineError(
                code: .notFound, message: "\(endpoint): the network \(spec.name) was made, and is not there")
        }
        for network in found where network.Id != first.Id {
            // If another caller has already removed it, or already uses it, that caller handles it.
            _ = try? await call("DELETE", "/networks/\(network.Id)", timeout: EngineLimits.removeTimeout)
        }
        return EngineNetwork(first)
    }

    /// `NetworkConnect`: attaches the container to this network as well.
    public func connect(_ container: String, to network: String) async throws(EngineError) {
        _ = try await call(
            "POST", "/networks/\(Self.escape(network))/connect", body: ["Container": container],
            timeout: EngineLimits.createTimeout)
    }

    /// `NetworkDelete`. Refused while a container is attached.
    public func removeNetwork(_ network: String) async throws(EngineError) {
        _ = try await call("DELETE", "/networks/\(Self.escape(network))", timeout: EngineLimits.removeTimeout)
    }

    /// The identifier of the network of this name, which is unique across engines; `nil` if there is none.
    public func networkID(named name: String) async throws(EngineError) -> String? {
        try await networks(named: name).map(\.Id).min()
    }

    private func networks(named name: String) async throws(EngineError) -> [NetworkBody] {
        // The engine's filter also matches parts of names.
        let body = try await call(
            "GET", "/networks?filters=" + Self.filters(["name": [name]]), timeout: EngineLimits.questionTimeout)
        let networks: [NetworkBody] = try decode(body, "GET /networks")
        return networks.filter { $0.Name == name }
    }
}
