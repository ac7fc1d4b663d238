import BrokerCore
import DockerEngine
import EventLoop

/// A pull of one image on one host.
struct Pull {
    var view: PullView
    var task: Task<Void, Never>?
    /// When it last made progress.
    var toldAt: MonotonicTime
}

extension HostDriver {
    /// The images on the host that labs refer to. All images are listed in one call; a reference that the list lacks is
    /// looked up individually, because the engine resolves more names than it lists.
    func images() async throws(EngineError) -> [String: HostImage?] {
        let references = Set(broker.configuration.labs.map(\.image))
        let listed = try await engine.images()
        var found: [String: HostImage?] = [:]
        for reference in references {
            let name = ImageName.familiar(reference)
            var image = listed.first { $0.names.contains(name) }
            do throws(EngineError) {
                if image == nil { image = try await engine.image(reference) }
                found.updateValue(image.map { HostImage($0) }, forKey: reference)
            } catch {
                // A reference that the engine rejects says nothing about the host; a start reports what is wrong with
                // it.
                if error.isHostUnreachable { throw error }
            }
        }
        return found
    }

    /// Pulls the image, unless a pull of it is in progress.
    func pull(_ reference: String) throws(BrokerError) {
        if pulls[reference]?.view.state == .pulling { return }
        guard pulls.values.count(where: { $0.view.state == .pulling }) < BrokerLimits.pullsPerHost else {
            throw BrokerError(DriverRefusal.pullLimit(BrokerLimits.pullsPerHost, host: name))
        }
        pulls[reference] = Pull(view: PullView(state: .pulling), toldAt: ControlLoop.loop.now)
        pulls[reference]?.task = Task { @ControlLoop in
            do {
                try await self.follow(reference)
                self.pulls[reference]?.view.state = .done
                self.log.info("image pulled", metadata: ["image": "\(reference)"])
            } catch {
                let reason = (error as? EngineError)?.message ?? "\(error)"
                self.pulls[reference]?.view.state = .failed
                self.pulls[reference]?.view.message = reason
                self.log.warning("image not pulled", metadata: ["image": "\(reference)", "reason": "\(reason)"])
            }
            // Lists the host now, so that placement learns of the image at once.
            self.listAgain()
        }
    }

    private func follow(_ reference: String) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.read(reference) }
            group.addTask { try await self.watchSilence(of: reference) }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private func read(_ reference: String) async throws {
        for try await progress in try await engine.pull(reference) {
            guard pulls[reference]?.view.tell(progress) == true else { continue }
            pulls[reference]?.toldAt = ControlLoop.loop.now
        }
    }

    private func watchSilence(of reference: String) async throws {
        while let pull = pulls[reference] {
            let left = BrokerLimits.pullSilence - (ControlLoop.loop.now - pull.toldAt)
            guard left > .zero else {
                throw EngineError(
                    code: .timeout,
                    message:
                        "The pull of \(reference) reported no progress for "
                        + "\(BrokerLimits.pullSilence.components.seconds) s.")
            }
            try await Task.sleep(for: left)
        }
    }
}

extension HostImage {
    init(_ image: EngineImage) {
        self.init(id: image.id, createdAt: image.createdAt.map { Timestamp(milliseconds: $0) })
    }
}

extension PullView {
    /// Updates the view; returns whether there was progress.
    mutating func tell(_ progress: PullProgress) -> Bool {
        let before = self
        layers = progress.layers
        layersDone = progress.layersDone
        bytes = progress.bytes
        totalBytes = progress.totalBytes
        message = progress.status
        return self != before
    }
}
