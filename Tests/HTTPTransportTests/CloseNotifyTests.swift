import EventLoop
import Glibc
import Testing

@testable import HTTPTransport

@Suite("A close_notify", .timeLimit(.minutes(1)))
struct CloseNotifyTests {
    private static func processorMilliseconds() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
    }

    @Test("close_notify with data still buffered does not spin the loop, and comes after the data")
    func bufferedData() async throws {
        let (server, client) = (try TestAuthority.server(), try TestAuthority.client())
        let (received, milliseconds): (Int, Int64) = try await withChannelLoop { loop in
            try await loop.reply { (reply: Reply<(Int, Int64)>) in
                var (received, spent) = (0, Int64(0))
                let pair = try ChannelPair(on: loop, server: server) { channel in
                    let owner = ChannelOwner(channel)
                    owner.onRead = { channel, bytes in
                        received += bytes.count
                        guard spent == 0 else { return }
                        // More records and the end are there, and nobody wants them for a while.
                        channel.pauseReading()
                        let before = Self.processorMilliseconds()
                        _ = loop.schedule(after: .milliseconds(500)) {
                            spent = max(1, Self.processorMilliseconds() - before)
                            channel.resumeReading()
                        }
                    }
                    owner.onEnd = { channel in
                        channel.close()
                        reply((received, spent))
                    }
                    channel.open()
                }
                pair.connect(client) { channel in
                    let owner = ChannelOwner(channel)
                    owner.onOpen = { channel in
                        Array(repeating: UInt8(7), count: 100_000).withUnsafeBytes { channel.write($0) }
                        channel.finishWriting()
                    }
                    owner.onEnd = { _ in pair.listener.close() }
                    channel.open()
                }
            }
        }
        #expect(received == 100_000)
        #expect(milliseconds < 250, "the loop was busy for \(milliseconds) ms of the 500 in which nothing was due")
    }
}
