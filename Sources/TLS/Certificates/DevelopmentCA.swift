import COpenSSL
import Glibc

/// A private certificate authority for development, demonstrations and tests, and for mutual TLS between a broker and
/// its hosts: `ca.pem` and `ca.key` (mode 0600) in a directory, and the certificates that it issues.
///
/// All keys are P-256. Issuing is idempotent: an existing certificate that matches and is valid for long enough is
/// kept. A value that holds no open files; any thread, one process at a time per directory.
public struct DevelopmentCA: Sendable {
    /// Days that an issued certificate is valid; one with less than `renewalDays` left is issued anew.
    public static let leafDays: Int64 = 90
    public static let renewalDays: Int64 = 7
    static let authorityDays: Int64 = 3650

    /// What an issued certificate is for.
    public enum Usage: Hashable, Sendable {
        /// A server with these host names (lower case; `*.example` covers one label) and IP addresses.
        case server(names: [String])
        /// A client; the server sees this name.
        case client(name: String)
    }

    public let directory: String
    /// The authority's certificate, which clients must trust.
    public var certificatePath: String { "\(directory)/ca.pem" }
    private var keyPath: String { "\(directory)/ca.key" }

    /// Loads the authority in `directory`, or creates the directory (mode 0700) and the authority.
    /// - Throws: `TLSError` when one of the two files is missing, one is malformed, or the authority has expired: it is
    ///   never overwritten.
    public init(directory: String) throws(TLSError) { try self.init(directory: directory, now: Int64(time(nil))) }

    init(directory: String, now: Int64) throws(TLSError) {
        self.directory = directory
        switch (FileAccess.exists("\(directory)/ca.pem"), FileAccess.exists("\(directory)/ca.key")) {
        case (true, true):
            let authority = try CertifiedKey(files)
            guard authority.expiry > now + Self.renewalDays * 86_400 else {
                throw TLSError(
                    .certificate,
                    "the authority \(certificatePath) has expired or is about to: remove it and \(keyPath) to make another"
                )
            }
        case (false, false):
            try FileAccess.makeDirectory(directory)
            try makeAuthority(now: now)
        case (let hasCertificate, _):
            throw TLSError(
                .file,
                "\(hasCertificate ? keyPath : certificatePath) is missing: bring it back, or remove "
                    + "\(hasCertificate ? certificatePath : keyPath) to make another authority")
        }
    }

    /// Issues a certificate for `usage` as `NAME.pem` (leaf, then the authority) and `NAME.key` (mode 0600) in the
    /// directory.
    /// - Parameter name: a plain file name without extension, other than `ca`.
    /// - Throws: `TLSError` for names that a certificate cannot contain, or files that cannot be written.
    public func issue(_ name: String, for usage: Usage) throws(TLSError) -> CertificateFiles {
        try issue(name, for: usage, now: Int64(time(nil)))
    }

    func issue(_ name: String, for usage: Usage, now: Int64) throws(TLSError) -> CertificateFiles {
        let isPlain = !name.isEmpty && !name.hasPrefix(".") && !name.utf8.contains(UInt8(ascii: "/"))
        guard isPlain, name != "ca" else { throw TLSError(.file, "\"\(name)\" is not a name for a certificate's file") }
        let leaf = CertificateFiles(certificatePath: "\(directory)/\(name).pem", keyPath: "\(directory)/\(name).key")
        let authority = try CertifiedKey(files)
        if isUsable(leaf, for: usage, by: authority, now: now) { return leaf }

        let key = try CertificateBuilder.makeKey()
        defer { EVP_PKEY_free(key) }
        let builder = try CertificateBuilder(key: key, validFrom: now - 3600, until: now + Self.leafDays * 86_400)
        try builder.set(commonName: commonName(of: usage))
        try builder.addExtension(NID_basic_constraints, "critical,CA:FALSE", issuer: authority)
        try builder.addExtension(NID_key_usage, "critical,digitalSignature", issuer: authority)
        try builder.addExtension(NID_ext_key_usage, purpose(of: usage), issuer: authority)
        if case .server(let names) = usage {
            let alternatives = try CertificateBuilder.alternativeNames(names)
            try builder.addExtension(NID_subject_alt_name, alternatives, issuer: authority)
        }
        try builder.addExtension(NID_subject_key_identifier, "hash", issuer: authority)
        try builder.addExtension(NID_authority_key_identifier, "keyid:always", issuer: authority)
        let certificate = try builder.sign(issuer: authority)
        // The key is written first, so that a certificate never exists without its key.
        try FileAccess.replace(leaf.keyPath, with: CertificateBuilder.pem(key: key), mode: 0o600)
        try FileAccess.replace(
            leaf.certificatePath, with: certificate + FileAccess.read(certificatePath), mode: 0o644)
        return leaf
    }

    private var files: CertificateFiles { CertificateFiles(certificatePath: certificatePath, keyPath: keyPath) }

    private func makeAuthority(now: Int64) throws(TLSError) {
        let key = try CertificateBuilder.makeKey()
        defer { EVP_PKEY_free(key) }
        let builder = try CertificateBuilder(key: key, validFrom: now - 3600, until: now + Self.authorityDays * 86_400)
        // Part of the name is random, because clients that trust two authorities of the same name could confuse them.
        try builder.set(commonName: "Carrel development \(SecureRandom.slug(length: 6))")
        try builder.addExtension(NID_basic_constraints, "critical,CA:TRUE,pathlen:0", issuer: nil)
        try builder.addExtension(NID_key_usage, "critical,keyCertSign,cRLSign", issuer: nil)
        try builder.addExtension(NID_subject_key_identifier, "hash", issuer: nil)
        let certificate = try builder.sign(issuer: nil)
        try FileAccess.replace(keyPath, with: CertificateBuilder.pem(key: key), mode: 0o600)
        try FileAccess.replace(certificatePath, with: certificate, mode: 0o644)
    }

    /// Whether the files match, were issued by this authority for exactly this usage, and are valid for long enough.
    private func isUsable(_ files: CertificateFiles, for usage: Usage, by authority: CertifiedKey, now: Int64) -> Bool {
        guard FileAccess.exists(files.certificatePath), FileAccess.exists(files.keyPath),
            let leaf = try? CertifiedKey(files), leaf.expiry >= now + Self.renewalDays * 86_400,
            X509_verify(leaf.certificate, X509_get0_pubkey(authority.certificate)) == 1
        else { return false }
        switch usage {
        case .server(let names):
            let wanted = names.map { IPAddress($0)?.text ?? $0 }
            return Set(leaf.names) == Set(wanted) && leaf.allows(XKU_SSL_SERVER)
        case .client(let name):
            return leaf.names.isEmpty && leaf.commonName == name && leaf.allows(XKU_SSL_CLIENT)
        }
    }

    private func commonName(of usage: Usage) -> String {
        switch usage {
        // A name over 64 bytes does not fit a common name; clients check the alternative names anyway.
        case .server(let names): names.first { $0.utf8.count <= 64 } ?? "carrel"
        case .client(let name): name
        }
    }

    private func purpose(of usage: Usage) -> String {
        switch usage {
        case .server: "serverAuth"
        case .client: "clientAuth"
        }
    }
}

extension CertifiedKey {
    fileprivate func allows(_ usage: Int32) -> Bool {
        X509_get_extended_key_usage(certificate) & UInt32(usage) != 0
    }

    fileprivate var commonName: String {
        var text = [CChar](repeating: 0, count: 256)
        X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, &text, Int32(text.count))
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
