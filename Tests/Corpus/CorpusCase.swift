/// One case of the corpus: bytes on a connection, and what has to become of them.
public struct CorpusCase: Sendable, CustomStringConvertible {
    /// The name of its file: the class of inputs that it belongs to.
    public let group: String
    public let name: String
    /// What a client sends, or an upstream answers; the connection's other direction stays open.
    public let bytes: [UInt8]
    /// Of a response: the method of the request that it answers.
    public let method: String
    /// In the order in which they come about.
    public let verdicts: [Verdict]

    public var description: String { "\(group): \(name)" }

    /// What becomes of a part of the bytes.
    public enum Verdict: Sendable, Hashable {
        /// A request goes on to the upstream, whole. The host is nil where it does not matter.
        case request(method: String, target: String, host: String?, body: [UInt8])
        /// A request goes on that is not complete: it must not look complete to the upstream.
        case partly
        /// The edge answers a valid request by itself, and the connection goes on.
        case answer(Int)
        /// The edge answers what is no valid request, or replaces what is no valid response; nothing more of it counts.
        case refuse(Int)
        /// The connection ends here, in order, whatever follows.
        case ends
        /// More has to come.
        case waits
        /// A response reaches the client, whole.
        case response(status: Int, body: [UInt8])
        case inform(Int)
        /// A response begins, and the client can tell that it is not whole.
        case cut(Int)
    }

    /// Where the bytes may be cut into two: everywhere, or, in a case that is thousands of bytes long, around the ends of
    /// its lines and at some places between them.
    public var splits: [Int] {
        guard bytes.count > 1_500 else { return Array(0...bytes.count) }
        var places = Set(stride(from: 0, through: bytes.count, by: bytes.count / 64))
        for (offset, byte) in bytes.enumerated() where byte == 0x0A || byte == 0x0D {
            if places.count < 600 { places.formUnion([offset, offset + 1]) }
        }
        return places.sorted()
    }
}
