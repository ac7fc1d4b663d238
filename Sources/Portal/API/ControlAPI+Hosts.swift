import Broker
import BrokerCore
import HTTPTransport

/// What the API answers about hosts.
extension ControlAPI {
    func hosts(_ request: HTTPRequest) async throws -> any Encodable & Sendable {
        let path = request.path
        switch path.count {
        case 2:
            try APIRefusal.require("GET", request)
            return APIHosts(hosts: broker.hosts())
        case 3:
            try APIRefusal.require("GET", request)
            return try broker.hostDetails(path[2])
        case 4:
            try APIRefusal.require("POST", request)
            return try await changeHost(path[2], path[3], request)
        default:
            throw APIRefusal.notFound(request.target)
        }
    }

    private func changeHost(
        _ name: String, _ verb: String, _ request: HTTPRequest
    ) async throws -> any Encodable & Sendable {
        switch verb {
        case "cordon": try await broker.cordon(name)
        case "uncordon": try await broker.uncordon(name)
        case "drain": try await broker.drain(name, deadline: APIDrain(body: request.body).deadline())
        case "lost": return try await broker.declareLost(name)
        default: throw APIRefusal.notFound(request.target)
        }
        return APIHost(host: try broker.host(name))
    }
}
