import Testing

@testable import BrokerCore

@Suite("Order of hosts")
struct HostOrderTests {
    private let small = Demand(memory: 1, profiled: 1, horizon: .seconds(60))
    private let large = Demand(memory: 2, profiled: 2, horizon: .seconds(60))

    @Test("The lowest value that is wanted is found, the first among equals, as by looking at all of them")
    func asByLookingAtAll() {
        var random = SplitMix(seed: 7)
        for count in [1, 2, 3, 7, 8, 33] {
            var tournament = HostOrder.Tournament(count: count)
            var values = Array(repeating: Double.infinity, count: count)
            for _ in 0..<300 {
                let index = Int(random.next() % UInt64(count))
                // A small set of values, so that many are equal.
                values[index] = random.next() % 5 == 0 ? .infinity : Double(random.next() % 4)
                tournament.set(values[index], at: index)
                let unwanted = Set((0..<Int(random.next() % 4)).map { _ in Int(random.next() % UInt64(count)) })
                let best = values.indices.filter { !unwanted.contains($0) && values[$0] < .infinity }
                    .min { (values[$0], $0) < (values[$1], $1) }
                #expect(tournament.first { !unwanted.contains($0) } == best)
            }
        }
    }

    @Test("To find the best of a thousand hosts, two are tried when the first is not wanted")
    func flat() {
        var order = HostOrder()
        order.reset(hosts: 1000, demands: [small])
        order.refresh(host: { $0 }, offer: { host, _ in HostOrder.Offer(open: Double(host), promised: Double(host)) })
        var looks = 0
        let best = order.bestOpen(small) { host in
            looks += 1
            return host != 0
        }
        #expect(best == 1)
        #expect(looks == 2)
        // Only the host that has changed is evaluated again.
        var asked: [Int] = []
        order.touch(500)
        order.touch(500)
        order.refresh(
            host: { $0 },
            offer: { host, _ in
                asked.append(host)
                return HostOrder.Offer(open: -1, promised: -1)
            })
        #expect(asked == [500])
        #expect(order.bestOpen(small) { _ in true } == 500)
    }

    @Test("Where no host has a seat, there is nothing to look at")
    func closed() {
        var order = HostOrder()
        order.reset(hosts: 3, demands: [small, large])
        order.refresh(
            host: { $0 },
            offer: { _, demand in HostOrder.Offer(open: .infinity, promised: Double(demand.memory)) })
        #expect(order.isClosed)
        #expect(order.bestOpen(small) { _ in true } == nil)
        #expect(order.nearest(large) { _ in true } == 0)
        #expect(order.bestOpen(Demand(memory: 99, profiled: 99, horizon: .zero)) { _ in true } == nil)
    }
}
