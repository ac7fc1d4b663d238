import Identity

/// A forecast of the seats for one lab, as far as is known now: seats that reservations hold, seats that sessions may
/// still occupy, and free seats.
public struct CapacityForecast: Hashable, Sendable, Codable {
    public struct Step: Hashable, Sendable, Codable {
        /// Lasts until the next step.
        public var at: Timestamp
        /// Seats that reservations hold.
        public var reserved: Int
        /// Seats that may still be occupied by sessions that no reservation accounts for.
        public var occupied: Int
        /// Seats that a new reservation could have.
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
    /// Seats of this lab that could be reserved on empty hosts.
    public var capacity: Int
    /// In order of time, and of equal length.
    public var steps: [Step]

    public init(from: Timestamp, to: Timestamp, capacity: Int, steps: [Step]) {
        self.from = from
        self.to = to
        self.capacity = capacity
        self.steps = steps
    }
}

extension BrokerCore {
    /// - Parameter steps: the number of equal steps, 1 to `Limits.forecastSteps`.
    public func forecast(
        lab key: LabKey, from: Timestamp, to: Timestamp, steps count: Int, at now: Timestamp
    ) throws(Refusal) -> CapacityForecast {
        guard let lab = catalogue.labs[key] else { throw .unknownLab(key) }
        guard from < to, to - from <= Limits.reservationHorizon, (1...Limits.forecastSteps).contains(count) else {
            throw .badTerms(.forecastRange)
        }
        let length = to.milliseconds - from.milliseconds
        let moments = (0...count).map {
            Timestamp(milliseconds: from.milliseconds + length / Int64(count) * Int64($0))
        }
        let outlook = outlook(at: now)
        var capacity = 0
        var steps = moments.dropLast().map { CapacityForecast.Step(at: $0, reserved: 0, occupied: 0, free: 0) }
        for host in hosts where !host.settings.lackingLabs.contains(key) {
            var wish = Wish(seats: 0, of: lab, from: from, to: to)
            let empty = seats(on: host, for: wish, in: Room(promised: .init(), lasting: .init()))
            guard empty > 0 else { continue }
            capacity += empty
            for index in steps.indices {
                (wish.from, wish.to) = (moments[index], moments[index + 1])
                let room = room(on: host, for: wish, beside: outlook, at: now)
                let spared = seats(on: host, for: wish, in: Room(promised: room.promised, lasting: .init()))
                let free = seats(on: host, for: wish, in: room)
                steps[index].reserved += empty - spared
                steps[index].occupied += spared - free
                steps[index].free += free
            }
        }
        return CapacityForecast(from: from, to: to, capacity: capacity, steps: steps)
    }
}
