import COpenSSL
import Glibc
import Synchronization

/// A server's certificates, selected by the name that the client requests (SNI, RFC 6066 section 3).
///
/// Any thread. The current state is one immutable snapshot: `reload()` reads the files again and swaps the snapshot, so
/// that new handshakes use the new certificates and open connections keep theirs. `takeChange()` tells whether the
/// files have changed.
public final class CertificateStore: Sendable {
    private let files: [CertificateFiles]
    private let snapshot: Mutex<Snapshot>
    private let marks: Mutex<[FileMark?]>

    /// - Parameter pairs: at least one; the first is the default for clients that send no name or an unknown one.
    /// - Throws: `TLSError` that names the file that is missing, malformed, or does not match its key.
    public init(_ pairs: [CertificateFiles]) throws(TLSError) {
        files = pairs
        // Recorded before the files are read, so that a change in between is detected the next time.
        marks = Mutex(Self.marks(of: pairs))
        snapshot = Mutex(try Snapshot(pairs))
    }

    /// Reads the same files again. On error all current certificates stay in use.
    public func reload() throws(TLSError) {
        _ = takeChange()
        let fresh = try Snapshot(files)
        snapshot.withLock { $0 = fresh }
    }

    /// Whether one of the files was replaced since the last call or since they were last read. Follows symbolic links,
    /// which is how certbot installs a new certificate, and does not read the files.
    public func takeChange() -> Bool {
        let now = Self.marks(of: files)
        return marks.withLock { marks in
            defer { marks = now }
            return marks != now
        }
    }

    private static func marks(of files: [CertificateFiles]) -> [FileMark?] {
        files.flatMap { [FileMark($0.certificatePath), FileMark($0.keyPath)] }
    }

    /// Whether a certificate names `hostname` (or IP address) exactly or by a wildcard.
    public func covers(hostname: String) -> Bool { current.find(Hostname.normal(hostname)) != nil }

    /// The earliest expiry among the certificates, in seconds since 1970.
    public var earliestExpiry: Int64 { current.earliestExpiry }

    /// Looks up the exact name, then the wildcard, then falls back to the default.
    func certificate(for serverName: String?) -> CertifiedKey {
        let current = current
        return serverName.flatMap { current.find(Hostname.normal($0)) } ?? current.fallback
    }

    private var current: Snapshot { snapshot.withLock { $0 } }
}

/// The file metadata that reveals whether a path holds a different file than before.
private struct FileMark: Hashable, Sendable {
    let device: UInt64
    let number: UInt64
    let size: Int64
    let seconds: Int64
    let nanoseconds: Int64

    /// `nil` if there is no such file.
    init?(_ path: String) {
        var facts = stat()
        guard stat(path, &facts) == 0 else { return nil }
        device = UInt64(facts.st_dev)
        number = UInt64(facts.st_ino)
        size = Int64(facts.st_size)
        seconds = Int64(facts.st_mtim.tv_sec)
        nanoseconds = Int64(facts.st_mtim.tv_nsec)
    }
}

private final class Snapshot: Sendable {
    let fallback: CertifiedKey
    let earliestExpiry: Int64
    private let byName: [String: CertifiedKey]

    init(_ pairs: [CertificateFiles]) throws(TLSError) {
        var loaded: [CertifiedKey] = []
        for pair in pairs { loaded.append(try CertifiedKey(pair)) }
        guard let first = loaded.first else {
            throw TLSError(.certificate, "a TLS server needs at least one certificate and key")
        }
        fallback = first
        earliestExpiry = loaded.map(\.expiry).min() ?? 0
        byName = Dictionary(loaded.flatMap { key in key.names.map { ($0, key) } }) { earlier, _ in earlier }
    }

    func find(_ name: String) -> CertifiedKey? {
        byName[name] ?? Hostname.wildcard(for: name).flatMap { byName[$0] }
    }
}
