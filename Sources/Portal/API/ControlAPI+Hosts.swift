import Broker
import BrokerCore
import HTTPTransport

/// The API calls about hosts.
extension ControlAPI {
    func hosts(_ request: HTTPRequest, from sender: String?) async throws -> any Encodable & Sendable {
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
            return try await changeHost(path[2], path[3], request, from: sender)
        default:
            throw APIRefusal.notFound(request.target)
        }
    }

    func rollingDrain(_ request: HTTPRequest, from sender: String?) async throws -> any Encodable & Sendable {
        guard request.method == "POST" else {
            try APIRefusal.require("GET", request)
            return APIRollingDrain(drain: broker.rollingDrain)
        }
        let start = try APIRollingDrainStart(body: request.body)
        let deadline = try start.deadline(ending: sessions(on: start.hosts)) ?? Limits.drainTime
        let drain = try await broker.drain(
            start.hosts, maximumUnavailable: start.maxUnavailable ?? 1, deadline: deadline)
        for host in Set(start.hosts) {
            remark("drains the host \(host) when its turn comes.", by: sender, on: host)
        }
        return APIRollingDrain(drain: drain)
    }

    /// Records who acts on a host, in the stories of the affected sessions.
    private func remark(_ words: String, by sender: String?, on host: String) {
        if let actor = Self.actor(sender) { broker.remark("\(actor) \(words)", onHost: host) }
    }

    /// How many sessions have a seat on these hosts.
    private func sessions(on hosts: [String]) -> Int {
        broker.hosts().filter { hosts.contains($0.name) }.reduce(0) { $0 + $1.sessions }
    }

    private func changeHost(
        _ name: String, _ verb: String, _ request: HTTPRequest, from sender: String?
    ) async throws -> any Encodable & Sendable {
        switch verb {
        case "cordon": try await broker.cordon(name)
        case "uncordon":
            if try broker.host(name).drainDeadline != nil {
                remark("takes the drain of the host \(name) back.", by: sender, on: name)
            }
            try await broker.uncordon(name)
        case "drain":
            let deadline = try APIDrain(body: request.body).deadline(ending: sessions(on: [name]))
            // A repeated drain without a deadline changes nothing.
            if try deadline != nil || broker.host(name).drainDeadline == nil {
                remark("drains the host \(name).", by: sender, on: name)
            }
            try await broker.drain(name, deadline: deadline)
        case "set":
            let change = try APIHostSet(body: request.body)
            return APIHost(
                host: try await broker.adjustHost(name, change.adjustment, startingOver: change.reset ?? false))
        case "remove":
            let removal = try APIHostRemove(body: request.body)
            let deadline = try removal.deadline(ending: sessions(on: [name]))
            // A host from the configuration is refused.
            if removal.isDraining, try broker.host(name).origin == .runtime {
                remark("drains and removes the host \(name).", by: sender, on: name)
            }
            return APIHostRemoved(
                host: try await broker.removeHost(name, draining: removal.isDraining, deadline: deadline))
        case "lost":
            remark("says that the host \(name) is lost.", by: sender, on: name)
            return try await broker.declareLost(name)
        default: throw APIRefusal.notFound(request.target)
        }
        return APIHost(host: try broker.host(name))
    }
}
