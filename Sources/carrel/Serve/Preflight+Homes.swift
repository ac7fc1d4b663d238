import Broker
import Configuration
import Store

extension Preflight {
    /// A problem if a portal's homes belong to another Carrel. Blocks on the file system of the homes.
    static func homesOwner(_ configuration: Configuration) async -> ConfigurationProblem? {
        guard let root = configuration.homes else { return nil }
        // A broker that has never run has no state file, and so has created no homes.
        let instance = (try? StateFile(path: configuration.databasePath).summary().instance) ?? "not started yet"
        for portal in configuration.portals {
            let directory = portal.homesDirectory ?? HomeName.encode(portal.id.rawValue)
            let claim = HomesClaim(root: root, directory: directory, portal: portal.id, instance: instance)
            guard let problem = await Task.detached(operation: { claim.problem() }).value else { continue }
            return configuration.problem(line: portal.line, "homes: \(problem)")
        }
        return nil
    }
}
