import Foundation
import Portal

/// Writes what a command has to say.
enum Output {
    /// One line, or several, to standard output at once.
    static func print(_ text: String) {
        FileHandle.standardOutput.write(Data((text + "\n").utf8))
    }

    /// To standard error, where it does not mix with what programs read.
    static func note(_ text: String) {
        FileHandle.standardError.write(Data((text + "\n").utf8))
    }

    /// As the API writes it: the same value is always the same text.
    static func json(_ value: some Encodable) -> String {
        String(decoding: APICoding.encode(value, pretty: true), as: UTF8.self)
    }
}
