import Foundation
import HTTPTransport
import Text

extension LearnerClient {
    private struct Upload: Encodable {
        var type = "file"
        var format = "base64"
        var content: String
        /// From 1, and -1 for the last part; `nil` if the file has only one part.
        var chunk: Int?
    }

    /// Uploads a file to the learner's home as JupyterLab does: in parts of 1 MiB, as base64 in JSON.
    /// - Parameter path: relative to the home, without a leading slash.
    func upload(_ bytes: [UInt8], to path: String) async throws(LearnerError) {
        let size = LearnerLimits.uploadPart
        var start = 0
        repeat {
            let end = min(start + size, bytes.count)
            let chunk: Int? = bytes.count <= size ? nil : end == bytes.count ? -1 : start / size + 1
            let part = Upload(content: Data(bytes[start..<end]).base64EncodedString(), chunk: chunk)
            guard let body = try? JSONEncoder().encode(part) else {
                throw LearnerError(.refused, "a part of \(path) cannot be encoded")
            }
            let answer = try await ask("PUT", "/api/contents/\(Self.escape(path))", body: [UInt8](body))
            guard answer.status == 200 || answer.status == 201 else {
                throw LearnerError(.refused, status: answer.status, "\(path) was not uploaded: \(Self.words(answer))")
            }
            start = end
        } while start < bytes.count
    }

    /// Downloads a file from the learner's home, as the file browser's *Download* does.
    func download(_ path: String) async throws(LearnerError) -> [UInt8] {
        let answer = try await ask("GET", "/files/\(Self.escape(path))", limit: LearnerLimits.downloadBytes)
        guard answer.status == 200 else {
            throw LearnerError(.refused, status: answer.status, "\(path) was not downloaded: \(Self.words(answer))")
        }
        return answer.body
    }

    private static func escape(_ path: String) -> String {
        path.split(separator: "/").map { PercentEncoding.encode(String($0)) }.joined(separator: "/")
    }
}
