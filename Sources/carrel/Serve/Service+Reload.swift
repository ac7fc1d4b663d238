import Broker
import Configuration
import EventLoop
import Logging
import Portal
import Scheduling

/// Reloads the configuration while everything runs.
extension Service {
    func reload() async { _ = await reloaded() }

    static func notNow(_ reason: String) -> APIReload {
        APIReload(zones: ZoneDatabase.system().version, problem: "nothing was reloaded: \(reason)")
    }

    /// Reads the configuration, the certificates and the time zones again. If there is an error, it is logged and
    /// everything stays as it was.
    func reloaded() async -> APIReload {
        if isHandingOver {
            log.warning("nothing was reloaded: another process takes over")
            return Self.notNow("another process takes over")
        }
        var answer: APIReload
        do { answer = try takeOver(Configuration(contentsOf: configuration.file)) } catch {
            let problem = "the configuration was not reloaded, and the old one stays in force:\n\(error)"
            log.error("\(problem)")
            return APIReload(zones: ZoneDatabase.system().version, problem: problem)
        }
        answer.retimed = await control?.broker.followZones() ?? []
        if !answer.waiting.isEmpty {
            log.warning("changes of \(answer.waiting.joined(separator: ", ")) wait for the next start of carrel serve")
        }
        log.info(
            "reloaded",
            metadata: [
                "hosts": "\(configuration.hosts.count)", "labs": "\(configuration.labs.count)",
                "changes": "\(answer.changes.isEmpty ? "none" : answer.changes.joined(separator: " | "))",
                "tzdata": "\(answer.zones)",
            ])
        Task { await warn() }
        return answer
    }

    /// Everything that may fail comes first, so that an error leaves nothing half applied.
    func takeOver(_ fresh: Configuration) throws -> APIReload {
        _ = try Preflight.certificates(fresh)
        try accessLog?.reopen()
        let expiry = certificates.earliestExpiry
        let hasNewFiles = certificates.takeChange()
        try certificates.replace(fresh.certificateFiles)
        var changes = ConfigurationChanges(from: configuration, to: fresh).lines
        if certificates.earliestExpiry != expiry {
            changes.append("tls: the certificate ends in \(Preflight.daysLeft(of: certificates)) days now")
        } else if hasNewFiles {
            changes.append("tls: the certificate's files were written anew")
        }
        let waiting = configuration.keysThatNeedARestart(comparedTo: fresh)
        configuration.portals = fresh.portals
        configuration.labsDomain = fresh.labsDomain
        configuration.certificate = fresh.certificate
        configuration.pools = fresh.pools
        configuration.hosts = fresh.hosts
        configuration.takeoverGrace = fresh.takeoverGrace
        configuration.egress = fresh.egress
        try control?.reconfigure(configuration)
        edge.apply([.portals(fresh.edgePortals)])
        return APIReload(changes: changes, waiting: waiting, zones: ZoneDatabase.system().version)
    }
}
