import BrokerCore
import Text

/// The differences between two versions of the configuration, in lines for the operator: `host one: slots 4, now 7`.
///
/// Every stored property of a host or lab is compared, so that new properties are included automatically.
public struct ConfigurationChanges: Hashable, Sendable {
    public private(set) var lines: [String] = []

    /// Only the changes that a running broker applies.
    public init(from old: Configuration, to new: Configuration) {
        compare("host", old.hosts, new.hosts, name: \.spec.name) { before, after in
            var differences = Self.differences(before.spec, after.spec)
            if before.endpoint != after.endpoint {
                let (was, now) = (before.endpoint.description, after.endpoint.description)
                differences.append(was == now ? "other TLS files" : "endpoint \(was), now \(now)")
            }
            if before.publishAddress != after.publishAddress {
                differences.append("publish_address \(before.publishAddress), now \(after.publishAddress)")
            }
            if before.brokerAddresses != after.brokerAddresses { differences.append("broker_addresses") }
            return differences
        }
        compare("portal", old.portals, new.portals, name: \.id.rawValue) { before, after in
            Self.differences(before, after, besides: ["labs", "line", "isAdded"])
        }
        // Named with its portal where one of the two files has several.
        let naming = old.portals.count > 1 ? old : new
        compare("lab", old.labs, new.labs, name: { naming.name(of: $0.lab.key) }, differences: Self.differencesOfLabs)
        if old.certificate != new.certificate { lines.append("tls: \(new.certificate.certificate)") }
        if old.pools != new.pools { lines.append("pools") }
        if old.egress != new.egress {
            lines.append("egress: \(Self.differences(old.egress, new.egress).joined(separator: "; "))")
        }
        if old.takeoverGrace != new.takeoverGrace {
            let (was, now) = (DurationText.format(old.takeoverGrace), DurationText.format(new.takeoverGrace))
            lines.append("edge.takeover_grace: \(was), now \(now)")
        }
    }

    private static func differencesOfLabs(_ before: Configuration.LabEntry, _ after: Configuration.LabEntry) -> [String]
    {
        differences(before.lab, after.lab, besides: ["key"])
    }

    private mutating func compare<Entry>(
        _ kind: String, _ old: [Entry], _ new: [Entry], name: (Entry) -> String,
        differences: (Entry, Entry) -> [String]
    ) {
        let before = Dictionary(old.map { (name($0), $0) }) { first, _ in first }
        let names = Set(new.map(name))
        for entry in new {
            guard let known = before[name(entry)] else {
                lines.append("\(kind) \(name(entry)): new")
                continue
            }
            let found = differences(known, entry)
            if !found.isEmpty { lines.append("\(kind) \(name(entry)): \(found.joined(separator: "; "))") }
        }
        for entry in old where !names.contains(name(entry)) { lines.append("\(kind) \(name(entry)): taken out") }
    }

    /// The properties that differ, by the names that they have in the file.
    ///
    /// - Parameter others: properties that are not compared.
    static func differences(_ old: some Any, _ new: some Any, besides others: Set<String> = []) -> [String] {
        zip(Mirror(reflecting: old).children, Mirror(reflecting: new).children).compactMap { before, after in
            guard let label = before.label, !others.contains(label), !isSame(before.value, after.value) else {
                return nil
            }
            guard let was = text(before.value, label), let now = text(after.value, label) else { return key(label) }
            return "\(key(label)) \(was), now \(now)"
        }
    }

    /// Equal dictionaries may have different descriptions, so values are compared directly where they can be.
    private static func isSame(_ one: Any, _ other: Any) -> Bool {
        if let one = one as? AnyHashable, let other = other as? AnyHashable { return one == other }
        return "\(one)" == "\(other)"
    }

    /// `nil` for values that are long or possibly confidential: environments, lists.
    private static func text(_ value: Any, _ label: String) -> String? {
        switch value {
        case let duration as Duration: DurationText.format(duration)
        case let bytes as Int64 where label.hasSuffix("Bytes"): SizeText.format(bytes)
        case let text as String: "\"\(text)\""
        case is Int, is Int64, is Double, is Bool: "\(value)"
        default: Mirror(reflecting: value).displayStyle == .enum ? "\(value)" : nil
        }
    }

    /// `idle_timeout` for `idleTimeout`; keys whose name in the file differs from the property's are mapped.
    private static func key(_ label: String) -> String {
        switch label {
        case "memoryBytes": return "memory"
        case "processLimit": return "processes"
        case "homePath": return "home"
        case "userID", "groupID": return "user"
        case "requires": return "placement.requires"
        case "maximumStarts": return "maximum_starts"
        default:
            return label.reduce(into: "") { key, letter in
                key += letter.isUppercase ? "_" + letter.lowercased() : String(letter)
            }
        }
    }
}
