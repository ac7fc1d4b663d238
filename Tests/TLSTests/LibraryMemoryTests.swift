import COpenSSL
import Glibc
import Testing

@testable import TLS

@Suite("OpenSSL's memory")
struct LibraryMemoryTests {
    init() { LibraryMemory.prepare() }

    @Test("a block that was given back is the next of its size, and one of another size is not")
    func reuse() throws {
        let first = try #require(LibraryMemory.take(100))
        #expect(carrel_malloc_usable_size(first) >= 100)
        let other = try #require(LibraryMemory.take(40))
        LibraryMemory.giveBack(first)
        LibraryMemory.giveBack(other)
        #expect(LibraryMemory.take(104) == first)
        #expect(LibraryMemory.take(40) == other)
        free(first)
        free(other)
    }

    @Test("every size has room enough, kept or not", arguments: [1, 24, 25, 40, 41, 1032, 1033, 5000])
    func sizes(count: Int) throws {
        for _ in 0..<3 {
            let block = try #require(LibraryMemory.take(count))
            #expect(carrel_malloc_usable_size(block) >= count)
            memset(block, 0x5A, count)
            let larger = try #require(LibraryMemory.resize(block, count * 2))
            #expect(larger.load(fromByteOffset: count - 1, as: UInt8.self) == 0x5A)
            LibraryMemory.giveBack(larger)
        }
        #expect(LibraryMemory.take(0) == nil)
        let last = LibraryMemory.take(count)
        #expect(LibraryMemory.resize(last, 0) == nil)
        LibraryMemory.giveBack(nil)
    }

    @Test("a thread keeps so many bytes and no more, and what another thread allocated is as good as its own")
    func bounds() throws {
        let result = try onThread {
            let blocks = (0..<1000).map { _ in LibraryMemory.take(1000) }
            for block in blocks { LibraryMemory.giveBack(block) }
            return LibraryMemory.kept
        }
        #expect(result > LibraryMemory.keptBytes - 2000)
        #expect(result <= LibraryMemory.keptBytes)
        let foreign = malloc(200)
        let taken = try onThread {
            LibraryMemory.giveBack(LibraryMemory.take(8))
            let before = LibraryMemory.kept
            LibraryMemory.giveBack(foreign)
            return LibraryMemory.kept - before
        }
        #expect(taken >= 200)
    }

    @Test("once warm, messages take nothing from malloc") func messages() async {
        await #expect(processExitsWith: .success) {
            precondition(LibraryMemory.install())
            let fixtures = try Fixtures()
            let pair = try Pair(fixtures.clientContext(), fixtures.serverContext("lab.example"), name: "lab.example")
            try pair.handshake()
            // As the busy connections of a loop are: they keep their record buffers until they have been idle for a while.
            for end in [pair.client, pair.server] {
                carrel_SSL_clear_mode(end.connection, Int(SSL_MODE_RELEASE_BUFFERS))
            }
            var warm = 0
            for round in 0..<50 {
                try pair.client.write("a request")
                try pair.move(from: pair.client, to: pair.server)
                let text = try pair.server.readText()
                precondition(text == "a request")
                if round == 10 { warm = LibraryMemory.mallocs }
            }
            precondition(LibraryMemory.mallocs == warm)
        }
    }

    /// Runs on a thread of its own, so that what it keeps is nobody else's.
    private func onThread(_ body: @escaping () -> Int) throws -> Int {
        let work = Unmanaged.passRetained(Work(body))
        var thread = pthread_t()
        try #require(
            pthread_create(
                &thread, nil,
                { opaque in
                    let work = Unmanaged<Work>.fromOpaque(opaque!).takeUnretainedValue()
                    work.result = work.body()
                    return nil
                }, work.toOpaque()) == 0)
        pthread_join(thread, nil)
        return work.takeRetainedValue().result
    }

    private final class Work {
        let body: () -> Int
        var result = 0
        init(_ body: @escaping () -> Int) { self.body = body }
    }
}
