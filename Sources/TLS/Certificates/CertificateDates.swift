import COpenSSL

/// When certificates end, without their keys.
public enum CertificateDates {
    /// The end of the first one of a PEM file to become invalid, in seconds since 1970. Blocks.
    ///
    /// - Throws: `TLSError` when the file cannot be read or has no certificate in it.
    public static func earliestEnd(inFile path: String) throws(TLSError) -> Int64 {
        let certificates = try PEM.certificates(in: FileAccess.read(path), of: path)
        defer { for certificate in certificates { X509_free(certificate) } }
        return certificates.map(X509Reading.expiry).min() ?? 0
    }
}
