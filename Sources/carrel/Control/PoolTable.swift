import Broker
import BrokerCore
import Text

/// The table of pools, for operators.
enum PoolTable {
    static func text(_ pools: [PoolView]) -> String {
        var table = Table([
            ("LAB", .left), ("MINIMUM", .right), ("MAXIMUM", .right), ("WANTED", .right), ("READY", .right),
            ("STARTING", .right), ("HOSTS", .left), ("NOTE", .left),
        ])
        let names = LabNames(pools.map(\.portal))
        for pool in pools {
            let hosts = pool.hosts.sortedNaturally(by: \.key).map { "\($0.key) \($0.value)" }
            table.add([
                names.name(pool.lab, of: pool.portal), "\(pool.minimum)", "\(pool.maximum)", "\(pool.wanted)",
                "\(pool.ready)",
                "\(pool.starting)", hosts.joined(separator: ", "), note(pool),
            ])
        }
        return table.text()
    }

    private static func note(_ pool: PoolView) -> String {
        [pool.isSet ? "set by an operator" : nil, pool.reason].compactMap(\.self).joined(separator: "; ")
    }
}
