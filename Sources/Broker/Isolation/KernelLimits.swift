/// What the kernel of a host lets each user id have, over all containers of the host together. Labs run as the same few
/// user ids, so all labs of a host share it, and no limit of a container divides it.
public struct KernelLimits: Hashable, Sendable, Codable {
    /// `fs.inotify.max_user_instances`: programs that wait for changes of files, such as `tail -f`.
    public var inotifyInstances: Int64
    /// `fs.inotify.max_user_watches`: files and directories that they watch.
    public var inotifyWatches: Int64
    /// `fs.pipe-user-pages-soft`: memory of pipes, in pages; 0 where it is not limited.
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

    /// The settings that are too small for so many labs, each with what it should be.
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
