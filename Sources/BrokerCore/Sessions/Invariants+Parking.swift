/// The invariants of parked sessions.
extension BrokerCore {
    func parkingViolations() -> [String] {
        var broken: [String] = []
        var count = 0
        for (id, entry) in entries {
            guard case .parked = entry.session.state else { continue }
            count += 1
            if entry.session.warm != nil { broken.append("\(id) is parked and has a warm seat") }
            if entry.seatMemory != 0 { broken.append("\(id) is parked and its seat has memory") }
            if entry.wake == nil, catalogue.isConfigured { broken.append("\(id) would be parked for ever") }
        }
        if count != parkedCount { broken.append("\(parkedCount) are said to be parked, and \(count) are") }
        return broken
    }
}
