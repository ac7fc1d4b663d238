import BrokerCore
import Identity
import Words

/// The contents of the disk. Applies changes in sequence and validates each without knowing the broker's reasons.
struct SimulatedStore {
    private(set) var sessions: [SessionID: Session] = [:]
    private(set) var duties: [String: HostDuty] = [:]
    private(set) var hosts: [String: HostEntry] = [:]
    private(set) var adjustments: [String: HostAdjustment] = [:]
    private(set) var engines: [String: String] = [:]
    private(set) var proofs: [String: String] = [:]
    private(set) var rollingDrain: RollingDrain?
    private(set) var homes: [String: HomeLocation] = [:]
    private(set) var stories: [SessionID: [StoryEntry]] = [:]
    private(set) var reservations: [ReservationID: Reservation] = [:]
    private(set) var claims: Set<Claim> = []
    private(set) var warm: [WarmSeatID: WarmSeat] = [:]
    private(set) var pools: [LabKey: PoolSpec] = [:]
    private(set) var profiles: [LabKey: UsageProfile] = [:]
    private(set) var lastWarmNumber: Int64 = 0
    /// The sessions that have ever taken over a warm seat's container.
    private var warmOwners: [WarmSeatID: SessionID] = [:]
    private var places: [SessionID: Timestamp] = [:]
    /// The violations that were found.
    private(set) var complaints: [String] = []
    let sharedHomes: Bool

    /// Labs that keep no files, and so do not bind learners to a host.
    private let filelessLabs: Set<LabKey>

    init(sharedHomes: Bool, filelessLabs: Set<LabKey>) {
        self.sharedHomes = sharedHomes
        self.filelessLabs = filelessLabs
    }

    var live: [Session] {
        sessions.values.filter { session in
            switch session.state {
            case .queued, .starting, .running, .ending, .parking, .parked: true
            case .ended, .failed: false
            }
        }.sorted { $0.id < $1.id }
    }

    var storedHosts: StoredHosts {
        StoredHosts(
            entries: hosts.values.sorted { $0.spec.name < $1.spec.name }, adjustments: adjustments,
            engines: engines, proofs: proofs, rollingDrain: rollingDrain)
    }

    var liveClaims: [Claim] {
        claims.filter { [.booked, .closed].contains(reservations[$0.reservation]?.phase) }.sorted {
            ($0.reservation, $0.learner) < ($1.reservation, $1.learner)
        }
    }

    func session(of learner: Learner, lab: LabKey) -> Session? {
        sessions.values.first { $0.learner.portal == learner.portal && $0.learner.id == learner.id && $0.lab == lab }
    }

    /// - Parameter jump: the amount by which the clock was set when the broker decided this.
    mutating func commit(_ changes: [Change], jump: Duration = .zero) {
        for (index, change) in changes.enumerated() {
            switch change {
            case .session(let session):
                look(at: session, before: sessions[session.id], followedBy: changes.dropFirst(index + 1).first)
                sessions[session.id] = session
            case .story(let line):
                let entry = StoryEntry(line)
                if entry.reason.isEmpty { complaints.append("\(entry.session): a story without a reason") }
                stories[entry.session, default: []].append(entry)
            case .duty(let host, let duty):
                duties[host] = duty
            case .engine(let host, let id):
                engines[host] = id
            case .proof(let host, let mark):
                proofs[host] = mark
            case .rollingDrain(let drain):
                rollingDrain = drain
            case .hostEntry(let host, let entry):
                hosts[host] = entry
            case .hostAdjustment(let host, let adjustment):
                adjustments[host] = adjustment
            case .hostForgotten(let host):
                if let live = live.first(where: { $0.state.host == host }) {
                    complaints.append("\(host) is removed with \(live.id) on it")
                }
                (duties[host], hosts[host], adjustments[host], engines[host]) = (nil, nil, nil, nil)
            case .reservation(let reservation):
                look(at: reservation, before: reservations[reservation.id])
                reservations[reservation.id] = reservation
            case .peak(let id, let seats):
                let old = reservations[id]
                if seats <= old?.peakSeats ?? 0 || seats > old?.terms.seats ?? 0 {
                    complaints.append("\(id) has a peak of \(seats) after \(old as Any)")
                }
                reservations[id]?.peakSeats = seats
            case .claim(let id, let learner, _):
                if reservations[id]?.phase != .booked {
                    complaints.append("\(learner) claims a seat of \(id), which is over")
                }
                claims.insert(Claim(reservation: id, learner: learner))
                let count = claims.count { $0.reservation == id }
                if count > reservations[id]?.terms.seats ?? 0 { complaints.append("\(count) claims on \(id)") }
            case .warm(let seat):
                look(at: seat, before: warm[seat.id], jump: jump)
                warm[seat.id] = seat
                lastWarmNumber = max(lastWarmNumber, seat.id.number)
            case .warmGone(let id):
                if warm.removeValue(forKey: id) == nil { complaints.append("\(id) is gone twice") }
            case .pool(let pool):
                pools[pool.key] = pool
            case .poolReset(let key):
                pools[key] = nil
            case .profile(let lab, let profile):
                if profile.sessions <= profiles[lab]?.sessions ?? 0 {
                    complaints.append("the profile of \(lab) is written with nothing new in it")
                }
                profiles[lab] = profile
            case .home(let portal, let learner, let host):
                homes["\(portal)/\(learner)"] = HomeLocation(portal: portal, learner: learner, host: host)
            }
        }
        for case .session(let session) in changes where !sharedHomes && session.state.name == "running" {
            let isKept = !filelessLabs.contains(session.lab)
            if isKept, homes["\(session.learner.portal)/\(session.learner.id)"] == nil {
                complaints.append("\(session.id) runs, and where its home is is not on disk")
            }
        }
    }

    private mutating func look(at seat: WarmSeat, before old: WarmSeat?, jump: Duration) {
        func complain(_ what: String) { complaints.append("\(seat.id): \(what)") }
        if let old {
            if case .ready(let endpoint, let since) = old.state {
                // If the clock was set, the time since which the seat is ready moves with it, and nothing else may
                // change.
                let isMoved = jump != .zero && seat.state == .ready(endpoint, since: since + jump)
                if !isMoved { complain("ready, and written again") }
            }
            if old.host != seat.host || old.pool != seat.pool || old.terms != seat.terms { complain("became another") }
        } else {
            if seat.id.number <= lastWarmNumber { complain("a number that was used") }
            if duties[seat.host] ?? .active != .active { complain("on \(seat.host), which is \(duties[seat.host]!)") }
        }
    }

    private mutating func look(at reservation: Reservation, before old: Reservation?) {
        func complain(_ what: String) { complaints.append("\(reservation.id): \(what)") }
        if let old {
            let order: [Reservation.Phase] = [.booked, .closed, .over, .cancelled]
            if order.firstIndex(of: reservation.phase)! < order.firstIndex(of: old.phase)! { complain("went back") }
            // The times follow the rules of their time zone; their wall clock form may be added later.
            var terms = old.terms
            if terms.wall != nil { (terms.from, terms.to) = (reservation.terms.from, reservation.terms.to) }
            terms.wall = terms.wall ?? reservation.terms.wall
            if reservation.terms != terms { complain("has other terms") }
            if let released = old.released, reservation.released != released { complain("releases other seats") }
            if reservation.origin?.series != old.origin?.series { complain("is of another series") }
        } else if reservation.missingSeats > 0 {
            complain("was admitted without its seats")
        }
        if reservation.phase != .booked, !reservation.allocation.isEmpty { complain("is over and holds seats") }
    }

    private mutating func look(at session: Session, before old: Session?, followedBy next: Change?) {
        func complain(_ what: String) { complaints.append("\(session.id) epoch \(session.epoch): \(what)") }
        if let old, session.epoch < old.epoch { complain("the epoch went back from \(old.epoch)") }
        if old == nil, session.epoch != 1 { complain("the first epoch") }
        let isNewState = old?.state.name != session.state.name
        if isNewState || old?.epoch != session.epoch {
            guard case .story(let story)? = next, story.session == session.id, story.state == session.state.name,
                story.epoch == session.epoch
            else { return complain("\(session.state.name) without a story") }
        }
        if let warm = session.warm {
            let owner = warmOwners[warm] ?? session.id
            if owner != session.id { complain("has \(warm), which \(owner) had") }
            warmOwners[warm] = session.id
            if self.warm[warm] != nil { complain("has \(warm), which is still offered") }
        }
        if session.warm != nil, old?.state.name == "queued", old?.epoch == session.epoch {
            guard ["starting", "running"].contains(session.state.name) else { return complain("claimed and over") }
            return
        }
        if let old, old.epoch == session.epoch, !Self.isLegal(old.state.name, session.state.name) {
            complain("\(old.state.name) became \(session.state.name) in the same run")
        }
        if old == nil || old?.epoch != session.epoch, session.state.name != "queued" {
            complain("a new run that begins as \(session.state.name)")
        }
        if case .queued(let place) = session.state {
            // The clock may have been set back between queueing and start.
            if case .starting(_, _, let since)? = old?.state, place > since, place != places[session.id] {
                complain("lost its place in the queue")
            }
            places[session.id] = place
        }
        if case .starting(let host, _, _) = session.state, isNewState {
            if duties[host] ?? .active != .active { complain("placed on \(host), which is \(duties[host]!)") }
            let home = homes["\(session.learner.portal)/\(session.learner.id)"]
            let isKept = !filelessLabs.contains(session.lab)
            if !sharedHomes, isKept, let home, home.host != host, duties[home.host] != .lost {
                complain("placed on \(host), at home on \(home.host)")
            }
        }
        if let old, old.epoch == session.epoch, old.state.host != nil, let host = session.state.host,
            host != old.state.host
        {
            complain("moved to \(host) in the same run")
        }
    }

    /// Whether one state may follow another within a run.
    private static func isLegal(_ old: String, _ new: String) -> Bool {
        switch old {
        case "queued": ["queued", "starting", "ended", "failed"].contains(new)
        case "starting": ["starting", "running", "ending", "ended", "failed"].contains(new)
        case "running": ["running", "ending", "ended", "parking"].contains(new)
        case "ending": ["ending", "ended"].contains(new)
        case "parking": ["parking", "parked", "ending"].contains(new)
        case "parked": ["parked", "ended"].contains(new)
        default: old == new
        }
    }
}
