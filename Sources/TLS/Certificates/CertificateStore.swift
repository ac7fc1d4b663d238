import COpenSSL
import Glibc
import Synchronization

/// A server's certificates, selected by the name that the client requests (SNI, RFC 6066 section 3).
///
/// Any thread. The current state is one immutable snapshot: `reload()` reads the files again and `replace(_:)` reads
/// others; both swap the snapshot, so that new handshakes use the new certificates and open connections keep theirs.
/// `takeChange()` tells whether the files have changed.
public final class CertificateStore: Sendable {
    private let source: Mutex<Source>
    private let snapshot: Mutex<Snapshot>

    /// The files, and what they were when they were last looked at. Locked while they are read, so that two changes at
    /// once happen one after the other; a handshake does not wait for that.
    private struct Source: Sendable {
        var files: [CertificateFiles]
        var marks: [FileMark?]

        /// Looks at the files before anybody reads them, so that a change in between is detected the next time.
        init(_ files: [CertificateFiles]) {
            self.files = files
            marks = Self.marks(of: files)
        }

        static func marks(of files: [CertificateFiles]) -> [FileMark?] {
            files.flatMap { [FileMark($0.certificatePath), FileMark($0.keyPath)] }
        }
    }

    /// - Parameter pairs: at least one; the first is the default for clients that send no name or an unknown one.
    /// - Throws: `TLSError` that names the file that is missing, malformed, or does not match its key.
    public init(_ pairs: [CertificateFiles]) throws(TLSError) {
        source = Mutex(Source(pairs))
        snapshot = Mutex(try Snapshot(pairs))
    }

    /// Reads the same files again. On error all current certificates stay in use.
    public func reload() throws(TLSError) {
        try source.withLock { source throws(TLSError) in
            source.marks = Source.marks(of: source.files)
            let fresh = try Snapshot(source.files)
            snapshot.withLock { $0 = fresh }
        }
    }

    /// Reads other files, and uses them instead from now on. On error the current certificates and their files stay.
    ///
    /// - Parameter pairs: as for `init`.
    /// - Throws: as `init`.
    public func replace(_ pairs: [CertificateFiles]) throws(TLSError) {
        try source.withLock { source throws(TLSError) in
            let next = Source(pairs)
            let fresh = try Snapshot(pairs)
            source = next
            snapshot.withLock { $0 = fresh }
        }
    }

    /// Whether one of the files was replaced since the last call or since they were last read. Follows symbolic links,
    /// which is how certbot installs a new certificate, and does not read the files.
    public func takeChange() -> Bool {
        source.withLock { source in
            let now = Source.marks(of: source.files)
            defer { source.marks = now }
            return source.marks != now
        }
    }

    /// Whether a certificate names `hostname` (or IP address) exactly or by a wildcard.
    public func covers(hostname: String) -> Bool { current.find(Hostname.normal(hostname)) != nil }

    /// The names of the certificate that a client gets now when it asks for `serverName`, or for none; `nil` while there
    /// is only one certificate, because no other connection would cover more.
    ///
    /// - Parameter serverName: evaluated only if there are several certificates.
    public func names(for serverName: @autoclosure () -> String?) -> CertificateNames? {
        let current = current
        return current.count == 1 ? nil : current.certificate(for: serverName()).coverage
    }

    /// The earliest expiry among the certificates, in seconds since 1970.
    public var earliestExpiry: Int64 { current.earliestExpiry }

    /// The file of the certificate that expires first.
    public var firstToExpire: String { current.firstToExpire }

    /// Looks up the exact name, then the wildcard, then falls back to the default.
    func certificate(for serverName: String?) -> CertifiedKey {
        current.certificate(for: serverName)
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
    /// At least 1.
    let count: Int
    let earliestExpiry: Int64
    let firstToExpire: String
    private let fallback: CertifiedKey
    private let byName: [String: CertifiedKey]

    init(_ pairs: [CertificateFiles]) throws(TLSError) {
        var loaded: [CertifiedKey] = []
        for pair in pairs { loaded.append(try CertifiedKey(pair)) }
        guard let first = loaded.first else {
            throw TLSError(.certificate, "a TLS server needs at least one certificate and key")
        }
        fallback = first
        count = loaded.count
        let earliest = zip(pairs, loaded).min { $0.1.expiry < $1.1.expiry }
        earliestExpiry = earliest?.1.expiry ?? 0
        firstToExpire = earliest?.0.certificatePath ?? ""
        byName = Dictionary(loaded.flatMap { key in key.names.map { ($0, key) } }) { earlier, _ in earlier }
    }

    func certificate(for serverName: String?) -> CertifiedKey {
        serverName.flatMap { find(Hostname.normal($0)) } ?? fallback
    }

    func find(_ name: String) -> CertifiedKey? {
        byName[name] ?? Hostname.wildcard(for: name).flatMap { byName[$0] }
    }
}
