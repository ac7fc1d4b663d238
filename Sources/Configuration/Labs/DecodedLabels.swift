import BrokerCore
import Words

extension MappingReader {
    /// A mapping of labels; empty if the key is absent. Numbers and booleans are taken as they are written.
    func labels(_ key: String) -> [String: String] {
        guard let mapping = mapping(key) else { return [:] }
        if mapping.all.count > Limits.hostLabels {
            mapping.problems.add(
                mapping.place,
                "\(mapping.path) has \(mapping.all.count) labels, but must have at most \(Limits.hostLabels)")
        }
        let rule = Rule<String>(expectation: "1 to 63 letters, digits and . _ -") { scalar in
            scalar.kind != .null && HostLabel.isValue(scalar.text) ? scalar.text : nil
        }
        var labels: [String: String] = [:]
        for entry in mapping.all {
            guard HostLabel.isKey(entry.key) else {
                mapping.problems.add(
                    entry.place, "\(mapping.path) has the key \"\(entry.key)\", but \(HostLabel.expectation)")
                continue
            }
            labels[entry.key] = mapping.optional(entry.key, rule)
        }
        return labels
    }
}
