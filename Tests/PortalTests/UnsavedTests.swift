import BrokerCore
import EventLoop
import HTTPTransport
import Literals
import Testing

@testable import Portal
@testable import Store

@Suite("While nothing can be saved")
struct UnsavedTests {
    private static let noRoom = ["BEFORE INSERT ON sessions", "BEFORE UPDATE ON sessions", "BEFORE INSERT ON grants"]

    @Test("a link leads on to a lab that runs: a browser with its key is let in, another one reads what to do")
    func runningLab() async throws {
        let now = Timestamp.now
        let session = Session(
            id: slug, learner: Learner(portal: "school", id: "ada", name: "Ada"), lab: "python", epoch: 1,
            state: .running(host: "h1", endpoint: Endpoint(address: "127.0.0.1", port: 9), since: now),
            createdAt: now, lastActivityAt: now)
        try await withDesk(stored: [session]) { desk in
            let key = try await desk.enter(slug)
            try await desk.store.database.write { db in
                for (number, event) in Self.noRoom.enumerated() {
                    try db.execute(
                        sql: "CREATE TRIGGER full\(number) \(event) BEGIN SELECT RAISE(ABORT, 'no room'); END")
                }
            }
            // The link has another name than the session, and the change cannot be saved.
            for isKnown in [true, false] {
                let led = try await desk.onPortal(try desk.link())
                let origin = "https://\(slug).\(Desk.labsDomain)"
                let location = try #require(led.location)
                #expect(led.status == 303 && location.hasPrefix("\(origin)/.carrel/enter?code="))
                let entered = try await desk.onLab(
                    slug.rawValue, String(location.dropFirst(origin.count)), cookie: isKnown ? key : nil)
                if isKnown {
                    #expect(entered.location == "/")
                } else {
                    #expect(entered.status == 503 && entered.fields.first("Set-Cookie") == nil)
                    #expect(entered.text.contains("Your lab is open, but not in this browser yet"))
                }
            }
            #expect(try await desk.broker.view(slug, in: .all).learnerName == "Ada")
            // A session that would have to be started is refused.
            let other = try await desk.onPortal(try desk.link(learner: "bob"))
            #expect(other.status == 503 && other.text.contains("Nothing can be changed just now"))
        }
    }
}
