import Glibc

/// The canonical spelling in which hostnames are compared here.
enum Hostname {
    /// Lower-cases ASCII letters and drops the root's trailing dot. A name that is not a hostname matches nothing.
    static func normal(_ name: String) -> String {
        var bytes = Array(name.utf8)
        if bytes.last == UInt8(ascii: "."), bytes.count > 1 { bytes.removeLast() }
        for index in bytes.indices where bytes[index] >= 0x41 && bytes[index] <= 0x5a { bytes[index] |= 0x20 }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Letters, digits, `-` and `.`, with `*` allowed as the whole first label: the names that we put into
    /// certificates.
    static func isValidPattern(_ name: String) -> Bool {
        guard name.utf8.count <= 253 else { return false }
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        guard labels.first != "*" || labels.count > 1 else { return false }
        return labels.enumerated().allSatisfy { index, label in
            if index == 0 && label == "*" { return true }
            let letters = label.utf8
            return (1...63).contains(letters.count) && letters.first != 0x2d && letters.last != 0x2d
                && letters.allSatisfy { letter in
                    (0x30...0x39).contains(letter) || (0x61...0x7a).contains(letter) || letter == 0x2d
                }
        }
    }

    /// The wildcard pattern that covers `name`: `*.` and everything after the first label.
    static func wildcard(for name: String) -> String? {
        name.firstIndex(of: ".").map { "*" + name[$0...] }
    }
}

/// An IP address in the canonical spelling by which certificates and connections are compared.
struct IPAddress: Hashable {
    let text: String

    /// `nil` unless `text` is an IPv4 or IPv6 address (no brackets, no zone).
    init?(_ text: String) {
        var bytes = [UInt8](repeating: 0, count: 16)
        if inet_pton(AF_INET, text, &bytes) == 1 {
            self.init(bytes: Array(bytes[..<4]))
        } else if inet_pton(AF_INET6, text, &bytes) == 1 {
            self.init(bytes: bytes)
        } else {
            return nil
        }
    }

    /// `nil` unless there are 4 or 16 bytes, the forms in which certificates hold addresses.
    init?(bytes: [UInt8]) {
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        var output = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        guard
            inet_ntop(bytes.count == 4 ? AF_INET : AF_INET6, bytes, &output, socklen_t(output.count)) != nil
        else { return nil }
        text = String(decoding: output.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
