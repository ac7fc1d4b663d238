import Foundation

/// The inputs that the parsers, the edge and the fuzzers are tried with. They stand in text files beside this one:
///
///     case: its name
///     to: HEAD                    (of a response to something else than GET)
///     POST /x HTTP/1.1\r\n        (bytes; the file's own line ends count for nothing)
///     => refuse 400               (what becomes of them)
///
/// In bytes, `\r \n \t \\ \s` (a space) and `\xHH` stand for one byte, and `\{3:ab}` for `ababab`.
public enum Corpus {
    public static let requests = read("requests")
    public static let responses = read("responses")

    private static let directory = URL(fileURLWithPath: #filePath).deletingLastPathComponent()

    /// The inputs of a file that has one on each line, in the form of bytes above.
    /// - Parameter path: from this directory; a file that is not there has none.
    public static func lines(of path: String) -> [[UInt8]] {
        let text = try? String(contentsOf: directory.appendingPathComponent(path), encoding: .utf8)
        return (text ?? "").split(separator: "\n").map { unescaped($0) }
    }

    private static func read(_ kind: String) -> [CorpusCase] {
        let folder = directory.appendingPathComponent(kind)
        let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        precondition(!files.isEmpty, "there is no corpus in \(folder.path)")
        return files.sorted().filter { $0.hasSuffix(".txt") }.flatMap { file in
            guard let text = try? String(contentsOf: folder.appendingPathComponent(file), encoding: .utf8) else {
                preconditionFailure("\(file) of the corpus cannot be read")
            }
            return cases(in: text, group: String(file.dropLast(4)))
        }
    }

    private static func cases(in text: String, group: String) -> [CorpusCase] {
        var cases: [CorpusCase] = []
        var (name, method, bytes, verdicts) = ("", "GET", [UInt8](), [CorpusCase.Verdict]())
        func finish() {
            if name.isEmpty { return }
            precondition(!verdicts.isEmpty, "the case '\(name)' of \(group) says nothing about what becomes of it")
            cases.append(CorpusCase(group: group, name: name, bytes: bytes, method: method, verdicts: verdicts))
        }
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            if line.hasPrefix("case: ") {
                finish()
                (name, method, bytes, verdicts) = (String(line.dropFirst(6)), "GET", [], [])
            } else if line.hasPrefix("to: ") {
                method = String(line.dropFirst(4))
            } else if line.hasPrefix("=> ") {
                verdicts.append(verdict(line.dropFirst(3), in: "\(group): \(name)"))
            } else {
                bytes += unescaped(line)
            }
        }
        finish()
        return cases
    }

    private static func verdict(_ text: Substring, in place: String) -> CorpusCase.Verdict {
        var words = text.split(separator: " ", maxSplits: 2)
        let first = words.removeFirst()
        func number(_ word: Substring?) -> Int {
            guard let number = word.flatMap({ Int($0) }) else {
                preconditionFailure("no number in '\(text)', in \(place)")
            }
            return number
        }
        switch first {
        case "partly": return .partly
        case "ends": return .ends
        case "waits": return .waits
        case "answer": return .answer(number(words.first))
        case "refuse": return .refuse(number(words.first))
        case "inform": return .inform(number(words.first))
        case "cut": return .cut(number(words.first))
        default: break
        }
        if let status = Int(first) {
            return .response(status: status, body: unescaped(words.joined(separator: " ")[...]))
        }
        var (host, body) = (String?.none, words.count > 1 ? words[1] : "")
        if body.hasPrefix("@") {
            let parts = body.dropFirst().split(separator: " ", maxSplits: 1)
            (host, body) = (String(parts[0]), parts.count > 1 ? parts[1] : "")
        }
        let target = String(decoding: unescaped(words[0]), as: UTF8.self)
        return .request(method: String(first), target: target, host: host, body: unescaped(body))
    }

    private static func unescaped(_ text: Substring) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = text[...]
        while let character = rest.popFirst() {
            guard character == "\\" else {
                bytes += Array(character.utf8)
                continue
            }
            switch rest.popFirst() {
            case "r": bytes.append(0x0D)
            case "n": bytes.append(0x0A)
            case "t": bytes.append(0x09)
            case "s": bytes.append(0x20)
            case "\\": bytes.append(0x5C)
            case "x":
                guard let byte = UInt8(rest.prefix(2), radix: 16) else {
                    preconditionFailure("bad escape in '\(text)'")
                }
                bytes.append(byte)
                rest = rest.dropFirst(2)
            case "{":
                guard let colon = rest.firstIndex(of: ":"), let end = rest.firstIndex(of: "}"),
                    let count = Int(rest[..<colon])
                else { preconditionFailure("bad repetition in '\(text)'") }
                let part = unescaped(rest[rest.index(after: colon)..<end])
                for _ in 0..<count { bytes += part }
                rest = rest[rest.index(after: end)...]
            default: preconditionFailure("bad escape in '\(text)'")
            }
        }
        return bytes
    }
}
