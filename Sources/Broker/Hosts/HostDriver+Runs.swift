import BrokerCore
import DockerEngine
import EventLoop
import Text

extension HostDriver {
    /// Creates and starts the run's container and waits until the lab is ready. Idempotent: after a restart of the
    /// broker it continues with the existing container.
    ///
    /// A session that has claimed a warm seat continues with that seat's container, and takes over its start.
    func start(_ session: Session, lab: Lab) {
        let container = broker.container(for: session, lab: lab, on: configuration)
        if session.warm != nil, let own = starts[container.name], !claims.contains(container.name) {
            own.cancel()
            starts[container.name] = nil
        }
        if session.warm != nil { claims.insert(container.name) }
        begin(container, as: session.id, epoch: session.epoch) {
            if session.warm == nil {
                let homed = try await container.preparingHome(by: self.broker.configuration, engine: self.engine)
                try await self.bringUp(homed, as: session.id, epoch: session.epoch)
            } else {
                try await self.takeOver(container, as: session.id, epoch: session.epoch)
            }
        }
    }

    /// The same for an unclaimed warm seat.
    func start(_ seat: WarmSeat, lab: Lab) {
        let container = broker.container(for: LabContainer.session(for: seat), lab: lab, on: configuration)
        begin(container, as: seat.id.run, epoch: 0) {
            var made = container
            if lab.files == .home, seat.learner == nil {
                made.slot = try await self.makeSlot(for: container)
            } else {
                made = try await container.preparingHome(by: self.broker.configuration, engine: self.engine)
            }
            try await self.bringUp(made, as: seat.id.run, epoch: 0, rehearses: true)
        }
    }

    private func begin(
        _ container: LabContainer, as id: SessionID, epoch: Int, _ work: @escaping @ControlLoop () async throws -> Void
    ) {
        guard starts[container.name] == nil else { return }
        let lab = container.lab
        starts[container.name] = Task { @ControlLoop in
            let failure: StartFailure?
            do {
                try await work()
                failure = nil
            } catch let error as EngineError {
                failure = await self.failure(of: error, startingFrom: lab.image)
            } catch let error as StartProblem {
                failure = error.failure
            } catch let error as SharedHomes.Failure {
                failure = .engine(error.message)
            } catch {
                failure = .engine("\(error)")
            }
            guard !Task.isCancelled else { return }
            self.starts[container.name] = nil
            self.claims.remove(container.name)
            if let failure { self.broker.submit(.startFailed(id, epoch: epoch, failure)) }
        }
    }

    /// The engine answers 404 for a missing image, network or volume alike. Whether the image is missing is determined
    /// by a request for it, not from the message.
    private func failure(of error: EngineError, startingFrom image: String) async -> StartFailure {
        var isImageThere = true
        if error.code == .notFound {
            do throws(EngineError) { isImageThere = try await engine.image(image) != nil } catch {
                if error.isHostUnreachable { return .hostUnreachable(error.message) }
            }
        }
        return StartFailure(error, image: image, isImageThere: isImageThere, host: name)
    }

    /// Turns the warm seat's container into this session's, with the learner's home, which is attached if the container
    /// was created without one. If the container does not exist yet, it is created with the home.
    private func takeOver(_ container: LabContainer, as id: SessionID, epoch: Int) async throws {
        let homed = try await container.preparingHome(by: broker.configuration, engine: engine)
        var details = try await engine.inspectIfThere(container.name)
        let isReady = if case .starting(_, .attaching, _) = container.session.state { true } else { false }
        if details == nil {
            _ = try await findOrCreate(homed)
            details = try await engine.inspect(container.name)
        }
        if let labels = details?.labels, let slot = ContainerLabels(labels).slot, let home = homed.homeDirectory,
            let problem = await attach(home, to: container, slot: slot)
        {
            broker.submit(.attachmentFailed(id, epoch: epoch, message: problem))
            try await stopAndRemove(container.name)
            details = nil
        }
        guard isReady, let details, details.isRunning, let port = details.publishedPort else {
            return try await bringUp(homed, as: id, epoch: epoch)
        }
        broker.submit(
            .labReady(id, epoch: epoch, endpoint: Endpoint(address: configuration.publishAddress, port: port)))
    }

    /// Attaches the home to this container.
    /// - Returns: why it cannot be attached, or nil. On failure the lab is started anew with its home, and the click
    ///   takes longer but loses nothing.
    private func attach(_ home: String, to container: LabContainer, slot: String) async -> String? {
        let name = container.session.container.name.rawValue
        do {
            guard try await slots.path(of: name) == slot else {
                return "The lab was made with a slot of an older version of Carrel."
            }
            try await slots.attach(home, to: name)
            return nil
        } catch {
            let reason = (error as? EngineError)?.message ?? (error as? SharedHomes.Failure)?.message ?? "\(error)"
            log.warning("a home cannot be attached; the lab is started anew", metadata: ["reason": "\(reason)"])
            return reason
        }
    }

    /// - Parameter rehearses: the lab renders its first page before a learner waits for it.
    private func bringUp(
        _ homed: LabContainer, as id: SessionID, epoch: Int, rehearses: Bool = false
    ) async throws {
        let containerID = try await findOrCreate(homed)
        broker.submit(.containerCreated(id, epoch: epoch))
        try await engine.start(containerID)
        let details = try await engine.inspect(containerID)
        guard details.isRunning, let port = details.publishedPort else { throw await stopped(containerID, details) }
        let endpoint = Endpoint(address: configuration.publishAddress, port: port)
        broker.submit(.containerStarted(id, epoch: epoch, endpoint: endpoint))
        try await waitUntilReady(homed, containerID: containerID, endpoint)
        if rehearses { await questions(to: homed, at: endpoint).rehearse() }
        broker.submit(.labReady(id, epoch: epoch, endpoint: endpoint))
    }

    private func findOrCreate(_ container: LabContainer) async throws -> String {
        // If the image is missing, the engine says so when the container is created.
        let volumes = try await engine.image(container.lab.image)?.volumes ?? []
        var made = try container.declaring(volumes: volumes)
        // Records the engine's life during which the container is created.
        made.engineLife = engineLife
        return try await findOrCreate(made.name, made.specification)
    }

    private func findOrCreate(_ name: String, _ specification: ContainerSpec) async throws(EngineError) -> String {
        do throws(EngineError) {
            return try await engine.create(name: name, specification)
        } catch {
            guard error.code == .conflict else { throw error }
            // It was created before a restart of the broker, for this very run: the name is derived from instance,
            // session and epoch.
            return try await engine.inspect(name).id
        }
    }

    private func questions(to container: LabContainer, at endpoint: Endpoint) -> LabQuestions {
        LabQuestions(
            client: broker.client, endpoint: endpoint, kind: container.lab.kind,
            authorization: LabContainer.authorization(container.lab.kind, token: container.token))
    }

    private func waitUntilReady(_ container: LabContainer, containerID: String, _ endpoint: Endpoint) async throws {
        let lab = container.lab
        let questions = questions(to: container, at: endpoint)
        let deadline = ControlLoop.loop.now + lab.readyTimeout
        var isUnlocked = false
        var checkContainerAt = ControlLoop.loop.now + .seconds(1)
        while ControlLoop.loop.now < deadline {
            try Task.checkCancellation()
            let readiness = await questions.readiness()
            if readiness == .ready { return }
            isUnlocked = readiness == .unlocked
            if ControlLoop.loop.now >= checkContainerAt {
                let details = try await engine.inspect(containerID)
                guard details.isRunning else { throw await stopped(containerID, details) }
                checkContainerAt = ControlLoop.loop.now + .seconds(1)
            }
            try await Task.sleep(for: BrokerLimits.readinessInterval)
        }
        let words =
            if isUnlocked {
                "What answers at \(endpoint.address):\(endpoint.port) lets in whoever comes without the lab's token: the image "
                    + "must not turn its server's authentication off."
            } else {
                await "The lab did not answer within \(lab.readyTimeout.components.seconds) s of its start. "
                    + lastWords(containerID)
            }
        throw StartProblem(failure: .neverReady(words))
    }

    private func stopped(_ containerID: String, _ details: ContainerDetails) async -> StartProblem {
        guard !details.isRunning else {
            return StartProblem(failure: .engine("The engine published no port of the lab."))
        }
        let why = details.outOfMemory ? " because it ran out of memory" : " with exit code \(details.exitCode ?? -1)"
        let words = "The lab stopped\(why) before it was ready. " + (await lastWords(containerID))
        return StartProblem(
            failure: StartFault(exitCode: details.exitCode) == .lab ? .labStopped(words) : .engine(words))
    }

    private func lastWords(_ containerID: String) async -> String {
        guard let lines = try? await engine.logs(containerID, lines: BrokerLimits.logLinesTold), !lines.isEmpty else {
            return "It printed nothing."
        }
        return "Its last words: " + Self.told(lines)
    }

    /// Joins a lab's output into one line of limited length, keeping the end, which says the most.
    nonisolated static func told(_ lines: [String]) -> String {
        let text = lines.map { VisibleText.cut($0, to: BrokerLimits.logLineTold, marks: 2) }.joined(separator: " ⏎ ")
        return text.count > BrokerLimits.logTold ? "…" + String(text.suffix(BrokerLimits.logTold - 1)) : text
    }

    /// Removes a container, running or not, and reports the result. A missing one counts as removed. Afterwards clears
    /// its home's slot.
    func remove(_ id: SessionID, epoch: Int) {
        let name = LabContainer.name(instance: broker.instance, session: id, epoch: epoch)
        starts.removeValue(forKey: name)?.cancel()
        claims.remove(name)
        guard removals.insert(name).inserted else { return }
        Task { @ControlLoop in
            defer { self.removals.remove(name) }
            do {
                try await self.stopAndRemove(name)
                if WarmSeatID(run: id) != nil, self.attachment == .possible {
                    try await self.slots.clear(id.rawValue)
                }
                self.broker.submit(.containerRemoved(id, epoch: epoch))
            } catch {
                let message = (error as? EngineError)?.message ?? (error as? SharedHomes.Failure)?.message ?? "\(error)"
                self.broker.submit(.removeFailed(id, epoch: epoch, message: message))
            }
        }
    }

    func removeOrphan(_ containerID: String) {
        guard removals.insert(containerID).inserted else { return }
        Task { @ControlLoop in
            defer { self.removals.remove(containerID) }
            do throws(EngineError) {
                try await self.stopAndRemove(containerID)
                self.log.info("container without a session removed", metadata: ["id": "\(containerID.prefix(12))"])
            } catch {
                self.log.warning(
                    "container without a session stays until the next list", metadata: ["reason": "\(error.message)"])
            }
        }
    }

    /// The grace lets Jupyter save and kernels end by themselves.
    private func stopAndRemove(_ container: String) async throws(EngineError) {
        do {
            try await engine.stop(container, grace: BrokerLimits.stopGrace)
            try await engine.remove(container, force: true)
        } catch  where error.code == .notFound {
            return
        }
    }
}

/// Why a start failed although the engine carried out every request.
struct StartProblem: Error {
    var failure: StartFailure
}

extension StartFailure {
    /// - Parameter isImageThere: whether the engine still had the image after the error.
    init(_ error: EngineError, image: String, isImageThere: Bool, host: String) {
        if error.isHostUnreachable {
            self = .hostUnreachable(error.message)
        } else if !isImageThere {
            self = .imageMissing(
                "The image \(image) is not on host \(host). Build it there, or pull it with "
                    + "`carrel lab prepull`.")
        } else {
            self = .engine(error.message)
        }
    }
}
