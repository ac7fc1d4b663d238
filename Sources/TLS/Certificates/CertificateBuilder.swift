import COpenSSL
import Glibc

/// Builds one X.509 version 3 certificate.
///
/// Owns its `X509`, freed in `deinit`; borrows the key, which must outlive it. Single thread, short-lived.
final class CertificateBuilder {
    private let certificate: OpaquePointer
    private let key: OpaquePointer

    /// - Parameters:
    ///   - validFrom, until: seconds since 1970.
    init(key: OpaquePointer, validFrom: Int64, until: Int64) throws(TLSError) {
        ErrorQueue.clear()
        guard let certificate = X509_new() else { fatalError("out of memory") }
        self.certificate = certificate
        self.key = key
        var from = time_t(validFrom)
        var end = time_t(until)
        // 127 random bits: serial numbers are positive and must not repeat (RFC 5280 section 4.1.2.2).
        var serial = SecureRandom.bytes(16)
        serial[0] = serial[0] & 0x7f | 0x40
        let number = BN_bin2bn(serial, Int32(serial.count), nil)
        defer { BN_free(number) }
        let done =
            X509_set_version(certificate, 2) == 1
            && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != nil
            && X509_time_adj_ex(X509_getm_notBefore(certificate), 0, 0, &from) != nil
            && X509_time_adj_ex(X509_getm_notAfter(certificate), 0, 0, &end) != nil
            && X509_set_pubkey(certificate, key) == 1
        guard done else { throw ErrorQueue.failure(.library, "a certificate could not be begun") }
    }

    deinit { X509_free(certificate) }

    func set(commonName: String) throws(TLSError) {
        ErrorQueue.clear()
        let name = X509_get_subject_name(certificate)
        let bytes = Array(commonName.utf8)
        guard X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8, bytes, Int32(bytes.count), -1, 0) == 1
        else { throw ErrorQueue.failure(.certificate, "\"\(commonName)\" is not a common name") }
    }

    /// - Parameters:
    ///   - value: in OpenSSL's configuration syntax; must not contain unchecked text.
    ///   - issuer: `nil` for a self-signed certificate.
    func addExtension(_ kind: Int32, _ value: String, issuer: CertifiedKey?) throws(TLSError) {
        ErrorQueue.clear()
        var context = X509V3_CTX()
        X509V3_set_ctx(&context, issuer?.certificate ?? certificate, certificate, nil, nil, 0)
        guard let built = X509V3_EXT_conf_nid(nil, &context, kind, value) else {
            throw ErrorQueue.failure(.certificate, "the certificate extension \"\(value)\" was refused")
        }
        defer { X509_EXTENSION_free(built) }
        guard X509_add_ext(certificate, built, -1) == 1 else { fatalError("out of memory") }
    }

    /// Signs with the issuer's key, or self-signs, and returns the certificate as PEM.
    func sign(issuer: CertifiedKey?) throws(TLSError) -> [UInt8] {
        ErrorQueue.clear()
        let issuerName = X509_get_subject_name(issuer?.certificate ?? certificate)
        guard X509_set_issuer_name(certificate, issuerName) == 1,
            X509_sign(certificate, issuer?.key ?? key, SHA256.algorithm) > 0
        else { throw ErrorQueue.failure(.library, "the certificate could not be signed") }
        return try Self.text { PEM_write_bio_X509($0, certificate) }
    }

    /// A new P-256 key; the caller owns it.
    static func makeKey() throws(TLSError) -> OpaquePointer {
        ErrorQueue.clear()
        guard let key = carrel_EVP_EC_gen("P-256") else {
            throw ErrorQueue.failure(.library, "a P-256 key could not be made")
        }
        return key
    }

    static func pem(key: OpaquePointer) throws(TLSError) -> [UInt8] {
        try text { PEM_write_bio_PrivateKey($0, key, nil, nil, 0, nil, nil) }
    }

    /// Checked names as OpenSSL's configuration language lists them: `DNS:a.example,IP:10.0.0.1`.
    static func alternativeNames(_ names: [String]) throws(TLSError) -> String {
        guard !names.isEmpty else { throw TLSError(.certificate, "a server's certificate needs at least one name") }
        var entries: [String] = []
        for name in names {
            if let address = IPAddress(name) {
                entries.append("IP:\(address.text)")
            } else if Hostname.isValidPattern(name) {
                entries.append("DNS:\(name)")
            } else {
                throw TLSError(
                    .certificate, "\"\(name)\" is no host name (lower case), wildcard (*.example) or IP address")
            }
        }
        return entries.joined(separator: ",")
    }

    private static func text(_ write: (OpaquePointer?) -> Int32) throws(TLSError) -> [UInt8] {
        ErrorQueue.clear()
        let bio = BIO_new(BIO_s_mem())
        defer { BIO_free(bio) }
        guard write(bio) == 1 else { throw ErrorQueue.failure(.library, "PEM could not be written") }
        var start: UnsafeMutablePointer<CChar>?
        let count = carrel_BIO_get_mem_data(bio, &start)
        return Array(UnsafeRawBufferPointer(start: start, count: count))
    }
}
