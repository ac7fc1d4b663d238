import Glibc
import Testing

@testable import TLS

@Suite("Memory of records", .serialized)
struct RecordMemoryTests {
    @Test("blocks are whole pages of their own, and one that was given back is the next that is taken")
    func reuse() throws {
        let first = try #require(RecordMemory.take())
        let second = try #require(RecordMemory.take())
        #expect(UInt(bitPattern: first) % 4096 == 0)
        #expect(abs(first - second) >= RecordMemory.slotBytes)
        memset(first, 1, RecordMemory.slotBytes)
        memset(second, 2, RecordMemory.slotBytes)
        #expect(first.load(fromByteOffset: RecordMemory.slotBytes - 1, as: UInt8.self) == 1)
        #expect(RecordMemory.giveBack(first))
        #expect(RecordMemory.giveBack(second))
    }

    @Test("more blocks than are kept with their memory can be given back, and taken again")
    func many() throws {
        let blocks = try (0..<RecordMemory.keptSlots * 3).map { _ in try #require(RecordMemory.take()) }
        #expect(Set(blocks).count == blocks.count)
        for block in blocks { block.storeBytes(of: 7, as: UInt64.self) }
        for block in blocks { #expect(RecordMemory.giveBack(block)) }
        RecordMemory.release()
        let again = try #require(RecordMemory.take())
        // Its memory was the system's meanwhile.
        if blocks.contains(again) { #expect(again.load(as: UInt64.self) == 0) }
        #expect(RecordMemory.giveBack(again))
    }

    @Test("what came from elsewhere is not taken for one of these")
    func foreign() throws {
        let foreign = try #require(aligned_alloc(4096, 20_480))
        #expect(!RecordMemory.giveBack(foreign))
        #expect(!RecordMemory.holds(foreign))
        free(foreign)
    }

    @Test("a record's block of OpenSSL's comes from here, grows within it, and moves with its content when it must")
    func resize() throws {
        LibraryMemory.prepare()
        let block = try #require(LibraryMemory.take(16_700))
        #expect(RecordMemory.holds(block))
        memset(block, 0x5A, 16_700)
        #expect(LibraryMemory.resize(block, RecordMemory.slotBytes) == block)
        let larger = try #require(LibraryMemory.resize(block, 100_000))
        #expect(!RecordMemory.holds(larger))
        #expect(larger.load(fromByteOffset: 16_699, as: UInt8.self) == 0x5A)
        LibraryMemory.giveBack(larger)
    }
}
