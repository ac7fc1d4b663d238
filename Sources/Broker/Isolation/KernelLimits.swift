/// The kernel limits of a host that apply to each user id over all containers together. Labs run as the same few user
/// ids, so all labs of a host share them, and no container limit divides them.
public struct KernelLimits: Hashable, Sendable, Codable {
    /// `fs.inotify.max_user_instances`: programs that watch for file changes, such as `tail -f`.
    public var inotifyInstances: Int64
    /// `fs.inotify.max_user_watches`: the files and directories that they watch.
    public var inotifyWatches: Int64
    /// `fs.pipe-user-pages-soft`: memory of pipes, in pages; 0 for no limit.
    public var pipePages: Int64

    public init(inotifyInstances: Int64, inotifyWatches: Int64, pipePages: Int64) {
        self.inotifyInstances = inotifyInstances
        self.inotifyWatches = inotifyWatches
        self.pipePages = pipePages
    }

    /// nil unless one of the lines is the helper's `kernel INSTANCES WATCHES PAGES`.
    init?(helper lines: [String]) {
        guard let line = lines.first(where: { $0.hasPrefix("kernel ") }) else { return nil }
        let numbers = line.split(separator: " ").dropFirst().compactMap { Int64($0) }
        guard numbers.count == 3, numbers.allSatisfy({ $0 >= 0 }) else { return nil }
        self.init(inotifyInstances: numbers[0], inotifyWatches: numbers[1], pipePages: numbers[2])
    }

    /// The settings that are too small for this many labs, each with its required value.
    public func shortages(slots: Int) -> [String] {
        let settings = [
            ("fs.inotify.max_user_instances", inotifyInstances, BrokerLimits.inotifyInstancesPerLab),
            ("fs.inotify.max_user_watches", inotifyWatches, BrokerLimits.inotifyWatchesPerLab),
            ("fs.pipe-user-pages-soft", pipePages == 0 ? .max : pipePages, BrokerLimits.pipePagesPerLab),
        ]
        return settings.compactMap { name, value, perLab in
            let wanted = Int64(slots) * perLab
            return value < wanted ? "\(name) is \(value) and should be \(wanted)" : nil
        }
    }
}
