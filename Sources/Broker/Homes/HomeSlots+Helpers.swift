import DockerEngine

/// The helper containers of `HomeSlots`.
extension HomeSlots {
    /// Values of `LabContainer.Label.role`.
    enum Role {
        static let keeper = "keeper"
        static let holder = "holder"
        static let trial = "trial"
        /// The role of the volume.
        static let slots = "slots"
        /// The helpers that attached homes depend on, and without which no home can be attached.
        static let lasting: Set<String> = [keeper, holder]
    }

    private func labels(_ role: String) -> [String: String] {
        labels.merging([LabContainer.Label.role: role]) { $1 }
    }

    private var holderSpec: HelperSpec {
        HelperSpec(
            command: ["hold"], labels: labels(Role.holder), mounts: [.volume(name: volume, destination: "/held")],
            isEssential: true)
    }

    private func keeperSpec(_ directory: String, _ homesRoot: String) -> HelperSpec {
        HelperSpec(
            command: ["hold"], labels: labels(Role.keeper), capabilities: [.systemAdministration], user: "0:0",
            mounts: [
                .volume(name: volume, destination: "/held"), .shared(source: directory, destination: "/slots"),
                .directory(source: homesRoot, destination: "/homes", isReadOnly: false),
            ],
            isEssential: true)
    }

    /// One of the two holds the volume at all times, even while a newer Carrel replaces both.
    func makeHelpers() async throws {
        guard let homesRoot else { throw SharedHomes.Failure(message: "There is no shared root of homes.") }
        let directory = try await engine.ensureSharedMount(name: volume, labels: labels(Role.slots))
        self.directory = directory
        var holds = try await engine.state(ofHelper: holder, holderSpec)
        if holds == .absent {
            try await replace(holder, holderSpec)
            holds = .current
        }
        let keeperSpec = keeperSpec(directory, homesRoot)
        if try await engine.state(ofHelper: keeper, keeperSpec) != .current { try await replace(keeper, keeperSpec) }
        if holds == .outdated { try await replace(holder, holderSpec) }
        try await removeOldHelpers()
    }

    /// An engine that is still removing the old container holds its name a moment longer, so the start is retried.
    private func replace(_ name: String, _ spec: HelperSpec) async throws {
        for _ in 1..<BrokerLimits.helperAttempts {
            do {
                return try await replaceOnce(name, spec)
            } catch let error as EngineError {
                guard error.code == .conflict else { throw error }
            }
            try await Task.sleep(for: BrokerLimits.helperPause)
        }
        try await replaceOnce(name, spec)
    }

    private func replaceOnce(_ name: String, _ spec: HelperSpec) async throws {
        try await engine.removeIfThere(name)
        try await engine.startHelper(name: name, spec)
    }

    /// Checks that a container without capabilities sees what is attached after its start; otherwise homes cannot be
    /// attached here.
    func tryOut() async throws {
        let (slot, name) = ("try", keeper + "-try")
        try await engine.removeIfThere(name)
        try await clear(slot)
        try await make(slot, userID: 1000, groupID: 1000)
        try await order("reach", slot, "")
        let milliseconds = BrokerLimits.slotTrialTimeout.wholeMilliseconds
        let watcher = try await engine.startHelper(
            name: name,
            HelperSpec(
                command: ["await", "\(milliseconds)"], labels: labels(Role.trial),
                mounts: [.slot(source: try await path(of: slot), destination: "/slot")]))
        try await order("mark", slot, "")
        let code = try await engine.wait(watcher, timeout: BrokerLimits.slotTimeout)
        try await engine.removeIfThere(name)
        try await clear(slot)
        guard code == 0 else {
            throw SharedHomes.Failure(message: "What is mounted later does not show in a container that runs.")
        }
    }

    // MARK: Leftovers of older versions

    /// The keeper of older versions ran a lab's image. Homes that it attached stay, because the mounts belong to the
    /// host.
    private func removeOldHelpers() async throws(EngineError) {
        for suffix in ["", "-setup", "-try"] {
            try await engine.removeIfThere("carrel-\(labels[LabContainer.Label.instance] ?? "")-homes" + suffix)
        }
    }

    /// Unmounts the slots of older versions whose lab is gone. Running labs keep theirs.
    /// - Parameter used: slots whose labs still exist.
    func clearOldSlots(besides used: Set<String>) async throws(EngineError) {
        guard homesRoot != nil, hasOldSlots else { return }
        func run(_ command: [String]) async throws(EngineError) -> [String] {
            let spec = HelperSpec(
                command: command, labels: labels(Role.trial), capabilities: [.systemAdministration], user: "0:0",
                mounts: [.shared(source: oldDirectory, destination: "/slots")])
            let name = keeper + "-old"
            try await engine.removeIfThere(name)
            return try await engine.runHelper(name: name, spec, timeout: BrokerLimits.slotTimeout).lines
        }
        let slots: [String]
        do throws(EngineError) { slots = try await run(["list-slots"]) } catch {
            // An engine refuses to bind a directory that does not exist.
            if case .refused = error.code { hasOldSlots = false }
            return
        }
        let over = slots.filter { !used.contains($0) }
        if !over.isEmpty { _ = try await run(["slots"] + over.enumerated().map { "\($0) clear \($1)" }) }
        hasOldSlots = over.count < slots.count
    }
}
