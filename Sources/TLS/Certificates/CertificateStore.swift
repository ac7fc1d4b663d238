import COpenSSL
import Glibc
import Synchronization

/// The certificates of a server, chosen by the name that the client asks for (SNI, RFC 6066 section 3).
///
/// Any thread. What is in force is one immutable snapshot: `reload()` reads the files again and swaps the snapshot, so
/// that new handshakes use the new certificates and open connections keep what they have. `takeChange()` tells when the
/// files are worth a look.
public final class CertificateStore: Sendable {
    private let files: [CertificateFiles]
    private let snapshot: Mutex<Snapshot>
    private let marks: Mutex<[FileMark?]>

    /// - Parameter pairs: at least one; the first is the default for a client that names nothing or nothing known.
    /// - Throws: `TLSError` that names the file that is missing, broken, or does not belong to its key.
    public init(_ pairs: [CertificateFiles]) throws(TLSError) {
        files = pairs
        // Before they are read: what changes meanwhile is seen the next time.
        marks = Mutex(Self.marks(of: pairs))
        snapshot = Mutex(try Snapshot(pairs))
    }

    /// Reads the same files again. An error keeps every certificate as it was.
    public func reload() throws(TLSError) {
        _ = takeChange()
        let fresh = try Snapshot(files)
        snapshot.withLock { $0 = fresh }
    }

    /// Whether one of the files is another one than when this was last asked, or they were last read. It looks through
    /// symbolic links, which is how certbot puts a new certificate in place, and does not read.
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

    /// When the first of the certificates becomes invalid, in seconds since 1970.
    public var earliestExpiry: Int64 { current.earliestExpiry }

    /// By exact name, then wildcard, else the default.
    func certificate(for serverName: String?) -> CertifiedKey {
        let current = current
        return serverName.flatMap { current.find(Hostname.normal($0)) } ?? current.fallback
    }

    private var current: Snapshot { snapshot.withLock { $0 } }
}

/// What tells a file from what was there before under its name.
private struct FileMark: Hashable, Sendable {
    let device: UInt64
    let number: UInt64
    let size: Int64
    let seconds: Int64
    let nanoseconds: Int64

    /// `nil` when there is none.
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
