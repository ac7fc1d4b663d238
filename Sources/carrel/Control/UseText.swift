import Broker
import BrokerCore
import Text

/// What labs request and use, for operators.
enum UseText {
    /// `-` if it was not measured.
    static func size(_ bytes: Int64?) -> String { bytes.map { SizeText.format($0) } ?? "-" }

    /// With two decimals; `-` if it was not measured.
    static func cpus(_ cpus: Double?) -> String {
        guard let cpus else { return "-" }
        let hundredths = Int((cpus * 100).rounded())
        let rest = hundredths % 100
        return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)"
    }

    static func host(_ use: HostUseView) -> String {
        let cpus = use.cpus.map { ", \(self.cpus($0)) CPUs" } ?? ""
        let used = use.usedBytes.map { "\(SizeText.format($0)) used\(cpus)" } ?? "not measured yet"
        return "\(SizeText.format(use.askedBytes)) asked, \(used), \(SizeText.format(use.safeBytes)) safe to expect"
    }

    static func policy(_ policy: DensityPolicy) -> String {
        switch policy {
        case .guaranteed: "guaranteed: a seat counts for what its lab asks"
        case .profiled: "profiled: a seat counts for what sessions of its lab were measured to use"
        }
    }

    static func session(_ use: SessionUseView) -> String {
        let cpus = use.cpus.map { ", \(self.cpus($0)) CPUs" } ?? ""
        return "\(SizeText.format(use.memoryBytes)), at most \(SizeText.format(use.peakMemoryBytes)) so far\(cpus)"
    }

    static func profile(_ lab: LabView) -> String {
        let profile = lab.profile
        var entries = [("name", lab.name), ("asks", SizeText.format(lab.memoryBytes))]
        if let p50 = profile.memoryP50Bytes, let p95 = profile.memoryP95Bytes {
            entries.append(("memory", "p50 \(SizeText.format(p50)), p95 \(SizeText.format(p95))"))
        }
        if let p50 = profile.cpuP50, let p95 = profile.cpuP95 {
            entries.append(("CPU", "p50 \(cpus(p50)), p95 \(cpus(p95))"))
        }
        entries.append(("learned from", sessions(profile)))
        entries.append(("a seat counts for", seat(lab)))
        return Table.list(entries)
    }

    private static func sessions(_ profile: LabProfileView) -> String {
        let count = "\(profile.sessions) session\(profile.sessions == 1 ? "" : "s")"
        return profile.sessions < profile.sessionsNeeded
            ? "\(count); it counts from \(profile.sessionsNeeded) on" : count
    }

    private static func seat(_ lab: LabView) -> String {
        let asked = SizeText.format(lab.memoryBytes)
        guard lab.profile.chargeBytes < lab.memoryBytes else { return asked }
        return
            "\(asked) where the policy is guaranteed, \(SizeText.format(lab.profile.chargeBytes)) where it is profiled"
    }
}
