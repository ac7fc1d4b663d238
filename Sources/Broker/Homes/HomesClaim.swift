import Identity

#if canImport(Glibc)
    import Glibc
#endif

/// Records which Carrel owns the homes of a portal, in the file `.carrel-portal` in the portal's directory, which is
/// created at first use. Otherwise two brokers with the same portal name on one root would share learners' homes.
///
/// No home has a name that begins with a dot, and no lab sees more than one learner's home, so no lab can read or write
/// the file. Calls block for as long as the file system takes.
public struct HomesClaim: Sendable {
    static let fileName = ".carrel-portal"

    /// The root as configured.
    private let root: String
    /// The name of the portal's directory in the root.
    private let name: String
    private let portal: PortalID
    /// The instance of the broker's state file.
    private let instance: String

    public init(root: String, directory name: String, portal: PortalID, instance: String) {
        self.root = root
        self.name = name
        self.portal = portal
        self.instance = instance
    }

    private var directory: String { "\(root)/\(name)" }
    private var text: String { "instance \(instance)\nportal \(portal)\n" }

    /// Creates the file if it is missing; the portal's directory must exist.
    /// - Throws: when the homes belong to another Carrel, and when the file cannot be read or created.
    func take() throws(OwnerFile.Failure) {
        let found = try OwnerFile.claim("\(directory)/\(Self.fileName)", text: text)
        if found != text { throw OwnerFile.Failure(message: message(found)) }
    }

    /// What is wrong with the current claim, for the operator; `nil` if nothing is, or there is no claim. Changes
    /// nothing.
    public func problem() -> String? {
        do throws(OwnerFile.Failure) {
            guard let found = try OwnerFile.read("\(directory)/\(Self.fileName)"), found != text else { return nil }
            return message(found)
        } catch {
            return error.message
        }
    }

    private func message(_ found: String) -> String {
        let owner = found.split(separator: "\n").map(String.init).joined(separator: ", ")
        return
            "The homes in \(directory) are those of another Carrel (\(owner)), as \(directory)/\(Self.fileName) says, "
            + "and this one is instance \(instance), portal \(portal). Give this Carrel another portal name or another "
            + "homes root. If the other one is gone for good and its homes are to be this one's, remove that file."
    }

    /// Whether the directory's file system ignores case, tested with the claim file, which must exist.
    func ignoresCase() -> Bool {
        var (one, other) = (stat(), stat())
        return lstat("\(directory)/\(Self.fileName)", &one) == 0
            && lstat("\(directory)/\(Self.fileName.uppercased())", &other) == 0
            && one.st_ino == other.st_ino && one.st_dev == other.st_dev
    }
}
