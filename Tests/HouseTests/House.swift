import Foundation

/// A file of the repository, as text.
struct HouseFile: Sendable {
    /// From the root of the repository.
    let path: String
    let text: String

    var lines: [String] { text.components(separatedBy: "\n") }
    var folder: String { path.split(separator: "/").dropLast().joined(separator: "/") }
    var isSwift: Bool { path.hasSuffix(".swift") }

    /// Where a line is, as compilers write it.
    ///
    /// - Parameter index: from 0.
    func place(_ index: Int) -> String { "\(path):\(index + 1)" }
}

/// The files that people write in this repository.
enum House {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// Where this checkout lies, in lower case.
    static let rootPath = root.path.lowercased() + "/"

    /// Of other files the names say nothing about who wrote them: recorded bytes, seeds, calendars of other programs.
    private static let endings: Set<String> = ["swift", "c", "h", "md", "sh", "py", "words", "mustache", "css", "js"]
    /// Here files without an ending are text, too: scripts, and the recipes of images.
    private static let foldersOfScripts = ["Scripts/", "LabImages/", ".ci/"]

    static let files: [HouseFile] = {
        var paths = ["Package.swift", "README.md"]
        for folder in ["Sources", "Tests", "Scripts", "LabImages", ".github", ".ci"] {
            let names = FileManager.default.enumerator(atPath: root.appendingPathComponent(folder).path)
            while let name = names?.nextObject() as? String { paths.append("\(folder)/\(name)") }
        }
        return paths.sorted().compactMap { path in
            let ending = URL(fileURLWithPath: path).pathExtension
            let isScript = ending.isEmpty && foldersOfScripts.contains { path.hasPrefix($0) }
            guard isScript || endings.contains(ending) else { return nil }
            let text = try? String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
            return text.map { HouseFile(path: path, text: $0) }
        }
    }()

    /// The Swift files of the product and of its tests.
    static let swift = files.filter { $0.isSwift && $0.path != "Package.swift" }
    static let sources = swift.filter { $0.path.hasPrefix("Sources/") }

    static func hasFolder(_ path: String) -> Bool {
        var isDirectory: ObjCBool = false
        let exists = FileManager.default.fileExists(
            atPath: root.appendingPathComponent(path).path, isDirectory: &isDirectory)
        return exists && isDirectory.boolValue
    }
}
