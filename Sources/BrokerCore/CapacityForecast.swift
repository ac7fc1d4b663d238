/// How many seats of one lab there are over a time, as far as is known now: what reservations hold, what sessions may
/// still take, and what is free.
public struct CapacityForecast: Hashable, Sendable, Codable {
    public struct Step: Hashable, Sendable, Codable {
        /// It lasts until the next one.
        public var at: Timestamp
        /// Seats that reservations hold.
        public var reserved: Int
        /// Seats that sessions which no reservation accounts for may still have.
        public var occupied: Int
        /// Seats that another reservation could have.
        public var free: Int

        public init(at: Timestamp, reserved: Int, occupied: Int, free: Int) {
            self.at = at
            self.reserved = reserved
            self.occupied = occupied
            self.free = free
        }
    }

    public var from: Timestamp
    public var to: Timestamp
    /// Seats of this lab that could be reserved if there were nobody.
    public var capacity: Int
    /// In order of time, each as long as the others.
    public var steps: [Step]

    public init(from: Timestamp, to: Timestamp, capacity: Int, steps: [Step]) {
        self.from = from
        self.to = to
        self.capacity = capacity
        self.steps = steps
    }
}

extension BrokerCore {
    /// - Parameter steps: into how many equal steps the time is divided, 1 to `Limits.forecastSteps`.
    public func forecast(
        lab name: String, from: Timestamp, to: Timestamp, steps count: Int, at now: Timestamp
    ) throws(Refusal) -> CapacityForecast {
        guard let lab = catalogue.labs[name] else { throw .unknownLab(name) }
        guard from < to, to - from <= Limits.reservationHorizon, (1...Limits.forecastSteps).contains(count) else {
            throw .badTerms(
                "A forecast is for at most \(Explanations.span(Limits.reservationHorizon)), in 1 to "
                    + "\(Limits.forecastSteps) steps.")
        }
        let length = to.milliseconds - from.milliseconds
        let moments = (0...count).map {
            Timestamp(milliseconds: from.milliseconds + length / Int64(count) * Int64($0))
        }
        let promises = promises()
        var capacity = 0
        var steps = moments.dropLast().map { CapacityForecast.Step(at: $0, reserved: 0, occupied: 0, free: 0) }
        for host in hosts where !host.settings.lackingLabs.contains(name) {
            var wish = Wish(seats: 0, memory: lab.memoryBytes, from: from, to: to)
            let empty = seats(on: host, for: wish, in: Room(promised: .init(), lasting: .init()))
            guard empty > 0 else { continue }
            capacity += empty
            let leaving = leaving(host, now: now)
            var lasting = leaving.reduce(CapacityCurve.Load()) { $0 + $1.load }
            var gone = 0
            for index in steps.indices {
                (wish.from, wish.to) = (moments[index], moments[index + 1])
                while gone < leaving.count, leaving[gone].end <= wish.from {
                    lasting = lasting + leaving[gone].load * -1
                    gone += 1
                }
                let promised = promises[host.name]?.peak(from: wish.from, to: wish.to) ?? CapacityCurve.Load()
                let spared = seats(on: host, for: wish, in: Room(promised: promised, lasting: .init()))
                let free = seats(on: host, for: wish, in: Room(promised: promised, lasting: lasting))
                steps[index].reserved += empty - spared
                steps[index].occupied += spared - free
                steps[index].free += free
            }
        }
        return CapacityForecast(from: from, to: to, capacity: capacity, steps: steps)
    }

    /// When those sessions leave a host at the latest that no promise there accounts for, the first first.
    private func leaving(_ host: HostRecord, now: Timestamp) -> [(end: Timestamp, load: CapacityCurve.Load)] {
        var promised: [ReservationID: Int] = [:]
        return host.usage.sessions.compactMap { id -> (Timestamp, CapacityCurve.Load)? in
            guard let entry = entries[id], let end = latestEnd(of: entry, now: now), end > now else { return nil }
            if let own = entry.session.reservation.flatMap({ reservations[$0] }), own.isBooked {
                let covered = promised[own.id] ?? own.allocation[host.name] ?? 0
                promised[own.id] = covered - 1
                if covered > 0 { return nil }
            }
            return (end, CapacityCurve.Load(seats: 1, memory: entry.seatMemory))
        }.sorted { $0.0 < $1.0 }
    }
}
