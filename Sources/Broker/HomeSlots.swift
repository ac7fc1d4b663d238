import BrokerCore
import DockerEngine
import EventLoop

/// Attaches learners' homes to labs that run already on one host, by mount propagation.
///
/// A warm lab is made with a slot for its home: a directory of the host, bound into the lab `rslave`, on which a small
/// tmpfs lies. When the seat is claimed, a resident container (the only one of ours that may mount) binds the learner's
/// directory over it, and the lab sees that from then on. When the lab's container is gone, both mounts are taken off
/// and the empty directory is removed: never anything in it, so that no learner's file can be deleted here.
///
/// What is asked for at the same time goes to the host together: a whole class is attached in a few calls.
@ControlLoop
final class HomeSlots {
    /// One mount, or its end. `argument` is `UID:GID` or the home.
    private struct Order {
        var verb: String
        var slot: String
        var argument: String
        var continuation: CheckedContinuation<Void, any Error>
    }

    private let engine: DockerEngine
    /// The host's directory with all slots; on a file system that a restart of the machine empties.
    let directory: String
    private let keeper: String
    private let labels: [String: String]
    private var orders: [Order] = []
    private var isWorking = false

    init(engine: DockerEngine, instance: String, host: String) {
        self.engine = engine
        directory = "/run/carrel-slots/\(instance)/\(host)"
        keeper = "carrel-\(instance)-homes"
        labels = [LabContainer.Label.instance: instance, LabContainer.Label.role: "homes"]
    }

    func path(of slot: String) -> String { "\(directory)/\(slot)" }

    // MARK: The resident container

    /// Makes the host ready and tries whether a home that is attached shows in a running container. Takes about two
    /// seconds; harmless when it is ready already, and then quick.
    /// - Parameter image: of a lab; it is on the host, and has a shell, `mount` and `nsenter` (util-linux).
    func prepare(homesRoot: String, image: String) async -> HomeAttachment {
        do {
            if try await engine.inspectIfThere(keeper)?.isRunning != true {
                try await engine.removeIfThere(keeper)
                try await makeShared(image: image)
                try await engine.startMountKeeper(
                    name: keeper,
                    MountKeeperSpec(
                        image: image, command: ["sleep", "infinity"], labels: labels,
                        reach: .directories(shared: directory, others: [homesRoot])))
            }
            try await tryOut(image: image)
            return .possible
        } catch let error as EngineError {
            return .impossible(reason: error.message)
        } catch let error as SharedHomes.Failure {
            return .impossible(reason: error.message)
        } catch {
            return .impossible(reason: "\(error)")
        }
    }

    private func makeShared(image: String) async throws {
        let name = keeper + "-setup"
        try await engine.removeIfThere(name)
        // Where the engine looks for what it binds: by its own process, else by the host's first.
        let script = """
            for process in $(grep -lx dockerd /proc/[0-9]*/comm) /proc/1/comm; do
                pid=${process#/proc/}
                nsenter -t "${pid%/comm}" -m -- true && break
            done
            exec nsenter -t "${pid%/comm}" -m -- sh -c '
                mkdir -p "$1" && { mountpoint -q "$1" || mount --bind "$1" "$1"; } && mount --make-rshared "$1"
            ' sh "$1"
            """
        try await engine.startMountKeeper(
            name: name,
            MountKeeperSpec(
                image: image, command: ["sh", "-c", script, "sh", directory],
                labels: labels, reach: .host))
        let code = try await engine.wait(name, timeout: BrokerLimits.slotTimeout)
        let words = (try? await engine.logs(name, lines: 3)) ?? []
        try await engine.removeIfThere(name)
        guard code == 0 else {
            throw SharedHomes.Failure(
                message: "The host's \(directory) cannot be made a shared mount: " + words.joined(separator: " "))
        }
    }

    /// A container without any capability sees what is attached after its start, or homes are not attached here.
    private func tryOut(image: String) async throws {
        let (slot, name) = ("try", keeper + "-try")
        try await engine.removeIfThere(name)
        try await clear(slot)
        try await make(slot, userID: 1000, groupID: 1000)
        let script = "for i in $(seq 100); do [ -e /slot/attached ] && exit 0; sleep 0.05; done; exit 1"
        let spec = ContainerSpec(
            image: image, command: ["sh", "-c", script], environment: [:], labels: labels, user: "1000:1000",
            hostname: "try", port: 1, publishAddress: "127.0.0.1", memoryBytes: 64 << 20, cpus: 1, processLimit: 16,
            mounts: [.slot(source: path(of: slot), destination: "/slot")], network: "none")
        let container = try await engine.create(name: name, spec)
        try await engine.start(container)
        try await order("mark", slot, "")
        let code = try await engine.wait(name, timeout: BrokerLimits.slotTimeout)
        try await engine.removeIfThere(name)
        try await clear(slot)
        guard code == 0 else {
            throw SharedHomes.Failure(message: "What is mounted later does not show in a container that runs.")
        }
    }

    // MARK: Slots

    /// An empty place for a home that comes later; what the lab writes before that is in memory, and goes with it.
    func make(_ slot: String, userID: Int, groupID: Int) async throws {
        try await order("make", slot, "\(userID):\(groupID)")
    }

    /// The home shows in the slot's lab. Harmless when it does already; another home than the first is refused.
    func attach(_ home: String, to slot: String) async throws { try await order("attach", slot, home) }

    /// Nothing is mounted there any more. The lab's container must be gone. Harmless when there is no such slot.
    func clear(_ slot: String) async throws { try await order("clear", slot, "") }

    /// The slots that there are.
    func list() async throws -> [String] {
        let (lines, code) = try await engine.execute(
            ["ls", "-1", directory], in: keeper, timeout: BrokerLimits.slotTimeout)
        guard code == 0 else { throw SharedHomes.Failure(message: lines.joined(separator: " ")) }
        return lines
    }

    private func order(_ verb: String, _ slot: String, _ argument: String) async throws {
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
            let words = batch.flatMap { [$0.verb, $0.slot, $0.argument] }
            do throws(EngineError) {
                let (lines, _) = try await engine.execute(
                    ["sh", "-c", Self.script, "sh", directory] + words, in: keeper, timeout: BrokerLimits.slotTimeout)
                for (index, order) in batch.enumerated() {
                    let failure = lines.first { $0.hasPrefix("\(index + 1) failed") }
                    if lines.contains("\(index + 1) done") {
                        order.continuation.resume()
                    } else {
                        order.continuation.resume(
                            throwing: SharedHomes.Failure(
                                message: "The home of \(order.slot) cannot be attached (\(order.verb)): "
                                    + (failure ?? lines.joined(separator: " "))))
                    }
                }
            } catch {
                for order in batch { order.continuation.resume(throwing: error) }
            }
        }
        isWorking = false
    }

    /// Takes orders three words at a time and says of each, by its number, whether it is done. Removes nothing but
    /// mounts, empty directories and the file that it tries itself out with, which lies on a tmpfs.
    private static let script = #"""
        cd "$1" || exit 1
        shift
        n=0
        line_end=$(printf '\n.')
        line_end=${line_end%.}
        same() { [ "$(stat -c %d:%i "$1" 2>&1)" = "$(stat -c %d:%i "$2" 2>&1)" ]; }
        make() {
            mkdir -p "$1" || return
            mountpoint -q "$1" && return
            mount -t tmpfs -o "mode=0700,size=16m,uid=${2%:*},gid=${2#*:}" carrel "$1"
        }
        attach() {
            # A whole class waits for this: as few programs as can be.
            case $(grep -F " $PWD/$1 " /proc/self/mountinfo) in
            *"$line_end"*) ;;
            *' - tmpfs carrel '*)
                mount --bind "$2" "$1"
                return
                ;;
            esac
            same "$1" "$2" || {
                echo "the slot is not empty"
                return 1
            }
        }
        mark() { mount -t tmpfs -o mode=0755,size=4k,nr_inodes=8 carrel "$1" && : >"$1/attached"; }
        clear() {
            while mountpoint -q "$1"; do umount "$1" || return; done
            [ ! -e "$1" ] || rmdir "$1"
        }
        while [ $# -ge 3 ]; do
            n=$((n + 1))
            if words=$("$1" "$2" "$3" 2>&1); then echo "$n done"; else echo "$n failed" $words; fi
            shift 3
        done
        """#
}

extension DockerEngine {
    /// `nil` when there is no such container.
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
