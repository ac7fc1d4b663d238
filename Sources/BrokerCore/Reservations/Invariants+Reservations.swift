/// The invariants of reservations.
extension BrokerCore {
    /// Hosts without enough room now for both their present sessions and the seats promised there, in words. Empty
    /// unless the clock was changed, or the broker was down when sessions should have ended.
    public func brokenPromises(at now: Timestamp) -> [String] {
        hosts.compactMap { host in
            guard host.isReachable, host.settings.isPromising, !step.mayPromise else { return nil }
            var seats = host.usage.sessions.count { id in
                switch entries[id]?.session.state {
                case .ending?, .parking?: false
                default: true
                }
            }
            for id in seating.promisedOn[host.name] ?? [] {
                guard let reservation = reservations[id] else { continue }
                guard reservation.terms.opensAt <= now, now < reservation.terms.to else { continue }
                seats += seating.held(reservation, on: host.name)
            }
            seats += host.usage.warm.count { warm[$0]?.seat.reservation != nil }
            return seats > host.spec.slots && host.held.load(at: now).seats > 0
                ? "\(host.name) has \(host.spec.slots) slots for \(seats) people and promises" : nil
        }
    }

    /// The cached stays of each host must be accurate.
    private func staysViolations() -> [String] {
        guard let now = lastEventAt else { return [] }
        return hosts.compactMap { host in
            guard let known = knownStays[host.name], !known.agrees(with: stays(on: host, now: now)) else { return nil }
            return "the stays on \(host.name) are not as they were learned"
        }
    }

    /// The promises on each host must never exceed its capacity less the free floor, and the indexes must be accurate.
    func reservationViolations() -> [String] {
        var broken = staysViolations()
        var seating = Seating()
        for (id, entry) in entries {
            guard let own = entry.session.reservation else { continue }
            switch entry.standing {
            case .none, .parked: break
            case .queued:
                seating.waiting[own, default: []].insert(id)
                if reservations[own]?.isBooked != true {
                    broken.append("\(id) waits for a seat of \(own), which is over")
                }
                if claims[own]?.contains(entry.learner.id) != true { broken.append("\(id) has no claim on \(own)") }
            case .seated(let host, _, _, _):
                seating.used[own, default: [:]][host, default: 0] += 1
            }
        }
        for entry in warm.entries.values {
            if let own = entry.seat.reservation { seating.used[own, default: [:]][entry.seat.host, default: 0] += 1 }
        }
        if seating.used != self.seating.used { broken.append("seats used: \(self.seating.used), not \(seating.used)") }
        if seating.waiting != self.seating.waiting.filter({ !$0.value.isEmpty }) {
            broken.append("waiting for cohorts")
        }
        for (id, learners) in claims {
            guard let reservation = reservations[id] else {
                broken.append("claims on \(id), which is over")
                continue
            }
            if learners.count > reservation.terms.seats { broken.append("\(id) has more claims than seats") }
        }
        // Decisions that a failed commit left pending are made in the next event.
        guard catalogue.isConfigured, !step.mayPromise else { return broken }
        for (name, curve) in promises() {
            guard let host = record(of: name), host.settings.isPromising else {
                broken.append("seats are promised on \(name), which is not there")
                continue
            }
            let capacity = host.spec.reservable(freeFloorPercent: catalogue.freeFloorPercent)
            for moment in curve.moments {
                let load = curve.load(at: moment)
                if load.seats > capacity.slots || load.memory > capacity.memory {
                    broken.append("\(load) promised on \(name) at \(moment.text), which has \(capacity)")
                }
            }
        }
        for reservation in reservations.values {
            if reservation.allocation.values.reduce(0, +) > reservation.dueSeats {
                broken.append("\(reservation.id) is promised more seats than are due to it")
            }
            let used = seatedCount(of: reservation.id)
            if used > reservation.peakSeats {
                broken.append("\(reservation.id) has \(used) seats, with a peak of \(reservation.peakSeats)")
            }
        }
        return broken
    }
}
