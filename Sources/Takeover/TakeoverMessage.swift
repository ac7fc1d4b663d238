import Broker
import EventLoop
import Foundation

/// The kind of process; a takeover happens only between processes of the same kind.
public enum TakeoverRole: String, Sendable, Codable {
    case edge, serve
}

/// The messages between two processes while one takes over from the other, in this order:
///
/// 1. the new one: `hello`. The old one: `sockets` until it marks the last of them; or `refused`, now or later.
/// 2. the new one: `take`, once it knows that it will be able to serve. The old one stops deciding, then sends the
///    state that only it has, in pieces of `state`, and `released`. It keeps serving with its current routes.
/// 3. the new one: `prepared`, when it is ready to accept. The old one stops accepting, and sends `yours`.
/// 4. the new one: `accepting`. From now on the old one only drains, and may report `activity`.
///
/// If the new process dies or falls silent before step 4, the old one continues as if nothing had happened.
enum TakeoverMessage: Equatable {
    case hello(Hello)
    case refused(String)
    case sockets(areLast: Bool)
    case take
    case state([UInt8])
    case released
    case prepared
    case yours
    case accepting
    /// Sessions with activity, and its time in milliseconds since 1970.
    case activity([String: Int64])

    struct Hello: Codable, Equatable {
        var protocolVersion = TakeoverLimits.protocolVersion
        /// The version of the program that takes over.
        var program: String
        var role: TakeoverRole
    }

    private enum Kind: UInt8 {
        case hello = 1
        case refused, sockets, lastSockets, take, state, released, prepared, yours, accepting, activity
    }

    /// Bytes of one piece of `state`.
    static let pieceBytes = EventLoopLimits.messageBytes - 1

    var bytes: [UInt8] {
        switch self {
        case .hello(let hello): Self.message(.hello, Self.json(hello))
        case .refused(let reason): Self.message(.refused, Array(reason.utf8.prefix(Self.pieceBytes)))
        case .sockets(let areLast): Self.message(areLast ? .lastSockets : .sockets)
        case .take: Self.message(.take)
        case .state(let piece): Self.message(.state, piece)
        case .released: Self.message(.released)
        case .prepared: Self.message(.prepared)
        case .yours: Self.message(.yours)
        case .accepting: Self.message(.accepting)
        case .activity(let activity): Self.message(.activity, Self.json(activity))
        }
    }

    /// - Returns: `nil` if it is not a message of this version.
    init?(_ bytes: [UInt8]) {
        guard let first = bytes.first, let kind = Kind(rawValue: first) else { return nil }
        let rest = Array(bytes.dropFirst())
        switch kind {
        case .hello:
            guard let hello = try? JSONDecoder().decode(Hello.self, from: Data(rest)) else { return nil }
            self = .hello(hello)
        case .refused: self = .refused(String(decoding: rest, as: UTF8.self))
        case .sockets: self = .sockets(areLast: false)
        case .lastSockets: self = .sockets(areLast: true)
        case .take: self = .take
        case .state: self = .state(rest)
        case .released: self = .released
        case .prepared: self = .prepared
        case .yours: self = .yours
        case .accepting: self = .accepting
        case .activity:
            guard let activity = try? JSONDecoder().decode([String: Int64].self, from: Data(rest)) else { return nil }
            self = .activity(activity)
        }
    }

    private static func message(_ kind: Kind, _ rest: [UInt8] = []) -> [UInt8] { [kind.rawValue] + rest }

    private static func json(_ value: some Encodable) -> [UInt8] {
        guard let data = try? JSONEncoder().encode(value) else { preconditionFailure("a message cannot be encoded") }
        return Array(data)
    }
}

/// The state that only the running process has, and that the next one needs too. It includes secrets.
public struct TakeoverState: Codable, Equatable {
    /// The keys that seal TLS session tickets.
    public var tickets = Data()
    /// The routes changed through the admin socket, which differ from the routes file; `nil` for a removed route.
    public var routes: [String: String?] = [:]
    /// The unused one-time codes of learners who are on their way into their labs.
    public var entryCodes: [HandedEntryCode] = []

    /// Split into pieces that fit into messages.
    var pieces: [[UInt8]] {
        guard let data = try? JSONEncoder().encode(self) else { preconditionFailure("the state cannot be encoded") }
        return stride(from: 0, to: data.count, by: TakeoverMessage.pieceBytes).map {
            Array(data[$0..<min($0 + TakeoverMessage.pieceBytes, data.count)])
        }
    }

    public init() {}

    /// - Throws: if the pieces do not come from `pieces`.
    init(pieces: [UInt8]) throws {
        self = try JSONDecoder().decode(TakeoverState.self, from: Data(pieces))
    }
}
