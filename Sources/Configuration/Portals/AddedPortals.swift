import Foundation
import Glibc
import Identity

/// The text of a portal that a command has added, in the form of an element of `portals`.
public struct AddedPortal: Hashable, Sendable {
    public var id: PortalID
    /// Its file, for messages.
    public var file: String
    public var text: String

    public init(id: PortalID, file: String, text: String) {
        self.id = id
        self.file = file
        self.text = text
    }
}

/// The portals that commands have added: a file for each in the state directory. Calls block for as long as the file
/// system takes; one process at a time writes.
public struct AddedPortals: Sendable {
    private let directory: String

    public init(stateDirectory: String) { directory = stateDirectory + "/" + StateFileNames.portals }

    private static let suffix = ".yaml"

    /// The path of a portal's file, whether or not it is there.
    public func file(of id: PortalID) -> String { "\(directory)/\(id)\(Self.suffix)" }

    /// All of them, by name. Files whose names are no portals' are left alone.
    ///
    /// - Throws: if the directory or a file cannot be read.
    public func read() throws(InvalidConfiguration) -> [AddedPortal] {
        guard let stream = opendir(directory) else {
            if errno == ENOENT { return [] }
            throw Self.failure("the directory cannot be read: \(String(cString: strerror(errno)))", directory)
        }
        defer { closedir(stream) }
        var ids: [PortalID] = []
        while let entry = Glibc.readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard name.hasSuffix(Self.suffix), let id = PortalID(checking: String(name.dropLast(Self.suffix.count)))
            else {
                continue
            }
            ids.append(id)
        }
        var portals: [AddedPortal] = []
        for id in ids.sorted() {
            portals.append(AddedPortal(id: id, file: file(of: id), text: try Configuration.read(file(of: id)).text))
        }
        return portals
    }

    /// Writes a portal's file, which is whole or as before whatever happens.
    public func write(_ portal: AddedPortal) throws(InvalidConfiguration) {
        do {
            try FileManager.default.createDirectory(
                atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            try Data(portal.text.utf8).write(to: URL(fileURLWithPath: portal.file), options: .atomic)
        } catch {
            throw Self.failure("the portal cannot be saved: \(error.localizedDescription)", portal.file)
        }
    }

    /// - Returns: whether there was such a file.
    public func remove(_ id: PortalID) throws(InvalidConfiguration) -> Bool {
        if unlink(file(of: id)) == 0 { return true }
        if errno == ENOENT { return false }
        throw Self.failure("the portal cannot be removed: \(String(cString: strerror(errno)))", file(of: id))
    }

    private static func failure(_ message: String, _ path: String) -> InvalidConfiguration {
        InvalidConfiguration(problems: [ConfigurationProblem(file: path, line: 0, column: 0, message: message)])
    }
}
