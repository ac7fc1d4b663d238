import EventLoop
import Foundation
import HTTPTransport

/// A cache of the names of system users who have used the control socket.
@ControlLoop
final class SystemUsers {
    private var names: [UInt32: String] = [:]
    /// How many names are kept.
    private static let limit = 1000

    /// The sender of a request: the user's name, or their numeric ID if the system has no name for it. `nil` for a
    /// request that did not come by a Unix socket.
    func sender(of request: HTTPRequest) async -> String? {
        guard let user = request.localPeer?.user else { return nil }
        if let name = names[user] { return name }
        // The lookup may ask a directory over the network, and must not block the loop.
        let name = await Task.detached { Self.name(of: user) }.value
        if names.count >= Self.limit { names.removeAll() }
        names[user] = name
        return name
    }

    /// Blocking.
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
