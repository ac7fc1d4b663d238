import Broker
import BrokerCore
import HTTPTransport

/// What the API answers about hosts.
extension ControlAPI {
    func hosts(_ request: HTTPRequest) async throws -> any Encodable & Sendable {
        let path = request.path
        switch path.count {
        case 2 where request.method == "POST":
            return APIHost(host: try await broker.addHost(APIHostAdd(body: request.body).entry()))
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

    func rollingDrain(_ request: HTTPRequest) async throws -> any Encodable & Sendable {
        guard request.method == "POST" else {
            try APIRefusal.require("GET", request)
            return APIRollingDrain(drain: broker.rollingDrain)
        }
        let start = try APIRollingDrainStart(body: request.body)
        return APIRollingDrain(
            drain: try await broker.drain(
                start.hosts, maximumUnavailable: start.maxUnavailable ?? 1,
                deadline: APIDrain(deadlineSeconds: start.deadlineSeconds).deadline() ?? Limits.drainTime))
    }

    private func changeHost(
        _ name: String, _ verb: String, _ request: HTTPRequest
    ) async throws -> any Encodable & Sendable {
        switch verb {
        case "cordon": try await broker.cordon(name)
        case "uncordon": try await broker.uncordon(name)
        case "drain": try await broker.drain(name, deadline: APIDrain(body: request.body).deadline())
        case "set":
            let change = try APIHostSet(body: request.body)
            return APIHost(
                host: try await broker.adjustHost(name, change.adjustment, startingOver: change.reset ?? false))
        case "remove":
            let removal = try APIHostRemove(body: request.body)
            return APIHostRemoved(
                host: try await broker.removeHost(
                    name, draining: removal.isDraining, deadline: removal.deadline()))
        case "lost": return try await broker.declareLost(name)
        default: throw APIRefusal.notFound(request.target)
        }
        return APIHost(host: try broker.host(name))
    }
}
