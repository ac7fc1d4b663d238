import Broker
import Store

extension Preflight {
    /// A problem if the portal's homes belong to another Carrel. Blocks on the file system of the homes.
    static func homesOwner(_ configuration: Configuration) async -> ConfigurationProblem? {
        guard let root = configuration.homes else { return nil }
        // A broker that has never run has no state file, and so has created no homes.
        let instance = (try? StateFile(path: configuration.databasePath).summary().instance) ?? "not started yet"
        let claim = HomesClaim(root: root, portal: configuration.portal.name, instance: instance)
        guard let problem = await Task.detached(operation: { claim.problem() }).value else { return nil }
        return configuration.problem(line: 0, "homes: \(problem)")
    }
}
