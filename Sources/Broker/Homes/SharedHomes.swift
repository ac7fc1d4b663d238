import Identity

#if canImport(Glibc)
    import Glibc
#endif

/// One portal's directory in the shared homes root. Only ever creates learners' directories and what they need.
struct SharedHomes: Sendable {
    struct Failure: Error {
        var message: String
    }

    /// On a file system that ignores case, records the owner of each home's name: a directory of the portal, with one
    /// file per name in lower case.
    static let ownersName = ".carrel-owners"

    /// The root as configured; the same path on every host and here.
    var root: String
    /// The name of the portal's directory in the root.
    var directory: String
    /// The instance of the broker's state file.
    var instance: String

    /// Creates the learner's home if it is missing, accessible to its owner alone, and returns its path. Blocks for as
    /// long as the file system takes: call it off the control loop.
    /// - Throws: also if the portal's homes belong to another Carrel (`HomesClaim`).
    func ensure(portal: PortalID, learner: String, userID: Int, groupID: Int) throws(Failure) -> String {
        let portalDirectory = "\(root)/\(directory)"
        try makeDirectory(portalDirectory, mode: 0o711)
        let home: String
        do throws(OwnerFile.Failure) {
            let claim = HomesClaim(root: root, directory: directory, portal: portal, instance: instance)
            try claim.take()
            home =
                "\(portalDirectory)/"
                + (claim.ignoresCase()
                    ? try nameOfItsOwn(for: learner, in: portalDirectory) : HomeName.encode(learner))
        } catch {
            throw Failure(message: error.message)
        }
        guard try makeDirectory(home, mode: 0o700) else { return home }
        guard chown(home, uid_t(userID), gid_t(groupID)) == 0 else {
            let words = String(cString: strerror(errno))
            rmdir(home)
            throw Failure(
                message: "The home \(home) cannot be given to user \(userID):\(groupID): \(words). "
                    + "Run carrel as a user who may, or make the lab's user own the homes root.")
        }
        return home
    }

    /// A name that is unique even though the file system ignores case. The first learner with a name keeps it; a later
    /// one gets a name with a digest.
    func nameOfItsOwn(for learner: String, in directory: String) throws(OwnerFile.Failure) -> String {
        let name = HomeName.encode(learner)
        let owners = "\(directory)/\(Self.ownersName)"
        guard mkdir(owners, 0o700) == 0 || errno == EEXIST else {
            throw OwnerFile.Failure(message: "\(owners): cannot make it: \(String(cString: strerror(errno)))")
        }
        let file = "\(owners)/\(name.lowercased())"
        // A home older than the owner files belongs to the learner whose encoded name it has, letter for letter.
        var owner = try OwnerFile.read(file)
        if owner == nil, let old = entry(named: name, in: directory), old != name { owner = "" }
        if owner == nil { owner = try OwnerFile.claim(file, text: learner) }
        return owner == learner ? name : HomeName.distinct(learner)
    }

    /// The directory entry that matches this name apart from case, as the directory lists it.
    private func entry(named name: String, in directory: String) -> String? {
        guard access("\(directory)/\(name)", F_OK) == 0, let stream = opendir(directory) else { return nil }
        defer { closedir(stream) }
        var found: String?
        while let entry = readdir(stream) {
            let listed = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if listed == name { return name }
            if listed.lowercased() == name.lowercased() { found = listed }
        }
        return found
    }

    /// Returns true if it was created now. A symbolic link in its place is refused, because it could lead out of the
    /// portal.
    @discardableResult
    private func makeDirectory(_ path: String, mode: mode_t) throws(Failure) -> Bool {
        if mkdir(path, mode) == 0 { return true }
        guard errno == EEXIST else {
            throw Failure(
                message: "The directory \(path) cannot be made: \(String(cString: strerror(errno))). "
                    + "Check that the homes root is mounted and writable.")
        }
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            throw Failure(message: "\(path) is in the way of a learner's home: it is not a directory. Move it aside.")
        }
        return false
    }
}
