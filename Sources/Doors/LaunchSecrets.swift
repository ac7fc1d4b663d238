import Foundation
import TLS

/// The keys of links, tickets and labs, each in its own file, which is created on first use.
///
/// The broker and `carrel link` may both need a key first, even at the same moment: a key is written completely under a
/// temporary name and then hard-linked into place, which succeeds for only one of them.
public struct LaunchSecrets: Sendable {
    public let links: LinkSigner
    public let tickets: TicketSigner
    /// Derives the tokens with which the edge authenticates to labs.
    public let labTokens: HMACKey

    /// - Parameter directory: the state directory's `secrets`; created with mode 0700 if missing. The files have mode
    ///   0600.
    public init(directory: String) throws(LaunchError) {
        if mkdir(directory, 0o700) != 0, errno != EEXIST {
            throw Self.error("make the directory", directory)
        }
        links = LinkSigner(key: HMACKey(bytes: try Self.secret(directory + "/link.key")))
        tickets = TicketSigner(key: HMACKey(bytes: try Self.secret(directory + "/ticket.key")))
        labTokens = HMACKey(bytes: try Self.secret(directory + "/lab.key"))
    }

    /// The ways into a portal, each with its own path.
    public var doors: [any Door] { [SignedLinkDoor(links), InstructorLinkDoor(links)] }

    private static func secret(_ path: String) throws(LaunchError) -> [UInt8] {
        if let secret = try read(path) { return secret }
        let draft = "\(path).\(SecureRandom.slug(length: 12))"
        defer { unlink(draft) }
        try write(SecureRandom.bytes(LaunchLimits.secretLength), to: draft)
        if link(draft, path) != 0, errno != EEXIST { throw error("make", path) }
        guard let secret = try read(path) else { throw error("read", path) }
        return secret
    }

    /// `nil` if there is no such file.
    private static func read(_ path: String) throws(LaunchError) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        if descriptor < 0 {
            if errno == ENOENT { return nil }
            throw error("read", path)
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw LaunchError(.secret, path, "\(path) is no file; move it away, and a new key is made")
        }
        if status.st_mode & 0o077 != 0 {
            throw LaunchError(
                .secret, path,
                "\(path) can be read by others; run chmod 600 \(path), or remove it to make a new key (links made before end)"
            )
        }
        var bytes = [UInt8](repeating: 0, count: LaunchLimits.secretLength + 1)
        let count = bytes.withUnsafeMutableBytes { Foundation.read(descriptor, $0.baseAddress, $0.count) }
        guard count == LaunchLimits.secretLength else {
            throw LaunchError(
                .secret, path,
                "\(path) does not hold \(LaunchLimits.secretLength) bytes; restore it, or remove it to make a new key (links made before end)"
            )
        }
        return Array(bytes.prefix(count))
    }

    private static func write(_ bytes: [UInt8], to path: String) throws(LaunchError) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        if descriptor < 0 { throw error("make", path) }
        let written = bytes.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
        let synced = fsync(descriptor)
        close(descriptor)
        if written != bytes.count || synced != 0 { throw error("write", path) }
    }

    private static func error(_ what: String, _ path: String) -> LaunchError {
        LaunchError(
            .secret, path, "cannot \(what) \(path): \(String(cString: strerror(errno))); check the state directory")
    }
}
