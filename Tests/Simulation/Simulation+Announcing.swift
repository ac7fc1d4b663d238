import BrokerCore

/// Ends that operators announce, postpone and withdraw.
extension Simulation {
    func endOne() {
        guard let session = random.pick(store.live) else { return }
        guard !random.oneIn(4) else {
            return take(.end(session.id, reason: .operatorEnded(note: "enough"), request: newRequest()))
        }
        let end = AnnouncedEnd(at: wall + random.milliseconds(1...60_000), note: Self.announcement)
        take(.announceEnd(session.id, end, request: newRequest()))
        if random.oneIn(3) {
            count("announced end cancelled")
            take(.cancelEnd(session.id, request: newRequest()))
        }
    }

    /// Checks that an announced end comes on time.
    func checkAnnounced(_ core: BrokerCore) {
        for session in core.sessions {
            guard let end = core.announcedEnd(of: session.id), end.at < wall else { continue }
            complain("\(session.id) runs, and its end was announced for \(end.at)")
        }
    }

    /// Checks a change that is about to be written, in which an operator ends a run.
    func checkAnnouncedEnd(_ note: String, of session: Session) {
        guard note == Self.announcement, let announced = store.sessions[session.id]?.stay.announcedEnd else { return }
        if announced.at <= wall { count("ended as announced") }
    }

    private static let announcement = "as announced"
}
