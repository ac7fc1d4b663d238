/// The names of one certificate, in a form in which a host is looked up without an allocation.
public struct CertificateNames: Sendable {
    /// In lower case. A wildcard is without its asterisk, such as `.labs.example`; no other name begins with a dot.
    private let names: [[UInt8]]

    /// - Parameter names: in lower case; a wildcard as `*.example`.
    init(_ names: [String]) {
        self.names = names.compactMap { name in
            if name.hasPrefix("*.") { return Array(name.utf8.dropFirst()) }
            return name.hasPrefix(".") ? nil : Array(name.utf8)
        }
    }

    /// Whether the certificate names the host exactly or by a wildcard for its first label.
    /// - Parameter host: in any case, without port and without the root's trailing dot.
    public func covers(_ host: UnsafeRawBufferPointer) -> Bool {
        let dot = host.firstIndex(of: UInt8(ascii: ".")) ?? host.endIndex
        let parent = UnsafeRawBufferPointer(rebasing: host[dot...])
        return names.contains { name in
            name.first == UInt8(ascii: ".") ? dot > 0 && Self.matches(parent, name) : Self.matches(host, name)
        }
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
