import BrokerCore
import Configuration
import DockerEngine
import EventLoop
import Foundation
import TLS

/// Checks what a configuration refers to: certificates, engines, images. Changes nothing.
enum Preflight {
    /// In days; a certificate that expires sooner is a problem, since nothing here renews it.
    static let certificateDays: Int64 = 3

    /// The edge's certificates, if they match their keys and are valid for every portal and its labs.
    static func certificates(_ configuration: Configuration) throws(InvalidConfiguration) -> CertificateStore {
        func fails(_ message: String, at paths: Configuration.CertificatePaths) -> InvalidConfiguration {
            InvalidConfiguration(problems: [configuration.problem(line: paths.line, "tls: \(message)")])
        }
        for portal in configuration.portals {
            let paths = portal.certificate ?? configuration.certificate
            let own: CertificateStore
            do { own = try CertificateStore([CertificateFiles(paths)]) } catch { throw fails(error.message, at: paths) }
            let names = [
                (name: portal.hostname, shown: portal.hostname),
                (name: "x.\(portal.labsDomain)", shown: "*.\(portal.labsDomain)"),
            ]
            for (name, shown) in names where !own.covers(hostname: name) {
                throw fails(
                    "\(paths.certificate) does not cover \(shown), but must cover the hostname of the portal "
                        + "\(portal.id) and *.\(portal.labsDomain)", at: paths)
            }
        }
        do { return try CertificateStore(configuration.certificateFiles) } catch {
            throw fails(error.message, at: configuration.certificate)
        }
    }

    /// A problem if a certificate has expired, or expires within this number of days.
    static func expiry(
        of certificates: CertificateStore, _ configuration: Configuration, within days: Int64 = certificateDays,
        now: Int64 = Int64(Date().timeIntervalSince1970)
    ) -> ConfigurationProblem? {
        let first = configuration.certificates.first { $0.certificate == certificates.firstToExpire }
        return expiry(of: certificates, within: days, now: now)
            .map { configuration.problem(line: first?.line ?? 0, "tls: \($0)") }
    }

    /// The same as a text only.
    static func expiry(
        of certificates: CertificateStore, within days: Int64, now: Int64 = Int64(Date().timeIntervalSince1970)
    ) -> String? {
        expiry(at: certificates.earliestExpiry, within: days, now: now).map {
            "\(certificates.firstToExpire) \($0); renew it, and the new files are taken over"
        }
    }

    /// A problem if the ACME client's directory does not exist: its challenges would fail, months from now.
    static func webroot(_ configuration: Configuration) -> ConfigurationProblem? {
        guard let webroot = configuration.redirect?.acmeWebroot else { return nil }
        var isDirectory = ObjCBool(false)
        let isThere = FileManager.default.fileExists(atPath: webroot, isDirectory: &isDirectory)
        if isThere && isDirectory.boolValue { return nil }
        return configuration.problem(
            line: configuration.redirect?.line ?? 0,
            "redirect.acme_webroot is \(webroot), which is no directory; make it, or take the key out")
    }

    /// Whole days until the first of the certificates expires.
    static func daysLeft(of certificates: CertificateStore) -> Int64 {
        (certificates.earliestExpiry - Int64(Date().timeIntervalSince1970)) / 86_400
    }

    /// The problems of hosts: no answer, or missing images of labs. All hosts are asked at once.
    @ControlLoop static func hosts(_ configuration: Configuration) async -> PreflightFindings {
        let questions = configuration.hosts.map { host in
            Task { @ControlLoop in await look(at: host, in: configuration) }
        }
        var found = PreflightFindings(problems: unserved(configuration) + apart(configuration))
        var engines: [(host: Configuration.HostEntry, id: String)] = []
        for (host, question) in zip(configuration.hosts, questions) {
            let (findings, engine) = await question.value
            found += findings
            if let engine { engines.append((host, engine)) }
        }
        found.problems += twins(engines, in: configuration)
        return found.sorted
    }

    /// Hosts that are one engine under two names: only the first would be used.
    static func twins(
        _ engines: [(host: Configuration.HostEntry, id: String)], in configuration: Configuration
    ) -> [ConfigurationProblem] {
        var first: [String: Configuration.HostEntry] = [:]
        return engines.compactMap { host, id in
            guard let other = first[id] else {
                first[id] = host
                return nil
            }
            return configuration.problem(
                line: host.line,
                "host \(host.spec.name) is the same Docker Engine as host \(other.spec.name) in line \(other.line); take one of "
                    + "the two out")
        }
    }

    /// Labs that require labels which no host of the file has.
    static func unserved(_ configuration: Configuration) -> [ConfigurationProblem] {
        configuration.labs.compactMap { entry in
            let isServed = configuration.hosts.contains { host in
                entry.lab.requires.allSatisfy { host.spec.labels[$0.key] == $0.value }
            }
            guard !isServed else { return nil }
            let labels = entry.lab.requires.map { "\($0.key)=\($0.value)" }.sorted().joined(separator: ", ")
            return configuration.problem(
                line: entry.line,
                "lab \(configuration.name(of: entry.lab.key)) asks for a host with \(labels), and none of the file has that; label one, here or with "
                    + "carrel host set")
        }
    }

    /// Labs of which a learner who has opened one can never open the other, because their files are on its host.
    static func apart(_ configuration: Configuration) -> [ConfigurationProblem] {
        LabsApart.pairs(
            of: configuration.labs.map(\.lab), on: configuration.hosts.map(\.spec),
            sharedHomes: configuration.homes != nil
        ).map { pair in
            let entry = configuration.labs.first { $0.lab.key == pair.second }
            return configuration.problem(
                line: entry?.line ?? 0,
                "lab \(configuration.name(of: pair.second)) and lab \(configuration.name(of: pair.first)) ask for hosts with different labels, and no host could serve both: "
                    + "without a shared directory (homes) a learner's files stay on the host of their first lab, and "
                    + "the other one would always be refused; set homes, or label a host for both")
        }
    }

    /// One check of a host whose engine answers. The checks run separately, in this order.
    private typealias HostQuestion =
        @ControlLoop (Configuration.HostEntry, DockerEngine, Configuration) async throws -> PreflightFindings

    private static let hostQuestions: [HostQuestion] = [
        images,
        { host, engine, configuration in
            engineCertificate(endingAt: engine.certificateExpiry, of: host, in: configuration)
        },
    ]

    @ControlLoop private static func look(
        at host: Configuration.HostEntry, in configuration: Configuration
    ) async -> (findings: PreflightFindings, engine: String?) {
        var found = PreflightFindings()
        var id: String?
        do {
            let engine = try DockerEngine(endpoint: host.engine)
            // Created anew at every start of an engine, so that two running engines never have the same one.
            id = try await engine.networkID(named: "bridge")
            for check in hostQuestions { found += try await check(host, engine, configuration) }
        } catch {
            let reason = (error as? EngineError)?.message ?? "\(error)"
            found.problems.append(
                configuration.problem(
                    line: host.line,
                    "host \(host.spec.name) cannot be used: \(reason); \(remedy(for: host.endpoint))"))
        }
        return (found, id)
    }

    /// What to do about an engine that does not answer: if the user may not open the socket or a certificate, the
    /// engine has not been reached at all.
    ///
    /// - Parameter isForbidden: whether this user lacks the given access to a file.
    static func remedy(
        for endpoint: Configuration.EngineAddress, isForbidden: (String, Int32) -> Bool = Preflight.isRefused
    ) -> String {
        switch endpoint {
        case .unix(let path) where isForbidden(path, R_OK | W_OK):
            return "this user may not open the socket; run carrel as a member of its group (docker)"
        case .tcp(_, _, let tls):
            let files = [tls.authority, tls.client.certificate, tls.client.key]
            guard let file = files.first(where: { isForbidden($0, R_OK) }) else { break }
            return "this user may not read \(file); give it to the user who runs carrel"
        case .unix: break
        }
        return "start its Docker Engine, or correct the endpoint"
    }

    static func isRefused(_ path: String, _ mode: Int32) -> Bool {
        access(path, mode) != 0 && errno == EACCES
    }

    @ControlLoop private static func images(
        _ host: Configuration.HostEntry, _ engine: DockerEngine, _ configuration: Configuration
    ) async throws -> PreflightFindings {
        var found = PreflightFindings()
        // A shared lab is in several catalogues, and is one line of the file.
        var seen: Set<Int> = []
        for entry in configuration.labs where seen.insert(entry.line).inserted {
            guard try await engine.image(entry.lab.image) == nil else { continue }
            found.problems.append(
                configuration.problem(
                    line: entry.line,
                    "lab \(entry.lab.name): its image \(entry.lab.image) is not on host \(host.spec.name); build or load "
                        + "it there, or carrel lab prepull \(entry.lab.name)"))
        }
        return found
    }
}
