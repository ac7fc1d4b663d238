import BrokerCore
import Identity
import Portal
import Text

/// The syntax of a value: how it is parsed, and the expectation in the message about anything else.
struct Rule<Value> {
    /// Completes "must be …", with an example where one helps.
    var expectation: String
    /// `nil` if the scalar does not match.
    var read: (Scalar) -> Value?

    /// A YAML scalar: its characters and the type that YAML infers.
    struct Scalar {
        enum Kind { case text, number, boolean, null }
        var text: String
        var kind: Kind
    }
}

extension Rule where Value == Contact {
    static var contact: Rule {
        Rule(
            expectation:
                "a mail address, an https address, or text of 1 to \(PortalLimits.contactCharacters) characters "
                + "in one line, such as help@school.example"
        ) { scalar in scalar.kind == .text ? Contact(scalar.text) : nil }
    }
}

extension Rule where Value == PortalID {
    static var portal: Rule {
        Rule(expectation: Rule<String>.name.expectation) { scalar in
            scalar.kind == .null ? nil : PortalID(checking: scalar.text)
        }
    }
}

extension Rule where Value == String {
    /// Free text on one line.
    static func text(maximum: Int) -> Rule {
        Rule(
            expectation:
                "text of 1 to \(maximum) characters in one line (in quotes where it looks like a number or a truth value)"
        ) {
            scalar in
            guard scalar.kind == .text, (1...maximum).contains(scalar.text.count),
                !scalar.text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
            else { return nil }
            return scalar.text
        }
    }

    static var name: Rule {
        Rule(expectation: "a name of 1 to 63 lower-case letters, digits and inner hyphens") { scalar in
            scalar.kind != .null && Names.isLabel(scalar.text) ? scalar.text : nil
        }
    }

    /// The name of a directory, which no portal's own directory can have by accident.
    static var directoryName: Rule {
        Rule(expectation: "the name of a directory: 1 to 63 letters, digits, hyphens and underscores") { scalar in
            let isWord = scalar.text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
            return isWord && (1...63).contains(scalar.text.utf8.count) ? scalar.text : nil
        }
    }

    static func hostname(example: String) -> Rule {
        Rule(expectation: "a host name in lower case such as \(example)") { scalar in
            scalar.kind == .text && Names.isHostname(scalar.text) ? scalar.text : nil
        }
    }

    static var imageReference: Rule {
        Rule(expectation: "an image reference such as carrel/jupyterlab:1") { scalar in
            let allowed = { (scalar: Unicode.Scalar) in
                scalar.isASCII
                    && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
                        || "./:@_-".unicodeScalars.contains(scalar))
            }
            guard scalar.kind == .text, (1...255).contains(scalar.text.utf8.count),
                scalar.text.unicodeScalars.allSatisfy(allowed),
                let first = scalar.text.first, first.isLetter || first.isNumber
            else { return nil }
            return scalar.text
        }
    }

    static var ipAddress: Rule {
        Rule(expectation: "an IP address such as 10.0.0.5") { scalar in
            Names.isIPAddress(scalar.text) ? scalar.text : nil
        }
    }

    /// A path inside a container.
    static var containerPath: Rule {
        Rule(expectation: "an absolute path without \"..\", such as /home/learner") { scalar in
            guard scalar.kind == .text, scalar.text.count <= 255, scalar.text.hasPrefix("/"), scalar.text.count > 1,
                !scalar.text.hasSuffix("/"), !scalar.text.contains(":"), !scalar.text.contains("\0"),
                !scalar.text.split(separator: "/").contains("..")
            else { return nil }
            return scalar.text
        }
    }

    /// A path on this machine; a relative one is resolved against the configuration file's folder.
    static func path(from folder: String) -> Rule {
        Rule(expectation: "a path") { scalar in
            guard scalar.kind == .text, !scalar.text.isEmpty, scalar.text.utf8.count <= 1024,
                !scalar.text.contains("\0")
            else { return nil }
            return FilePaths.resolve(scalar.text, from: folder)
        }
    }
}

extension Rule where Value == Int {
    static func integer(_ range: ClosedRange<Int>) -> Rule {
        Rule(expectation: "a whole number from \(range.lowerBound) to \(range.upperBound)") { scalar in
            guard scalar.kind == .number, let number = Int(scalar.text), range.contains(number) else { return nil }
            return number
        }
    }
}

extension Rule where Value == Bool {
    static var boolean: Rule {
        Rule(expectation: "true or false") { scalar in
            guard scalar.kind == .boolean else { return nil }
            return scalar.text.lowercased() == "true" ? true : scalar.text.lowercased() == "false" ? false : nil
        }
    }
}

extension Rule where Value == Double {
    static func number(_ range: ClosedRange<Double>) -> Rule {
        Rule(expectation: "a number from \(range.lowerBound) to \(range.upperBound)") { scalar in
            guard scalar.kind == .number, let number = Double(scalar.text), range.contains(number) else { return nil }
            return number
        }
    }
}

extension Rule where Value == Duration {
    static func duration(_ range: ClosedRange<Duration>) -> Rule {
        let least = DurationText.format(range.lowerBound)
        let greatest = DurationText.format(range.upperBound)
        return Rule(expectation: "a duration from \(least) to \(greatest), such as 90s, 30m, 8h or 1h30m") { scalar in
            guard let duration = DurationText.parse(scalar.text), range.contains(duration) else { return nil }
            return duration
        }
    }
}

extension Rule where Value == Int64 {
    static func size(_ range: ClosedRange<Int64>) -> Rule {
        let least = SizeText.format(range.lowerBound)
        let greatest = SizeText.format(range.upperBound)
        return Rule(expectation: "a size from \(least) to \(greatest), such as 512MiB or 2GiB") { scalar in
            guard let bytes = SizeText.parse(scalar.text), range.contains(bytes) else { return nil }
            return bytes
        }
    }
}

extension Rule where Value: CaseIterable & RawRepresentable<String> {
    static var oneOf: Rule {
        let words = Value.allCases.map(\.rawValue)
        let list = words.dropLast().joined(separator: ", ") + " or " + (words.last ?? "")
        return Rule(expectation: list) { scalar in scalar.kind == .null ? nil : Value(rawValue: scalar.text) }
    }
}

extension Rule where Value == Configuration.ListenAddress {
    static var listenAddress: Rule {
        Rule(expectation: "an IP address and a port such as 0.0.0.0:8443 or [::]:8443, in quotes") { scalar in
            guard let (host, port) = Names.hostAndPort(scalar.text), Names.isIPAddress(host) else { return nil }
            return Configuration.ListenAddress(address: host, port: port)
        }
    }
}

extension Rule where Value == String {
    /// A site's address without a path, which browsers compare.
    static var origin: Rule {
        Rule(expectation: "an origin such as https://courses.example.org, without a path") { scalar in
            guard scalar.text.hasPrefix("https://") else { return nil }
            let rest = String(scalar.text.dropFirst("https://".count)).lowercased()
            if Names.isHostname(rest) { return "https://\(rest)" }
            guard let (host, port) = Names.hostAndPort(rest), Names.isHostname(host) else { return nil }
            return port == 443 ? "https://\(host)" : "https://\(host):\(port)"
        }
    }
}

/// The user and group that a lab runs as.
struct NumericUser: Hashable, Sendable {
    var user: Int
    var group: Int
}

extension Rule where Value == NumericUser {
    /// Never root, because a lab does not need it.
    static var user: Rule {
        Rule(expectation: "a user and a group number from 1 to 65535 such as \"1000:1000\", in quotes") { scalar in
            let parts = scalar.text.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count == 2, let user = UInt16(parts[0]), let group = UInt16(parts[1]), user > 0, group > 0
            else { return nil }
            return NumericUser(user: Int(user), group: Int(group))
        }
    }
}

/// An engine's address as it is written; the certificates have keys of their own.
enum EngineURL: Hashable, Sendable {
    case unix(path: String)
    case tcp(host: String, port: Int)
}

extension Rule where Value == EngineURL {
    static func engine(from folder: String) -> Rule {
        Rule(expectation: "unix:///PATH or tcp://HOST:PORT, such as unix:///var/run/docker.sock or tcp://10.0.0.5:2376")
        {
            scalar in
            if scalar.text.hasPrefix("unix://") {
                let path = String(scalar.text.dropFirst("unix://".count))
                guard !path.isEmpty, !path.contains("\0") else { return nil }
                return .unix(path: FilePaths.resolve(path, from: folder))
            }
            guard scalar.text.hasPrefix("tcp://"),
                let (host, port) = Names.hostAndPort(String(scalar.text.dropFirst("tcp://".count))),
                Names.isIPAddress(host) || Names.isHostname(host)
            else { return nil }
            return .tcp(host: host, port: port)
        }
    }
}
