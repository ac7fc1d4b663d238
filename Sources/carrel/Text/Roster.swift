import BrokerCore
import Doors
import Foundation
import Identity

/// The learners of a roster: one identifier per line, or CSV (RFC 4180) with the identifiers in its first column.
struct Roster: Hashable, Sendable {
    private(set) var learners: Set<String> = []

    /// Accepted headings of the first column.
    private static let headings: Set<String> = ["id", "learner", "learner_id", "user", "user_id", "username", "login"]
    /// The largest file that is read, in bytes; 10,000 long lines.
    static let bytes = 8 << 20

    /// - Throws: if it cannot be read, names nobody, or has an entry that is not a valid learner.
    init(file: String) throws(CommandFailure) {
        guard let bytes = FileManager.default.contents(atPath: file) else {
            throw CommandFailure("the roster \(file) cannot be read; is it there, and may you read it?")
        }
        do { try self.init(bytes: [UInt8](bytes)) } catch { throw CommandFailure("the roster \(file): \(error)") }
    }

    init(bytes: [UInt8]) throws(CommandFailure) {
        guard bytes.count <= Self.bytes else { throw CommandFailure("it has more than \(Self.bytes >> 20) MiB") }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw CommandFailure("it is no UTF-8") }
        // Some programs write a byte order mark at the start.
        let lines = text.drop { $0 == "\u{FEFF}" }.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        for (index, line) in lines.enumerated() {
            // The format has no comments, so a comment would be taken for a learner who never comes.
            if let mark = ["#", "//", ";"].first(where: { line.drop(while: \.isWhitespace).hasPrefix($0) }) {
                throw CommandFailure(
                    "line \(index + 1) begins with \(mark): a roster has no comments; take it out, or put quotes around the "
                        + "identifier if it is one")
            }
            let name = try Self.first(line, number: index + 1)
            if name.isEmpty || (learners.isEmpty && Self.headings.contains(name.lowercased())) { continue }
            do throws(LaunchError) {
                try FieldRule.check(name, name: "the identifier", maximum: IdentityLimits.subjectLength)
            } catch { throw CommandFailure("line \(index + 1): \(error.cause)") }
            learners.insert(name)
        }
        if learners.isEmpty { throw CommandFailure("it names nobody") }
        guard learners.count <= Limits.rosterLength else {
            throw CommandFailure("it names more than \(Limits.rosterLength) learners; reserve for a course instead")
        }
    }

    /// The first field of a line: up to a comma, a semicolon or a tab, or in quotes.
    private static func first(_ line: Substring, number: Int) throws(CommandFailure) -> String {
        guard line.first == "\"" else {
            let field = line.prefix { $0 != "," && $0 != ";" && $0 != "\t" }
            return field.trimmed
        }
        var field = ""
        var rest = line.dropFirst()
        while let character = rest.popFirst() {
            if character != "\"" {
                field.append(character)
            } else if rest.first == "\"" {
                field.append(rest.removeFirst())
            } else {
                return field[...].trimmed
            }
        }
        throw CommandFailure("a quote in line \(number) is not closed")
    }
}

extension Substring {
    fileprivate var trimmed: String {
        var text = self
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text.drop(while: \.isWhitespace))
    }
}
