import BrokerCore
import Identity

/// A call to an engine. It reaches the engine even if the broker that made it has died in the meantime.
struct EngineCall {
    enum What {
        case create(RunName)
        case start(RunName)
        case probe(RunName)
        case remove(RunName)
        case removeOrphan(String)

        /// The driver's timeout for the answer.
        var patience: Duration {
            switch self {
            case .create, .removeOrphan: .seconds(30)
            case .start: .seconds(60)
            case .probe: .seconds(20)
            case .remove: .seconds(90)
            }
        }

        /// The run whose start this call belongs to.
        var startRun: RunName? {
            switch self {
            case .create(let run), .start(let run), .probe(let run): run
            case .remove, .removeOrphan: nil
            }
        }
    }

    /// The fate of a call in transit.
    enum Fate {
        case arrives
        /// It never arrives.
        case lost
        /// It is executed, but there is no answer.
        case unanswered
    }

    var what: What
    var host: String
    var fate = Fate.arrives
    /// The generation of the broker process that made it.
    var generation: Int

    init(_ what: What, host: String, generation: Int) {
        self.what = what
        self.host = host
        self.generation = generation
    }
}

extension Simulation {
    func call(_ what: EngineCall.What, on host: String) {
        var call = EngineCall(what, host: host, generation: generation)
        var wait = delay(on: host)
        if strikes(.callLost, oneIn: 60) { call.fate = .lost }
        if strikes(.answerLost, oneIn: 60) || wait > what.patience { call.fate = .unanswered }
        if call.fate != .arrives { wait = what.patience }
        if let run = what.startRun {
            busyUntil[run] = time + wait
        } else if case .remove(let run) = what {
            // The driver waits until a call in progress has ended.
            wait += max(Duration.zero, (busyUntil[run] ?? time) - time)
        }
        plan(.call(call), in: wait)
    }

    func execute(_ call: EngineCall) {
        let isHeard = call.generation == generation && core != nil
        // A start that was abandoned makes no further calls; a call already in transit arrives.
        if let run = call.what.startRun, isHeard, startTasks[run] == nil { return }
        if call.fate != .lost { arrive(call, isHeard: isHeard && call.fate == .arrives) }
        if isHeard, call.fate != .arrives { giveUp(call) }
    }

    /// The driver's timeout has expired.
    private func giveUp(_ call: EngineCall) {
        switch call.what {
        case .create(let run), .start(let run): startFails(run, .hostUnreachable("no answer"), on: call.host)
        case .probe(let run): startFails(run, .neverReady("no answer for 20 s"), on: call.host)
        case .remove(let run): deliver(.removeFailed(run.session, epoch: run.epoch, message: "no answer"))
        case .removeOrphan: break
        }
    }

    private func arrive(_ call: EngineCall, isHeard: Bool) {
        if let run = call.what.startRun {
            guard engines[call.host]!.isUp else {
                return isHeard ? startFails(run, .hostUnreachable("connection refused"), on: call.host) : ()
            }
        }
        switch call.what {
        case .create(let run): create(run, on: call.host, isHeard)
        case .start(let run): startContainer(run, on: call.host, isHeard)
        case .probe(let run): probe(run, on: call.host, isHeard)
        case .remove(let run): removeContainer(run, on: call.host, isHeard)
        case .removeOrphan(let id): if engines[call.host]!.isUp { engines[call.host]!.remove(containerID: id) }
        }
    }

    /// The owner of the home with which a container is created: nobody for a warm seat, which gets its home later.
    private func home(of run: RunName) -> String? {
        guard let warm = WarmSeatID(run: run.session) else { return store.sessions[run.session]!.learner.id }
        return store.warm[warm].map(\.learner) ?? store.live.first { $0.warm == warm }?.learner.id
    }

    /// When a late call arrives, the seat may be gone: then its broker is dead, too, or has given the seat up.
    private func lab(of run: RunName) -> LabKey {
        if let warm = WarmSeatID(run: run.session) {
            return store.warm[warm]?.pool ?? store.live.first { $0.warm == warm }?.lab ?? allLabs[0].key
        }
        return store.sessions[run.session]!.lab
    }

    private func startFails(_ run: RunName, _ failure: StartFailure, on host: String) {
        count("start failed")
        startTasks[run] = nil
        let name = reportsAs[run] ?? run
        deliver(.startFailed(name.session, epoch: name.epoch, failure))
    }

    private func create(_ run: RunName, on host: String, _ isHeard: Bool) {
        if let container = engines[host]!.containers[run] {
            guard isHeard else { return }
            switch container.condition {
            case .created: break
            case .running: return self.call(.probe(run), on: host)
            case .exited(let code, let outOfMemory):
                startTasks[run] = nil
                return deliver(
                    .containerExited(run.session, epoch: run.epoch, code: code, outOfMemory: outOfMemory))
            }
        } else {
            let key = lab(of: run)
            let lab = allLabs.first { $0.key == key }!
            guard engines[host]!.images.contains(lab.image) else {
                return isHeard ? startFails(run, .imageMissing(lab.image), on: host) : ()
            }
            if engines[host]!.isDiskFull || strikes(.hostDiskFull, oneIn: 15) {
                return isHeard ? startFails(run, .engine("no space left on device"), on: host) : ()
            }
            engines[host]!.create(run, home: home(of: run), use: use(of: lab))
            if isHeard { checkCrowding(on: host) } else { engines[host]!.loseAccount() }
        }
        guard isHeard else { return }
        let name = reportsAs[run] ?? run
        deliver(.containerCreated(name.session, epoch: name.epoch))
        call(.start(run), on: host)
    }

    /// Labs request the memory that they may need at most; most use much less of it.
    private func use(of lab: Lab) -> Int64 {
        let percent = lab.name == "python" || lab.name == "quick" ? 5...40 : 30...100
        return lab.memoryBytes / 100 * Int64(Int.random(in: percent, using: &random))
    }

    private func startContainer(_ run: RunName, on host: String, _ isHeard: Bool) {
        guard engines[host]!.containers[run] != nil else {
            return isHeard ? startFails(run, .engine("no such container"), on: host) : ()
        }
        let endpoint = engines[host]!.start(run, at: wall)
        endpoints[endpoint] = run
        guard isHeard else { return }
        let name = reportsAs[run] ?? run
        deliver(.containerStarted(name.session, epoch: name.epoch, endpoint: endpoint))
        call(.probe(run), on: host)
    }

    private func probe(_ run: RunName, on host: String, _ isHeard: Bool) {
        guard isHeard else { return }
        guard case .running(let endpoint)? = engines[host]!.containers[run]?.condition else {
            return startFails(run, .labStopped("the container stopped"), on: host)
        }
        if strikes(.labSilent, oneIn: 20) { return startFails(run, .neverReady("no answer for 20 s"), on: host) }
        startTasks[run] = nil
        let name = reportsAs[run] ?? run
        if let learner = store.sessions[name.session]?.learner.id {
            // Attaches a home to a running container; idempotent.
            if engines[host]!.homes[run] == nil, !engines[host]!.attaches, lab(of: run).name != "quick" {
                complain("\(run) gets a home on \(host), which cannot attach one")
            }
            if let home = engines[host]!.homes[run], home != learner { complain("\(run) shows \(home) and \(learner)") }
            engines[host]!.homes[run] = learner
        }
        deliver(.labReady(name.session, epoch: name.epoch, endpoint: endpoint))
    }

    private func removeContainer(_ run: RunName, on host: String, _ isHeard: Bool) {
        guard engines[host]!.isUp, !strikes(.removalFailed, oneIn: 10) else {
            if isHeard { deliver(.removeFailed(run.session, epoch: run.epoch, message: "device is busy")) }
            return
        }
        engines[host]!.containers[run] = nil
        if isHeard { deliver(.containerRemoved(run.session, epoch: run.epoch)) }
    }
}
