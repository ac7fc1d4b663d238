import HTTPWire

/// Which pages of other sites may show a lab in a frame (CSP level 3, section 6.4.2), where the portal allows that.
///
/// Labs forbid it to everybody but themselves. With a policy, the directive `frame-ancestors` of what a lab says is
/// replaced, and no other; `X-Frame-Options`, which cannot name a site, gives way to it.
struct FramePolicy: Sendable {
    /// `frame-ancestors 'self' https://courses.example.org`.
    private let directive: [UInt8]

    /// - Parameter origins: such as `https://courses.example.org`; checked where the configuration is read.
    init?(embeddedIn origins: [String]) {
        if origins.isEmpty { return nil }
        directive = Array("frame-ancestors 'self' \(origins.joined(separator: " "))".utf8)
    }

    /// What stands in the place of a field of a lab's response; only for those that `isConcerned` names.
    func write(
        _ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, into output: inout [UInt8]
    ) {
        output.appendLiteral("Content-Security-Policy: ")
        // A field may hold several policies; a comma ends each (RFC 9110, section 5.6.1), and none stands within one.
        if name.count == Self.contentSecurityPolicy.utf8CodeUnitCount {
            for (index, policy) in value.split(separator: 0x2C, omittingEmptySubsequences: false).enumerated() {
                if index > 0 { output.append(0x2C) }
                write(policy, into: &output)
            }
        } else {
            output.append(contentsOf: directive)
        }
        output.appendLiteral("\r\n")
    }

    private func write(_ policy: Slice<UnsafeRawBufferPointer>, into output: inout [UInt8]) {
        for (index, part) in policy.split(separator: 0x3B, omittingEmptySubsequences: false).enumerated() {
            if index > 0 { output.append(0x3B) }
            let blanks = part.prefix { $0 == 0x20 || $0 == 0x09 }
            let rest = part.dropFirst(blanks.count)
            let name = rest.prefix { $0 != 0x20 && $0 != 0x09 }
            guard UnsafeRawBufferPointer(rebasing: name).equalsField("frame-ancestors") else {
                output.append(contentsOf: part)
                continue
            }
            output.append(contentsOf: blanks)
            output.append(contentsOf: directive)
        }
    }

    private static let contentSecurityPolicy: StaticString = "content-security-policy"
    private static let frameOptions: StaticString = "x-frame-options"

    static func isConcerned(_ name: UnsafeRawBufferPointer) -> Bool {
        switch name.count {
        case 23: name.equalsField(contentSecurityPolicy)
        case 15: name.equalsField(frameOptions)
        default: false
        }
    }
}
