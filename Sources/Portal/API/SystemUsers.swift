import EventLoop
import Foundation
import HTTPTransport

/// The system's users by name, as far as they have come to the control socket.
@ControlLoop
final class SystemUsers {
    private var names: [UInt32: String] = [:]
    /// Names that are remembered.
    private static let limit = 1000

    /// Who sent a request: the user's name, or their number where the system has no name for it. `nil` for a request that
    /// came by no Unix socket.
    func sender(of request: HTTPRequest) async -> String? {
        guard let user = request.localPeer?.user else { return nil }
        if let name = names[user] { return name }
        // The answer may come from a directory over the network, and must not hold up the loop.
        let name = await Task.detached { Self.name(of: user) }.value
        if names.count >= Self.limit { names.removeAll() }
        names[user] = name
        return name
    }

    /// Blocks.
    nonisolated static func name(of user: UInt32) -> String {
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 16_384)
        guard getpwuid_r(user, &entry, &buffer, buffer.count, &found) == 0, found != nil, let name = entry.pw_name
        else {
            return "user \(user)"
        }
        return String(cString: name)
    }
}
