import BrokerCore
import Metrics

extension Broker {
    /// What labs request and use, and their profiles.
    func writeUse(to text: inout MetricsText) {
        let hosts = core.hostStatuses.compactMap { host in core.use(ofHost: host.name).map { (host.name, $0) } }
        text.begin(
            "carrel_host_use_bytes", .gauge,
            "Memory of the labs on each host: what they ask, use, and can be expected to need by their profiles.")
        for (host, use) in hosts {
            text.add(["host": host, "kind": "asked"], Int(use.askedBytes))
            if let used = use.usedBytes { text.add(["host": host, "kind": "used"], Int(used)) }
            text.add(["host": host, "kind": "safe"], Int(use.safeBytes))
        }
        text.begin("carrel_host_cpus_used", .gauge, "CPUs that the labs on each host use.")
        for case (let host, let cpus?) in hosts.map({ ($0.0, $0.1.cpuMillis) }) {
            text.add(["host": host], HostUseView.cpus(cpus))
        }
        text.begin("carrel_host_strained", .gauge, "1 where labs use so much memory that no new seats are given.")
        for (host, use) in hosts { text.add(["host": host], use.isStrained ? 1 : 0) }
        writeProfiles(to: &text)
        text.begin("carrel_use_samples_total", .counter, "Readings of what labs use.")
        text.add([:], metrics.samples)
        text.begin("carrel_use_rounds_cut_short_total", .counter, "Rounds of readings that a slow engine cut short.")
        text.add([:], metrics.failedRounds)
    }

    private func writeProfiles(to text: inout MetricsText) {
        let labs = core.labs.map { ($0.name, core.use(of: $0)) }
        text.begin("carrel_lab_sessions_observed", .gauge, "Sessions from which each lab's profile was learned.")
        for (lab, use) in labs { text.add(["lab": lab], use.sessions) }
        text.begin("carrel_lab_memory_bytes", .gauge, "Memory within which that share of each lab's sessions stayed.")
        for (lab, use) in labs {
            if let bytes = use.memoryP50 { text.add(["lab": lab, "quantile": "0.5"], Int(bytes)) }
            if let bytes = use.memoryP95 { text.add(["lab": lab, "quantile": "0.95"], Int(bytes)) }
        }
        text.begin("carrel_lab_cpus", .gauge, "Average CPUs within which that share of each lab's sessions stayed.")
        for (lab, use) in labs {
            if let cpus = use.cpuMillisP50 { text.add(["lab": lab, "quantile": "0.5"], HostUseView.cpus(cpus)) }
            if let cpus = use.cpuMillisP95 { text.add(["lab": lab, "quantile": "0.95"], HostUseView.cpus(cpus)) }
        }
        text.begin("carrel_lab_charge_bytes", .gauge, "What a seat of each lab counts for under the policy profiled.")
        for (lab, use) in labs { text.add(["lab": lab], Int(use.chargeBytes)) }
    }
}
