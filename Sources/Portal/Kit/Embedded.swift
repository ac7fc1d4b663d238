import Foundation

/// The files of the folder `Files`, which the build embeds: a page cannot be missing at run time.
enum Embedded {
    /// Texts by their paths in the folder, such as `parts/form.mustache`, without the newline that ends the last line.
    static let texts: [String: String] = EmbeddedFiles.files.reduce(into: [:]) { texts, file in
        guard let bytes = Data(base64Encoded: file.base64.withUTF8Buffer { Data($0) }) else {
            preconditionFailure("the build has embedded something that is not base64")
        }
        let text = String(decoding: bytes, as: UTF8.self)
        texts[file.name] = text.hasSuffix("\n") ? String(text.dropLast()) : text
    }

    /// - Parameter name: of a file that is part of the code, so it is there.
    static func text(_ name: String) -> String {
        guard let text = texts[name] else { preconditionFailure("there is no file \(name)") }
        return text
    }
}
