import Foundation
import Glibc
import Programs
import Synchronization

/// Observes every packet on every interface of this machine, outside the engines' namespaces (packet(7)): everything
/// that leaves a test host passes here. Independent of the product's own watcher.
final class PacketObserver: Sendable {
    private struct State {
        var isFinished = false
        var sightings: Set<String> = []
    }

    private let state = Mutex(State())
    private let descriptor: Int32

    /// - Parameters:
    ///   - word: text that marks packets of interest, case-insensitive.
    ///   - addresses: IPv4 addresses; packets to one of them are of interest.
    init(word: String, addresses: [String]) throws {
        let everything = UInt16(0x0003).bigEndian  // ETH_P_ALL
        descriptor = socket(AF_PACKET, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), Int32(everything))
        guard descriptor >= 0 else {
            throw FleetError("packets cannot be watched: \(String(cString: strerror(errno)))")
        }
        var limit = timeval(tv_sec: 0, tv_usec: 100_000)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var room: Int32 = 8 << 20
        setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &room, socklen_t(MemoryLayout<Int32>.size))
        let wanted = addresses.compactMap { address -> [UInt8]? in
            let parts = address.split(separator: ".").compactMap { UInt8($0) }
            return parts.count == 4 ? parts : nil
        }
        let letters = Array(word.lowercased().utf8)
        Thread.detachNewThread { [self] in watch(letters, wanted) }
    }

    /// The observations: `to ADDRESS` or `the word`.
    var sightings: Set<String> { state.withLock { $0.sightings } }

    func finish() { state.withLock { $0.isFinished = true } }

    private func watch(_ word: [UInt8], _ addresses: [[UInt8]]) {
        var packet = [UInt8](repeating: 0, count: 4096)
        while !state.withLock({ $0.isFinished }) {
            let count = recv(descriptor, &packet, packet.count, 0)
            guard count >= 20 else { continue }
            let bytes = packet[..<count]
            if bytes[0] >> 4 == 4, let address = addresses.first(where: { bytes[16..<20].elementsEqual($0) }) {
                let text = address.map(String.init).joined(separator: ".")
                state.withLock { _ = $0.sightings.insert("to \(text) by protocol \(bytes[9])") }
            }
            let lower = bytes.map { (65...90).contains($0) ? $0 | 0x20 : $0 }
            if lower.count >= word.count,
                (0...lower.count - word.count).contains(where: { lower[$0..<$0 + word.count].elementsEqual(word) })
            {
                state.withLock { _ = $0.sightings.insert("the word") }
            }
        }
        close(descriptor)
    }
}

/// A loopback address of this machine, for the duration of a test, with a server that sends a greeting.
final class OutsideServer: Sendable {
    let address: String
    let port: Int
    private let listener: Int32

    /// - Parameter address: IPv4, from a documentation or link-local range; not in use elsewhere.
    init(address: String) async throws {
        self.address = address
        _ = try await Command(["ip", "address", "replace", "\(address)/32", "dev", "lo"]).succeed()
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var place = sockaddr_in()
        place.sin_family = sa_family_t(AF_INET)
        inet_pton(AF_INET, address, &place.sin_addr)
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = listener
        let isBound = withUnsafeMutablePointer(to: &place) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bound in
                bind(listener, bound, size) == 0 && listen(listener, 16) == 0
                    && getsockname(listener, bound, &size) == 0
            }
        }
        guard isBound else { throw FleetError("\(address) cannot be listened on: \(String(cString: strerror(errno)))") }
        port = Int(UInt16(bigEndian: place.sin_port))
    }

    func close() async {
        Glibc.close(listener)
        _ = try? await Command(["ip", "address", "delete", "\(address)/32", "dev", "lo"]).run()
    }
}
