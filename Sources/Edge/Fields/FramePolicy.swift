import HTTPWire

/// Which pages may show a lab in a frame (CSP level 3, section 6.4.2): the lab's own, and those of the sites that the
/// portal allows.
///
/// Every page of a lab gets the directive in a field of its own, since not every program sends one. Policies are
/// combined, so the lab's own policy can only forbid more. Where the portal allows sites, a `frame-ancestors` directive
/// of the lab would exclude them; that directive is replaced, and no other. `X-Frame-Options`, which cannot name a
/// site, is dropped.
struct FramePolicy: Sendable {
    /// `frame-ancestors 'self' https://courses.example.org`.
    private let directive: [UInt8]
    /// Whether pages of other sites may show labs.
    let admitsSites: Bool

    /// - Parameter origins: such as `https://courses.example.org`; checked where the configuration is read.
    init(embeddedIn origins: [String]) {
        admitsSites = !origins.isEmpty
        directive = Array((["frame-ancestors 'self'"] + origins).joined(separator: " ").utf8)
    }

    /// Writes the field that every page gets.
    func write(into output: inout [UInt8]) {
        output.appendLiteral("Content-Security-Policy: ")
        output.append(contentsOf: directive)
        output.appendLiteral("\r\n")
    }

    /// Writes the replacement for a field of a lab's response; only for fields that `isConcerned` names.
    func write(
        _ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, into output: inout [UInt8]
    ) {
        output.appendLiteral("Content-Security-Policy: ")
        // A field may hold several policies, separated by commas (RFC 9110, section 5.6.1); a policy contains no comma.
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
