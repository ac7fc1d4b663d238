import Synchronization
import Testing

@testable import TLS

@Suite("The keys of session tickets")
struct TicketKeysTests {
    final class Clock: Sendable {
        private let seconds = Mutex<Int64>(1_000)
        var now: Int64 { seconds.withLock { $0 } }
        func pass(_ time: Int64) { seconds.withLock { $0 += time } }
    }

    /// Connects as a client that keeps sessions; whether both took one up again.
    func resumes(_ client: TLSClientContext, _ server: TLSServerContext) throws -> Bool {
        let pair = try Pair(client, server, name: "lab.example")
        try pair.handshake()
        _ = try pair.client.readAll()
        // OpenSSL forgets the session of a connection that just breaks off.
        pair.client.sendCloseNotify()
        #expect(pair.client.isResumed == pair.server.isResumed)
        return pair.server.isResumed
    }

    @Test("seal for a time, then only open, then are gone; a client that comes often never notices")
    func rotation() throws {
        let clock = Clock()
        let keys = TicketKeys(clock: { clock.now })
        let fixtures = try Fixtures()
        let store = try CertificateStore([fixtures.server("lab.example")])
        let server = try TLSServerContext(store: store, tickets: keys)
        let client = try fixtures.clientContext()
        #expect(try !resumes(client, server))
        let first = keys.sealing().name
        for _ in 0..<8 {
            clock.pass(TicketKeys.sealingSeconds / 2)
            #expect(try resumes(client, server), "each visit brings a ticket of the newest key")
        }
        #expect(keys.sealing().name != first)
        #expect(keys.count <= 3)
        clock.pass(TicketKeys.openingSeconds)
        #expect(try !resumes(client, server), "a ticket whose key has gone is no error")
        #expect(try resumes(client, server))
    }

    @Test("are the same for every context that shares them, and others for each that does not")
    func sharing() throws {
        let fixtures = try Fixtures()
        let store = try CertificateStore([fixtures.server("lab.example")])
        let keys = TicketKeys()
        let client = try fixtures.clientContext()
        #expect(try !resumes(client, TLSServerContext(store: store, tickets: keys)))
        #expect(try resumes(client, TLSServerContext(store: store, tickets: keys)))
        #expect(try !resumes(client, TLSServerContext(store: store)))
    }

    @Test("a forged name opens nothing")
    func forged() {
        let keys = TicketKeys()
        [UInt8](repeating: 0, count: 16).withUnsafeBufferPointer { #expect(keys.opening($0) == nil) }
        keys.sealing().name.withUnsafeBufferPointer { #expect(keys.opening($0)?.isOld == false) }
    }
}

extension TicketKeysTests {
    @Test("pass to the next process with their ages, and what is no key changes nothing")
    func passedOn() throws {
        let fixtures = try Fixtures()
        let store = try CertificateStore([fixtures.server("lab.example")])
        let clock = Clock()
        let keys = TicketKeys(clock: { clock.now })
        let client = try fixtures.clientContext()
        #expect(try !resumes(client, TLSServerContext(store: store, tickets: keys)))
        clock.pass(TicketKeys.sealingSeconds - 10)

        // The next process has a clock of its own.
        let next = TicketKeys(clock: { clock.now + 1_000_000 })
        let server = try TLSServerContext(store: store, tickets: next)
        #expect(try !resumes(fixtures.clientContext(), server))
        next.adopt(keys.exported())
        #expect(next.sealing().name == keys.sealing().name)
        #expect(try resumes(client, server), "a session of the process before")
        for nonsense: [UInt8] in [[], [1, 2, 3], Array(keys.exported().dropLast())] { next.adopt(nonsense) }
        #expect(next.sealing().name == keys.sealing().name)
        clock.pass(11)
        #expect(next.sealing().name != keys.exported().prefix(16).map { $0 }, "it is as old as it was")
    }
}
