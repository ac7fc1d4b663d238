import BrokerCore
import Testing

@testable import Broker

@Suite("What waits for the broker's next step")
struct InboxTests {
    private func configure(_ percent: Int) -> Event { .configure(labs: [], hosts: [], freeFloorPercent: percent) }

    /// The events in a form that can be compared.
    private func words(_ events: [Event]) -> [String] {
        events.map { event in
            switch event {
            case .configure(_, _, let percent, _, _, _): "configure \(percent)"
            case .cordon(let host, _): "cordon \(host)"
            case .hostSilent(let host, let reason, _): "silent \(host) \(reason)"
            case .hostListed(let host, _, _, _): "listed \(host)"
            case .hostProbed(let host, _): "probed \(host)"
            case .activity(let moments): "activity \(moments.values.map(\.milliseconds).sorted())"
            case .containerRemoved(let id, _): "removed \(id)"
            case .tick: "tick"
            default: "another"
            }
        }
    }

    private func taken(_ inbox: inout Inbox) -> [String] {
        var all: [String] = []
        while !inbox.isEmpty { all += words(inbox.take(2)) }
        return all
    }

    private func full() -> Inbox {
        var inbox = Inbox(limit: 3)
        for host in ["a", "b", "c"] { inbox.add(.cordon(host: host, request: RequestID(rawValue: 1))) }
        return inbox
    }

    @Test("Events are taken in the order in which they came, so many at a time; those put back come first")
    func order() {
        var inbox = full()
        #expect(inbox.isFull)
        let batch = inbox.take(2)
        #expect(words(batch) == ["cordon a", "cordon b"] && !inbox.isFull)
        inbox.add(.tick)
        inbox.putBack(batch)
        let all = taken(&inbox)
        #expect(all == ["cordon a", "cordon b", "cordon c", "tick"])
        let hasLost = inbox.takeLostReports()
        #expect(!hasLost)
    }

    @Test("A configuration that is read while the inbox is full is not lost, and of several the newest counts")
    func configuration() {
        var inbox = full()
        inbox.add(configure(10))
        inbox.add(configure(20))
        let all = taken(&inbox)
        #expect(all == ["cordon a", "cordon b", "cordon c", "configure 20"])
        let hasLost = inbox.takeLostReports()
        #expect(!hasLost)
    }

    @Test("The newest configuration has the last word, also when there is room again and when an older one is put back")
    func lastWord() {
        var inbox = full()
        inbox.add(configure(10))
        _ = inbox.take(2)
        inbox.add(configure(20))
        inbox.putBack([configure(5)])
        let all = taken(&inbox)
        #expect(all == ["configure 5", "cordon c", "configure 20"])
    }

    @Test("The last word about each host and all that was used wait too")
    func hosts() {
        var inbox = full()
        inbox.add(.hostSilent(host: "a", reason: "first"))
        inbox.add(.hostProbed(host: "a", .possible))
        inbox.add(.hostListed(host: "a", containers: []))
        inbox.add(.hostSilent(host: "b", reason: "second"))
        let (s, t) = (SessionID(rawValue: "s"), SessionID(rawValue: "t"))
        inbox.add(.activity([s: Timestamp(milliseconds: 5), t: Timestamp(milliseconds: 7)]))
        inbox.add(.activity([s: Timestamp(milliseconds: 4)]))
        inbox.add(.tick)
        let all = taken(&inbox)
        #expect(
            all == [
                "cordon a", "cordon b", "cordon c", "listed a", "probed a", "silent b second", "activity [5, 7]",
            ])
        let hasLost = inbox.takeLostReports()
        #expect(!hasLost)
    }

    @Test("Where a report of a run finds no room, hosts have to be listed again, once")
    func lostReports() {
        var inbox = full()
        inbox.add(.containerRemoved(SessionID(rawValue: "s"), epoch: 1))
        let all = taken(&inbox)
        #expect(all == ["cordon a", "cordon b", "cordon c"])
        let answers = [inbox.takeLostReports(), inbox.takeLostReports()]
        #expect(answers == [true, false])
    }
}
