import Testing

@testable import BrokerCore

extension Scene {
    static let mebibyte: Int64 = 1 << 20

    /// A round of readings with the memory use of each of these containers, in MiB.
    @discardableResult
    mutating func sample(_ mebibytes: [SessionID: Int64], on host: String = "h1", epoch: Int = 1) -> [Action] {
        let samples = mebibytes.map { id, use in
            UsageSample(
                session: id, epoch: WarmSeatID(run: id) == nil ? epoch : 0, at: now, memoryBytes: use * Self.mebibyte,
                cpuNanoseconds: 0)
        }
        return send(.usageSampled(host: host, samples))
    }

    /// Runs this many sessions of a lab with this memory use, and ends them.
    mutating func learn(_ count: Int, of lab: String = "python", mebibytes: Int64, on host: String = "h1") {
        for number in 0..<count {
            let id = SessionID(rawValue: "\(lab)\(mebibytes)x\(number)")
            run(id, lab: lab)
            for _ in 0..<Limits.samplesOfSession { sample([id: mebibytes], on: host) }
            end(id)
            send(.containerRemoved(id, epoch: 1))
        }
    }

    /// Launches this many sessions, and lets all that get a seat become ready.
    mutating func fill(_ count: Int, context: String? = nil, named prefix: String = "s") {
        for number in 0..<count { launch(SessionID(rawValue: "\(prefix)\(number)"), context: context) }
        while let next = core.sessions.filter({ $0.state.name == "starting" }).map(\.id).min() { ready(next) }
    }

    /// One host of 8 GiB, and labs that request 1 and 6 GiB.
    static func profiled(slots: Int = 40, density: Density = .quick, hosts: [String] = ["h1"]) -> Scene {
        var scene = Scene()
        scene.configure(density, slots: slots, hosts: hosts)
        for host in hosts { scene.listed(host) }
        return scene
    }

    mutating func configure(_ density: Density, slots: Int = 40, hosts: [String] = ["h1"]) {
        send(
            .configure(
                labs: [.python, .rstudio, .big], hosts: hosts.map { .small($0, slots: slots, starts: 40) },
                density: density))
    }
}

extension Density {
    /// A profile takes effect after three sessions.
    static let quick = Density(policy: .profiled, marginPercent: 200, floorBytes: 64 << 20, sessions: 3)
}
