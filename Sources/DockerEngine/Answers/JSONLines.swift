import Foundation

/// Decodes a sequence of JSON objects from a stream that may be split anywhere. Docker ends each with a newline.
struct JSONLines<Body: Decodable> {
    private var buffer: [UInt8] = []

    /// - Throws: `EngineError.protocolViolation` for a line over `EngineLimits.eventLineBytes` or one that cannot be
    ///   decoded.
    mutating func feed(_ bytes: [UInt8]) throws(EngineError) -> [Body] {
        buffer += bytes
        var bodies: [Body] = []
        var start = buffer.startIndex
        while let end = buffer[start...].firstIndex(of: UInt8(ascii: "\n")) {
            let line = buffer[start..<end].filter { $0 != UInt8(ascii: "\r") }
            start = end + 1
            guard !line.isEmpty else { continue }
            do {
                bodies.append(try JSONDecoder().decode(Body.self, from: Data(line)))
            } catch {
                throw EngineError(
                    code: .protocolViolation,
                    message: "a line cannot be read: \(String(decoding: line.prefix(200), as: UTF8.self))")
            }
        }
        buffer.removeFirst(start - buffer.startIndex)
        guard buffer.count <= EngineLimits.eventLineBytes else {
            throw EngineError(
                code: .protocolViolation, message: "a line is longer than \(EngineLimits.eventLineBytes) bytes")
        }
        return bodies
    }
}
