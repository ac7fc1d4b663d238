import Configuration
import Edge
import Foundation
import HTTPTransport
import HTTPWire
import Text

/// The routes of a standalone edge: `hostname: http://host:port`, one per line.
///
/// It is a flat YAML mapping, parsed by hand so that a hundred thousand lines take only a moment, and so that a line
/// that is not a route is reported by its number.
enum RoutesFile {
    /// Bytes of one file.
    static let largestFile = 64 << 20
    static let largestLine = 1024
    /// How many mistakes are reported at once.
    static let problemsTold = 20

    /// - Throws: `InvalidConfiguration` with every mistake, or `CommandFailure` if the file cannot be read.
    static func read(_ path: String) throws -> [String: UpstreamAddress] {
        func fails(_ code: Int32) -> CommandFailure {
            CommandFailure("the routes \(path) cannot be read: \(String(cString: strerror(code)).lowercased())")
        }
        guard let handle = FileHandle(forReadingAtPath: path) else { throw fails(errno) }
        defer { try? handle.close() }
        let data: Data
        // For an empty file this returns nil.
        do { data = try handle.read(upToCount: largestFile + 1) ?? Data() } catch { throw fails(errno) }
        guard data.count <= largestFile else {
            throw CommandFailure("the routes \(path) have more than \(SizeText.format(Int64(largestFile)))")
        }
        return try data.withUnsafeBytes { try parse($0, of: path) }
    }

    /// - Parameter source: the name of the source in reported mistakes.
    /// - Throws: `InvalidConfiguration`.
    static func parse(_ bytes: UnsafeRawBufferPointer, of source: String) throws -> [String: UpstreamAddress] {
        var routes: [String: UpstreamAddress] = [:]
        routes.reserveCapacity(bytes.count / 40)
        var problems: [ConfigurationProblem] = []
        var start = 0
        var number = 0
        while start < bytes.count, problems.count < problemsTold {
            let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
            number += 1
            let line = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
            start = end + 1
            do throws(RouteLine.Mistake) {
                guard let route = try RouteLine(line) else { continue }
                if routes.updateValue(route.upstream, forKey: route.hostname) != nil {
                    let first = firstLine(of: route.hostname, in: bytes)
                    throw RouteLine.Mistake("\(route.hostname) has a route in line \(first) already")
                }
            } catch {
                problems.append(ConfigurationProblem(file: source, line: number, column: 0, message: error.message))
            }
        }
        if !problems.isEmpty { throw InvalidConfiguration(problems: problems) }
        return routes
    }

    private static func firstLine(of hostname: String, in bytes: UnsafeRawBufferPointer) -> Int {
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        let index = lines.firstIndex { line in
            (try? RouteLine(UnsafeRawBufferPointer(rebasing: line)))?.hostname == hostname
        }
        return (index ?? 0) + 1
    }

    /// The routes in the format of such a file, sorted by hostname.
    static func text(_ routes: [String: UpstreamAddress]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(routes.count * 48)
        for (hostname, upstream) in routes.sorted(by: { $0.key < $1.key }) {
            bytes.append(contentsOf: line(hostname, upstream).utf8)
        }
        return bytes
    }

    static func line(_ hostname: String, _ upstream: UpstreamAddress) -> String {
        "\(hostname): http://\(upstream)\n"
    }
}

/// One line of a routes file.
struct RouteLine {
    struct Mistake: Error {
        let message: String
        init(_ message: String) { self.message = message }
    }

    /// In lower case.
    let hostname: String
    let upstream: UpstreamAddress

    /// - Returns: `nil` for a line without a route: empty, a comment, or the marker that starts a YAML document.
    init?(_ line: UnsafeRawBufferPointer) throws(Mistake) {
        let content = Self.withoutComment(line)
        if content.isEmpty || content.elementsEqual("---".utf8) { return nil }
        guard content.count <= RoutesFile.largestLine else { throw Mistake("the line is too long for a route") }
        guard let first = content.first, !Self.isBlank(first) else {
            throw Mistake("a route begins at the start of its line: hostname: http://host:port")
        }
        guard let colon = content.firstIndex(of: UInt8(ascii: ":")), colon + 1 < content.endIndex,
            Self.isBlank(content[colon + 1])
        else { throw Mistake("this is no route; one is written hostname: http://host:port") }
        hostname = try Self.hostname(String(decoding: content[..<colon], as: UTF8.self))
        var value = content[(colon + 1)...]
        while let first = value.first, Self.isBlank(first) { value = value.dropFirst() }
        upstream = try Self.upstream(String(decoding: value, as: UTF8.self))
    }

    static func hostname(_ text: String) throws(Mistake) -> String {
        guard Hostname.isValid(text) else {
            throw Mistake("\(quoted(text)) is no hostname; one has letters, digits, hyphens and dots, and no port")
        }
        return text.lowercased()
    }

    static func upstream(_ text: String) throws(Mistake) -> UpstreamAddress {
        let scheme = "http://"
        guard text.hasPrefix(scheme) else {
            let why = text.hasPrefix("https://") ? "upstreams are spoken to without TLS" : "an upstream has a URL"
            throw Mistake("\(quoted(text)): \(why); write http://host:port")
        }
        var rest = text.dropFirst(scheme.count)
        if rest.last == "/" { rest = rest.dropLast() }
        guard let authority = Authority(String(rest)) else {
            throw Mistake("\(quoted(text)) does not name a host and a port alone; write http://host:port")
        }
        return .tcp(host: authority.host, port: authority.port ?? 80)
    }

    private static func quoted(_ text: String) -> String {
        let shown = text.unicodeScalars.prefix(80).map { $0.properties.isWhitespace || $0.value < 32 ? "?" : "\($0)" }
        return "'\(shown.joined())\(text.unicodeScalars.count > 80 ? "…" : "")'"
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }

    private static func withoutComment(_ line: UnsafeRawBufferPointer) -> Slice<UnsafeRawBufferPointer> {
        var content = line[...]
        if content.last == UInt8(ascii: "\r") { content = content.dropLast() }
        for index in content.indices where content[index] == UInt8(ascii: "#") {
            if index == 0 || isBlank(content[index - 1]) {
                content = content[..<index]
                break
            }
        }
        while let last = content.last, isBlank(last) { content = content.dropLast() }
        return content
    }
}
