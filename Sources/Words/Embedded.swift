import Foundation

/// The files of the folder `Catalogues`, which the build embeds.
enum Embedded {
    /// Names and texts, in the order of the names.
    static let texts: [(name: String, text: String)] = EmbeddedFiles.files.map { file in
        guard let bytes = Data(base64Encoded: file.base64.withUTF8Buffer { Data($0) }) else {
            preconditionFailure("the build has embedded something that is not base64")
        }
        return (file.name, String(decoding: bytes, as: UTF8.self))
    }
}
