import Broker
import BrokerCore
import Configuration
import DockerEngine
import EventLoop

/// Tests on each host what labs are promised about the network. Leaves nothing behind.
extension Preflight {
    /// A host that does not answer is left out, because `hosts` reports it.
    @ControlLoop static func networks(_ configuration: Configuration) async -> PreflightFindings {
        let broker = configuration.broker
        let questions = broker.hosts.map { host in
            Task { @ControlLoop in try await HostCheck.look(at: host, of: broker) }
        }
        var findings = PreflightFindings()
        for (entry, question) in zip(configuration.hosts, questions) {
            guard let found = try? await question.value else { continue }
            if case .unproved(let reason) = found.isolation {
                findings.problems.append(
                    configuration.problem(
                        line: entry.line,
                        "host \(entry.spec.name) would get no labs, because what they are promised about the network does "
                            + "not hold there: \(reason)"))
            }
            if found.restoresLive == false {
                findings.advice.append(
                    configuration.problem(
                        line: entry.line,
                        "host \(entry.spec.name): a restart of its Docker Engine ends every lab there; \"live-restore\": true "
                            + "in its daemon.json lets them go on"))
            }
            findings.advice += kernel(found.kernel, of: entry, in: configuration)
        }
        return findings
    }

    /// Kernel settings of a host that limit all its labs together, if they are low for its number of slots.
    static func kernel(
        _ limits: KernelLimits?, of host: Configuration.HostEntry, in configuration: Configuration
    ) -> [ConfigurationProblem] {
        guard let shortages = limits?.shortages(slots: host.spec.slots), !shortages.isEmpty else { return [] }
        return [
            configuration.problem(
                line: host.line,
                "host \(host.spec.name): its \(host.spec.slots) labs share what the kernel lets one user have, and one "
                    + "lab can use up what the others need: \(shortages.joined(separator: ", ")) (sysctl)")
        ]
    }
}
