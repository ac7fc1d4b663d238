import BrokerCore
import Foundation
import Text

extension Configuration {
    /// The named limits of a configuration file.
    enum FileLimits {
        /// In bytes.
        static let size = 1 << 20
        static let hosts = 500
        static let portals = 200
        static let labs = 1_000
        static let listenAddresses = 16
        static let embeddingOrigins = 50
        static let environmentVariables = 100
        /// Each becomes a packet filter rule on every host.
        static let addressRanges = 64
        /// The shortest idle warning, which leaves time to ask the lab whether a kernel is busy, and the longest.
        static let leastIdleWarning = Duration.seconds(30)
        static let idleWarning = Duration.seconds(86_400)
        /// The longest time that a session can be parked.
        static let parksFor = Duration.seconds(365 * 86_400)
    }

    /// Reads and checks a configuration file, and the portals that commands have added.
    ///
    /// - Parameters:
    ///   - path: as the operator gave it; relative paths inside the file are resolved against its folder.
    ///   - change: applied to the added portals first, to see what a change of them would bring.
    /// - Throws: all problems of the files together.
    public init(
        contentsOf path: String, changing change: (inout [AddedPortal]) -> Void = { _ in }
    ) throws(InvalidConfiguration) {
        let (text, folder) = try Self.read(path)
        let state = try Self.root(of: text, problems: ProblemCollector(file: path))
            .optional("state", .path(from: folder))
        var added =
            try state.map { state throws(InvalidConfiguration) in
                try AddedPortals(stateDirectory: state).read()
            } ?? []
        change(&added)
        try self.init(yaml: text, file: path, folder: folder, adding: added)
    }

    /// The state directory of a file that may have mistakes anywhere else.
    public static func stateDirectory(contentsOf path: String) throws(InvalidConfiguration) -> String {
        let (text, folder) = try read(path)
        let problems = ProblemCollector(file: path)
        let directory = try root(of: text, problems: problems).required("state", .path(from: folder))
        guard let directory else { throw InvalidConfiguration(problems: problems.problems) }
        return directory
    }

    /// The file's text and its absolute folder.
    static func read(_ path: String) throws(InvalidConfiguration) -> (text: String, folder: String) {
        func fails(_ message: String) -> InvalidConfiguration {
            InvalidConfiguration(problems: [ConfigurationProblem(file: path, line: 0, column: 0, message: message)])
        }
        guard let handle = FileHandle(forReadingAtPath: path) else {
            let reason = String(cString: strerror(errno))
            throw fails("the configuration cannot be read (\(reason)); name another file with --config")
        }
        defer { try? handle.close() }
        let data: Data
        // For an empty file this returns nil.
        do { data = try handle.read(upToCount: FileLimits.size + 1) ?? Data() } catch {
            throw fails("the configuration cannot be read; name a file with --config")
        }
        if data.count > FileLimits.size {
            throw fails(
                "the configuration is larger than \(SizeText.format(Int64(FileLimits.size))); is this the right file?")
        }
        guard let text = String(data: data, encoding: .utf8) else {
            throw fails("the configuration is not UTF-8 text; save it as UTF-8")
        }
        return (
            text, FilePaths.resolve(FilePaths.folder(of: path), from: FileManager.default.currentDirectoryPath)
        )
    }

    static func root(
        of yaml: String, problems: ProblemCollector
    ) throws(InvalidConfiguration) -> MappingReader {
        let document = try YAMLDocument(yaml, file: problems.file)
        let start = Place(line: 1, column: 1)
        guard let node = document.root else {
            problems.add(start, "the file is empty; the README shows a configuration to begin with")
            throw InvalidConfiguration(problems: problems.problems)
        }
        return MappingReader(node, path: "", parent: start, document: document, problems: problems)
    }

    /// - Parameters:
    ///   - file: the file name in problems.
    ///   - folder: the absolute folder against which relative paths are resolved.
    ///   - added: the portals that commands have added.
    init(
        yaml: String, file: String, folder: String, adding added: [AddedPortal] = []
    ) throws(InvalidConfiguration) {
        let problems = ProblemCollector(file: file)
        let others = added.map { ProblemCollector(file: $0.file) }
        var readers: [MappingReader] = []
        for (portal, problems) in zip(added, others) {
            readers.append(try Self.root(of: portal.text, problems: problems))
        }
        let decoder = ConfigurationDecoder(
            root: try Self.root(of: yaml, problems: problems), folder: folder, file: file, added: readers)
        let configuration = decoder.decode()
        try problems.finish(with: others)
        // Without a problem every part was decoded; the decoder adds a problem for each part that was not.
        guard let configuration else { preconditionFailure("an undecoded configuration without a problem") }
        self = configuration
    }
}
