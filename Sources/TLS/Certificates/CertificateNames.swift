/// The names of one certificate, in a form in which a host is looked up without an allocation.
public struct CertificateNames: Sendable {
    /// In lower case; of a wildcard without its asterisk, such as `.labs.example`.
    private let names: [[UInt8]]

    init(_ certificate: CertifiedKey) {
        names = certificate.names.map { Array(($0.hasPrefix("*.") ? $0.dropFirst() : $0[...]).utf8) }
    }

    /// Whether the certificate names the host exactly or by a wildcard for its first label.
    /// - Parameter host: in any case, without port and without the root's trailing dot.
    public func covers(_ host: UnsafeRawBufferPointer) -> Bool {
        let dot = host.firstIndex(of: UInt8(ascii: ".")) ?? host.endIndex
        let parent = UnsafeRawBufferPointer(rebasing: host[dot...])
        return names.contains { name in Self.matches(name.first == UInt8(ascii: ".") ? parent : host, name) }
    }

    private static func matches(_ host: UnsafeRawBufferPointer, _ name: [UInt8]) -> Bool {
        guard host.count == name.count else { return false }
        for index in 0..<host.count {
            let byte = host[index]
            if (byte &- 0x41 < 26 ? byte | 0x20 : byte) != name[index] { return false }
        }
        return true
    }
}
