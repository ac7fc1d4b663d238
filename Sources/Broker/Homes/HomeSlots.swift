import BrokerCore
import DockerEngine
import EventLoop
import Logging

/// Attaches learners' homes to running labs on one host, by mount propagation.
///
/// A warm lab is created with a slot for its home: a directory of the host, bound into the lab as `rslave`, on which a
/// small tmpfs is mounted. When the seat is claimed, the keeper (the only container of ours that may mount) binds the
/// learner's directory over it, and the lab sees that from then on. When the lab's container is gone, both mounts are
/// unmounted and the empty directory is removed, never its contents, so that no learner's file can be deleted here.
///
/// The slots are in a volume that the engine mounts as a shared mount, so nothing enters the host's namespaces. The
/// engine unmounts the volume, and with it every home, when the last container that uses it ends. Besides the keeper a
/// second container, the holder, therefore keeps it mounted and does nothing else. Both run only our own program; see
/// `HelperSpec`.
///
/// Concurrent requests are batched: a whole class is attached in a few calls.
@ControlLoop
final class HomeSlots {
    /// One mount or unmount. `argument` is `UID:GID` or the home, relative to the homes root.
    private struct Order {
        var verb: String
        var slot: String
        var argument: String
        var continuation: CheckedContinuation<Void, any Error>
    }

    let engine: DockerEngine
    let homesRoot: String?
    let volume: String
    let keeper: String
    let holder: String
    /// Labels without a role; the role distinguishes the helpers.
    let labels: [String: String]
    /// The host's directory with all slots, where the engine mounts the volume; nil until it has been created.
    var directory: String?
    /// The directory in which versions of Carrel without the volume had their slots.
    let oldDirectory: String
    var hasOldSlots = true
    /// The preparation in progress, which concurrent callers share.
    private var preparing: Task<Void, any Error>?
    private var orders: [Order] = []
    private var isWorking = false

    init(engine: DockerEngine, instance: String, host: String, homesRoot: String?) {
        self.engine = engine
        self.homesRoot = homesRoot
        volume = "carrel-\(instance)-slots"
        keeper = "carrel-\(instance)-keeper"
        holder = "carrel-\(instance)-holder"
        oldDirectory = "/run/carrel-slots/\(instance)/\(host)"
        labels = [LabContainer.Label.instance: instance]
    }

    /// A slot's path on the host.
    func path(of slot: String) async throws -> String {
        if directory == nil { try await ensureHelpers() }
        guard let directory else { throw SharedHomes.Failure(message: "There is no place for slots on this host.") }
        return "\(directory)/\(slot)"
    }

    /// Prepares the host and checks that an attached home shows in a running container. Takes about two seconds; quick
    /// and without effect if the host is already prepared.
    func prepare() async -> HomeAttachment {
        do {
            try await ensureHelpers()
            try await tryOut()
            try? await engine.removeOldHelperImages()
            return .possible
        } catch let error as EngineError {
            return .impossible(reason: error.message)
        } catch let error as SharedHomes.Failure {
            return .impossible(reason: error.message)
        } catch {
            return .impossible(reason: "\(error)")
        }
    }

    /// Ensures that keeper and holder are running.
    func ensureHelpers() async throws {
        if let preparing { return try await preparing.value }
        let task = Task { @ControlLoop in try await self.makeHelpers() }
        preparing = task
        defer { preparing = nil }
        try await task.value
    }

    // MARK: Slots

    /// Creates an empty slot for a home that is attached later; what the lab writes before that is in memory and is
    /// lost.
    func make(_ slot: String, userID: Int, groupID: Int) async throws {
        try await order("make", slot, "\(userID):\(groupID)")
    }

    /// Makes the home visible in the slot's lab. Idempotent for the same home; a second, different home is refused.
    /// - Parameter home: its path on the homes root.
    func attach(_ home: String, to slot: String) async throws {
        guard let homesRoot, home.hasPrefix(homesRoot + "/") else {
            throw SharedHomes.Failure(message: "\(home) is not on the homes root.")
        }
        try await order("attach", slot, String(home.dropFirst(homesRoot.count + 1)))
    }

    /// Unmounts everything in a slot. The lab's container must be gone. A no-op if there is no such slot.
    func clear(_ slot: String) async throws { try await order("clear", slot, "") }

    /// The existing slots.
    func list() async throws -> [String] {
        let (lines, code) = try await execute(["list-slots"])
        guard code == 0 else { throw SharedHomes.Failure(message: lines.joined(separator: " ")) }
        return lines
    }

    func order(_ verb: String, _ slot: String, _ argument: String) async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            orders.append(Order(verb: verb, slot: slot, argument: argument, continuation: continuation))
            guard !isWorking else { return }
            isWorking = true
            Task { @ControlLoop in await self.work() }
        }
    }

    private func work() async {
        while !orders.isEmpty {
            var gathering = Gathering(at: ControlLoop.loop.now)
            while gathering.waits(with: orders.count, at: ControlLoop.loop.now) {
                try? await Task.sleep(for: BrokerLimits.slotLull)
            }
            let batch = Array(orders.prefix(BrokerLimits.slotsPerCall))
            orders.removeFirst(batch.count)
            let words = batch.enumerated().map { "\($0) \($1.verb) \($1.slot) \($1.argument)" }
            do {
                let answers = SlotAnswers(try await execute(["slots"] + words).lines)
                for (number, order) in batch.enumerated() {
                    if let failure = answers.failure(of: number) {
                        order.continuation.resume(
                            throwing: SharedHomes.Failure(
                                message: "The home of \(order.slot) cannot be attached (\(order.verb)): \(failure)"))
                    } else {
                        order.continuation.resume()
                    }
                }
            } catch {
                for order in batch { order.continuation.resume(throwing: error) }
            }
        }
        isWorking = false
    }

    /// Runs our program in the keeper, and recreates the keeper once if it is gone.
    private func execute(_ words: [String]) async throws -> (lines: [String], code: Int) {
        let command = [HelperSpec.program] + words
        do throws(EngineError) {
            return try await engine.execute(command, in: keeper, timeout: BrokerLimits.slotTimeout)
        } catch {
            guard error.code == .notFound || error.code == .conflict else { throw error }
        }
        try await ensureHelpers()
        return try await engine.execute(command, in: keeper, timeout: BrokerLimits.slotTimeout)
    }
}

/// The helper program's answer to slot orders: a line for each, `NUMBER done` or `NUMBER failed` with the reason.
struct SlotAnswers {
    private var failures: [Int: String] = [:]
    private var done: Set<Int> = []
    private let others: String

    init(_ lines: [String]) {
        var others: [String] = []
        for line in lines {
            let words = line.split(separator: " ", maxSplits: 2)
            if words.count == 2, words[1] == "done", let number = Int(words[0]) {
                done.insert(number)
            } else if words.count == 3, words[1] == "failed", let number = Int(words[0]) {
                failures[number] = String(words[2])
            } else {
                others.append(line)
            }
        }
        self.others = others.joined(separator: " ")
    }

    /// The failure of an order; nil if it was carried out. An order without an answer has failed.
    func failure(of number: Int) -> String? {
        if let failure = failures[number] { return failure }
        if done.contains(number) { return nil }
        return others.isEmpty ? "the keeper gave no answer" : others
    }
}

extension DockerEngine {
    /// `nil` if there is no such container.
    func inspectIfThere(_ container: String) async throws(EngineError) -> ContainerDetails? {
        do throws(EngineError) { return try await inspect(container) } catch {
            guard error.code == .notFound else { throw error }
            return nil
        }
    }

    func removeIfThere(_ container: String) async throws(EngineError) {
        do throws(EngineError) { try await remove(container, force: true) } catch {
            guard error.code == .notFound else { throw error }
        }
    }
}
