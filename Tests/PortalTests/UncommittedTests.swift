import BrokerCore
import EventLoop
import Foundation
import Literals
import Testing

@testable import Broker
@testable import Portal
@testable import Store

@Suite("What is decided and not on the disk yet")
struct UncommittedTests {
    @ControlLoop private final class Look { var isOver = false }

    @Test("Nobody is told of it")
    func hidden() async throws {
        let now = Timestamp.now
        let session = Session(
            id: slug, learner: Learner(portal: "school", id: "ada", name: "Ada"), lab: "python", epoch: 1,
            state: .running(host: "h1", endpoint: Endpoint(address: "127.0.0.1", port: 9), since: now),
            createdAt: now, lastActivityAt: now)
        try await withDesk(stored: [session]) { desk in
            let release = DispatchSemaphore(value: 0)
            // Blocks the store's one writer, so that commits queue behind it for any length of time. A write lock of
            // another connection would make them fail after `StoreLimits.busyTimeout`, and a hundred turns of a loop
            // that other tests share may take longer.
            let database = desk.store.database
            await withCheckedContinuation { continuation in
                Thread.detachNewThread {
                    try? database.write { _ in
                        continuation.resume()
                        release.wait()
                    }
                }
            }
            let ending = Task { @ControlLoop in try await desk.broker.end(slug, reason: .learnerEnded).state }
            while desk.broker.core.pendingChanges.isEmpty { try await Task.sleep(for: .milliseconds(1)) }
            let look = Look()
            let looking = Task { @ControlLoop in
                defer { look.isOver = true }
                let one = try await desk.broker.view(slug).state
                return (one, try await desk.broker.sessions(SessionQuery(), in: .all).map(\.state))
            }
            // By then every reader has either had an answer, or waits with the others.
            while desk.broker.readers.isEmpty, !look.isOver { try await Task.sleep(for: .milliseconds(1)) }
            #expect(!look.isOver)
            release.signal()
            let (one, all) = try await looking.value
            #expect(one != "running" && all == [one])
            #expect(try await ending.value == one)
        }
    }
}
