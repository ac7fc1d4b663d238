import COpenSSL

/// Expiry dates of certificates, read without their private keys.
public enum CertificateDates {
    /// The earliest expiry among the certificates in a PEM file, in seconds since 1970. Blocks.
    ///
    /// - Throws: `TLSError` when the file cannot be read or contains no certificate.
    public static func earliestEnd(inFile path: String) throws(TLSError) -> Int64 {
        let certificates = try PEM.certificates(in: FileAccess.read(path), of: path)
        defer { for certificate in certificates { X509_free(certificate) } }
        return certificates.map(X509Reading.expiry).min() ?? 0
    }
}
