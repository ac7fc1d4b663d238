import BrokerCore
import Foundation
import Identity
import Store

/// A school's core with a store on the disk, driven as the broker drives them: a batch of events, one commit, confirm.
struct House {
    /// As `BrokerLimits.eventsPerStep`.
    static let eventsPerStep = 512

    var school: School
    let store: Store
    /// Sessions that have a seat, and whose lab is not ready.
    private var starting: [SessionID] = []

    init(_ school: School, file: String) throws {
        self.school = school
        store = try Store(path: file)
    }

    /// What the broker does with a batch of events. A launch is looked up first: its learner may have a session that is
    /// over.
    private mutating func step(_ events: [Event]) async throws {
        var actions: [Action] = []
        for event in events {
            guard case .launch(let learner, let lab, _, _, _) = event else { continue }
            if let old = try await store.session(
                of: learner, lab: LabKey(portal: learner.portal, name: lab))
            {
                school.core.adopt(old)
            }
        }
        for event in events { actions += school.core.handle(event, at: school.now) }
        try await store.commit(school.core.pendingChanges)
        school.core.confirm()
        for case .start(let id, _, _) in actions { starting.append(id) }
    }

    private mutating func steps(_ events: [Event]) async throws {
        for first in stride(from: 0, to: events.count, by: Self.eventsPerStep) {
            try await step(Array(events[first..<min(first + Self.eventsPerStep, events.count)]))
        }
    }

    /// So many labs run.
    mutating func fill(sessions: Int) async throws {
        school.open()
        while school.launched < sessions {
            try await step((0..<min(Self.eventsPerStep, sessions - school.launched)).map { _ in school.nextClick })
            _ = try await readyAll()
        }
    }

    /// One learner clicks; milliseconds until it is on the disk. Their lab is ready before the next one comes.
    mutating func launch() async throws -> Double {
        let event = school.nextClick
        let began = ContinuousClock.now
        try await step([event])
        let taken = (ContinuousClock.now - began).milliseconds
        _ = try await readyAll()
        return taken
    }

    /// Everybody clicks at the same moment; seconds until the last one is on the disk.
    mutating func storm(_ count: Int) async throws -> Double {
        let events = (0..<count).map { _ in school.nextClick }
        let began = ContinuousClock.now
        try await steps(events)
        return (ContinuousClock.now - began).milliseconds / 1000
    }

    /// Labs become ready, and those who waited for their starts begin, until everybody who can be served is; seconds.
    mutating func readyAll() async throws -> Double {
        let began = ContinuousClock.now
        while !starting.isEmpty {
            let ready = starting
            starting = []
            try await steps(
                ready.map { .labReady($0, epoch: 1, endpoint: School.endpoint(school.launched)) })
        }
        return (ContinuousClock.now - began).milliseconds / 1000
    }

    /// Those who came after the first so many leave.
    mutating func end(allButFirst kept: Int) async throws {
        let leaving = (kept..<school.launched).map { School.id($0) }
        try await steps(leaving.map { .end($0, reason: .learnerEnded, request: school.newRequest()) })
        try await steps(leaving.map { .containerRemoved($0, epoch: 1) })
    }

    /// Take up what the file holds; how many labs run.
    mutating func restore() async throws -> Int {
        let stored = try store.load()
        _ = school.core.handle(school.configured, at: school.now)
        school.core.confirm()
        let actions =
            school.core.restore(
                sessions: stored.sessions, duties: stored.duties, homes: stored.homes,
                reservations: stored.reservations, claims: stored.claims, at: school.now)
            + school.core.handle(.tick, at: school.now)
        try await store.commit(school.core.pendingChanges)
        school.core.confirm()
        return actions.count { if case .publishRoute = $0 { true } else { false } }
    }

    /// Every host tells all of its containers; seconds for what the core and the store make of it.
    mutating func listAll() async throws -> Double {
        var containers: [String: [ObservedContainer]] = [:]
        for session in school.core.sessions {
            guard case .running(let host, let endpoint, _) = session.state else { continue }
            containers[host, default: []].append(
                ObservedContainer(
                    session: session.id, epoch: session.epoch, containerID: session.id.rawValue, isRunning: true,
                    endpoint: endpoint))
        }
        let events = school.hosts.map { Event.hostListed(host: $0.name, containers: containers[$0.name] ?? []) }
        let began = ContinuousClock.now
        try await steps(events)
        return (ContinuousClock.now - began).milliseconds / 1000
    }
}
