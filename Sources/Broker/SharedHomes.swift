#if canImport(Glibc)
    import Glibc
#endif

/// The shared homes root: makes a learner's directory, and nothing else, ever.
struct SharedHomes: Sendable {
    struct Failure: Error {
        var message: String
    }

    /// The root as configured; the same path on every host and here.
    var root: String

    func path(portal: String, learner: String) -> String {
        "\(root)/\(HomeName.encode(portal))/\(HomeName.encode(learner))"
    }

    /// Makes the learner's home if it is missing, readable by its owner alone, and returns its path. Blocks for as long
    /// as the file system takes: call it off the control loop.
    func ensure(portal: String, learner: String, userID: Int, groupID: Int) throws(Failure) -> String {
        let portalDirectory = "\(root)/\(HomeName.encode(portal))"
        try makeDirectory(portalDirectory, mode: 0o711)
        let home = path(portal: portal, learner: learner)
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

    /// True when it was made now. A symbolic link in its place is refused: it could lead out of the portal.
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
