import Foundation
import Portal

/// Writes the output of a command.
enum Output {
    /// Writes one line, or several, to standard output in one write.
    static func print(_ text: String) {
        FileHandle.standardOutput.write(Data((text + "\n").utf8))
    }

    /// Writes to standard error, where it does not mix with what programs read.
    static func note(_ text: String) {
        FileHandle.standardError.write(Data((text + "\n").utf8))
    }

    /// JSON in the API's format: the same value always gives the same text.
    static func json(_ value: some Encodable) -> String {
        String(decoding: APICoding.encode(value, pretty: true), as: UTF8.self)
    }
}
