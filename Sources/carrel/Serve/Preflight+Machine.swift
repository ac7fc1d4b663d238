import Broker
import BrokerCore
import Configuration
import EventLoop
import Foundation
import Scheduling
import TLS
import Text

/// What `carrel serve` requires of its machine. Tries each requirement where possible, and leaves nothing behind.
extension Preflight {
    @ControlLoop static func machine(_ configuration: Configuration) async -> PreflightFindings {
        var found = PreflightFindings()
        func note(_ message: String?) {
            if let message { found.problems.append(configuration.problem(line: 0, message)) }
        }
        note(directory(configuration.stateDirectory, key: "state", mayBeMade: true))
        if let homes = configuration.homes {
            note(directory(homes, key: "homes", mayBeMade: false) ?? self.homes(homes, of: configuration))
        }
        note(configuration.accessLog.flatMap(accessLog))
        note(ZoneDatabase.system().problem?.message)
        let isRunning = await isServing(configuration)
        for address in configuration.listenAddresses + configuration.redirectAddresses {
            note(listening(on: address, isRunning: isRunning))
        }
        found.advice += await names(configuration)
        return found
    }

    /// What prevents writing in a directory.
    ///
    /// - Parameter mayBeMade: the directory is created at the start if it does not exist.
    static func directory(_ path: String, key: String, mayBeMade: Bool) -> String? {
        var place = path
        var facts = stat()
        while stat(place, &facts) != 0 {
            let code = errno
            let parent = (place as NSString).deletingLastPathComponent
            guard code == ENOENT, mayBeMade, parent != place else {
                return "\(key) is \(path), which cannot be used: \(words(code)); "
                    + (mayBeMade ? "make it, or name another directory" : "mount or make it, on every host too")
            }
            place = parent
        }
        let name = place == path ? "\(key) is \(path)" : "\(key) is \(path), and above it is \(place)"
        guard facts.st_mode & S_IFMT == S_IFDIR else { return "\(name), which is no directory; name another" }
        guard access(place, W_OK | X_OK) == 0 else {
            return "\(name), where this user may not write: \(words(errno)); give it to the user who runs carrel"
        }
        guard mayBeMade, let code = refusal(ofFilesIn: place) else { return nil }
        return "\(name), in which no file can be made: \(words(code)); see to its file system, "
            + "or name another directory"
    }

    /// Why no file can be created in a directory: some file systems refuse that even to root.
    private static func refusal(ofFilesIn directory: String) -> Int32? {
        var path = Array("\(directory)/.carrel-check-XXXXXX".utf8CString)
        let file = mkstemp(&path)
        guard file >= 0 else { return errno }
        close(file)
        return unlink(path) == 0 ? nil : errno
    }

    /// Creates a home and gives it to the lab's user, as a launch does; some file systems refuse that even to root.
    private static func homes(_ root: String, of configuration: Configuration) -> String? {
        let users = Set(
            configuration.labs.filter { $0.lab.files == .home }.map {
                Owner(user: $0.lab.userID, group: $0.lab.groupID)
            })
        for owner in users.sorted(by: { ($0.user, $0.group) < ($1.user, $1.group) }) {
            var path = Array("\(root)/.carrel-check-XXXXXX".utf8CString)
            guard mkdtemp(&path) != nil else {
                return "homes is \(root), in which no home can be made: \(words(errno)); see to its mount and its owner"
            }
            defer { rmdir(path) }
            guard chown(path, uid_t(owner.user), gid_t(owner.group)) == 0 else {
                return "homes is \(root), in which no home can be given to user \(owner.user):\(owner.group): "
                    + "\(words(errno)); run carrel as a user who may (root, or with CAP_CHOWN), or export it without root_squash"
            }
        }
        return nil
    }

    private struct Owner: Hashable {
        var user: Int
        var group: Int
    }

    private static func accessLog(_ path: String) -> String? {
        var facts = stat()
        if stat(path, &facts) == 0 {
            guard facts.st_mode & S_IFMT != S_IFDIR else { return "edge.access_log is \(path), which is a directory" }
            return access(path, W_OK) == 0
                ? nil : "edge.access_log is \(path), which cannot be written: \(words(errno))"
        }
        return directory(
            (path as NSString).deletingLastPathComponent, key: "the folder of edge.access_log", mayBeMade: false)
    }

    private static func words(_ code: Int32) -> String { String(cString: strerror(code)).lowercased() }

    /// Whether the broker of this state directory runs, so that its listening addresses are rightly in use.
    @ControlLoop private static func isServing(_ configuration: Configuration) async -> Bool {
        guard FileManager.default.fileExists(atPath: configuration.controlSocketPath) else { return false }
        return (try? await ControlClient(socket: configuration.controlSocketPath).hosts()) != nil
    }

    /// What prevents listening on an address.
    ///
    /// - Parameter isRunning: this broker runs, and may hold the address already.
    @ControlLoop static func listening(on address: SocketAddress, isRunning: Bool) -> String? {
        do throws(StreamError) {
            try ListenerCheck.claim([address])
            return nil
        } catch {
            switch error.code {
            case StreamError.addressInUse:
                return isRunning
                    ? nil
                    : "\(error.message): another program listens there (ss -ltnp shows which); end it, or change listen"
            case StreamError.permissionDenied:
                return "\(error.message): ports below 1024 take a right. Give it to the service "
                    + "(AmbientCapabilities=CAP_NET_BIND_SERVICE in its systemd unit) or to the program "
                    + "(setcap cap_net_bind_service=+ep), let systemd listen (a .socket unit), or choose another port"
            default:
                return "\(error.message); correct listen"
            }
        }
    }

    /// Names that do not resolve from here. Learners may well see other DNS answers.
    @ControlLoop private static func names(_ configuration: Configuration) async -> [ConfigurationProblem] {
        let domains = Set(configuration.portals.map(\.labsDomain)).sorted()
        let hostnames =
            configuration.portals.map { (name: $0.hostname, what: "the portal's hostname", wildcard: String?.none) }
            + domains.map { ("carrel-check.\($0)", "a lab's hostname", "*.\($0)") }
        var advice: [ConfigurationProblem] = []
        for (name, what, wildcard) in hostnames {
            guard let problem = await resolution(of: name) else { continue }
            advice.append(
                configuration.problem(
                    line: 0,
                    "\(what), \(name), leads nowhere as seen from this machine (\(problem)); learners need it in DNS"
                        + (wildcard.map { ", as a wildcard \($0)" } ?? "")))
        }
        return advice
    }

    @ControlLoop private static func resolution(of name: String) async -> String? {
        await withCheckedContinuation { continuation in
            Resolver.resolve(host: name, port: 443, on: ControlLoop.loop, timeout: ServeLimits.nameTimeout) { result in
                switch result {
                case .success: continuation.resume(returning: nil)
                case .failure(let error): continuation.resume(returning: error.name)
                }
            }
        }
    }

    // MARK: Certificates of engines

    /// The broker's client certificates for engines, and the authorities that it trusts for them: what expires soon.
    static func engineCertificates(
        _ configuration: Configuration, now: Int64 = Int64(Date().timeIntervalSince1970)
    ) -> [(line: Int, message: String, isUrgent: Bool)] {
        configuration.hosts.flatMap { host -> [(line: Int, message: String, isUrgent: Bool)] in
            guard case .tcp(_, _, let files) = host.endpoint else { return [] }
            let ends = [files.client.certificate, files.authority].map { path in
                (path, try? CertificateDates.earliestEnd(inFile: path))
            }
            return ends.compactMap { path, end in
                guard let end, let words = expiry(at: end, within: ServeLimits.expiryWarningDays, now: now) else {
                    return nil
                }
                return (
                    host.line, "host \(host.spec.name): \(path) \(words); renew it, and restart carrel serve",
                    end - now < certificateDays * 86_400
                )
            }
        }
    }

    /// The engine's own server certificate.
    static func engineCertificate(
        endingAt end: Int64?, of host: Configuration.HostEntry, in configuration: Configuration,
        now: Int64 = Int64(Date().timeIntervalSince1970)
    ) -> PreflightFindings {
        guard let end, let words = expiry(at: end, within: ServeLimits.expiryWarningDays, now: now) else {
            return PreflightFindings()
        }
        let found = configuration.problem(
            line: host.line, "host \(host.spec.name): the certificate of its engine \(words); renew it on the host")
        return end - now < certificateDays * 86_400
            ? PreflightFindings(problems: [found]) : PreflightFindings(advice: [found])
    }

    /// `has expired`, `expires in 5 d`; `nil` if it is valid for longer.
    static func expiry(at end: Int64, within days: Int64, now: Int64) -> String? {
        let left = end - now
        if left >= days * 86_400 { return nil }
        return left <= 0 ? "has expired" : "expires in \(DurationText.brief(.seconds(left)))"
    }
}
