import COpenSSL

/// The paths of a certificate (leaf first, then intermediates) and of its private key, both PEM.
public struct CertificateFiles: Hashable, Sendable {
    public let certificatePath: String
    public let keyPath: String

    public init(certificatePath: String, keyPath: String) {
        self.certificatePath = certificatePath
        self.keyPath = keyPath
    }
}

/// A certificate, its chain and its private key, loaded and verified to match.
///
/// Owns one reference to each OpenSSL object and drops it in `deinit`; a connection that uses them holds its own.
/// `@unchecked Sendable` because nothing changes after `init`, and OpenSSL's reference counts are atomic.
final class CertifiedKey: @unchecked Sendable {
    let certificate: OpaquePointer
    let key: OpaquePointer
    let chain: OpaquePointer
    /// Lower-case DNS names (a wildcard as `*.example`) and IP addresses from the subject alternative names.
    let names: [String]
    /// The same names, for lookups that allocate nothing.
    let coverage: CertificateNames
    /// The end of validity, in seconds since 1970.
    let expiry: Int64

    init(_ files: CertificateFiles) throws(TLSError) {
        let certificates = try PEM.certificates(in: FileAccess.read(files.certificatePath), of: files.certificatePath)
        let key: OpaquePointer
        do throws(TLSError) {
            key = try PEM.privateKey(in: FileAccess.read(files.keyPath), of: files.keyPath)
        } catch {
            for certificate in certificates { X509_free(certificate) }
            throw error
        }
        guard let chain = carrel_sk_X509_new_null() else { fatalError("out of memory") }
        for certificate in certificates.dropFirst() { carrel_sk_X509_push(chain, certificate) }
        self.certificate = certificates[0]
        self.key = key
        self.chain = chain
        names = X509Reading.names(of: certificates[0])
        coverage = CertificateNames(names)
        expiry = X509Reading.expiry(of: certificates[0])
        ErrorQueue.clear()
        guard X509_check_private_key(certificate, key) == 1 else {
            throw ErrorQueue.failure(
                .certificate, "the key \(files.keyPath) does not belong to the certificate \(files.certificatePath)")
        }
    }

    deinit {
        X509_free(certificate)
        EVP_PKEY_free(key)
        carrel_sk_X509_pop_free(chain)
    }
}

/// Parses PEM into OpenSSL objects, which the caller owns and frees.
enum PEM {
    /// At least one certificate, in the file's order; the caller owns one reference to each.
    static func certificates(in bytes: [UInt8], of source: String) throws(TLSError) -> [OpaquePointer] {
        ErrorQueue.clear()
        let bio = BIO_new_mem_buf(bytes, Int32(bytes.count))
        defer { BIO_free(bio) }
        var certificates: [OpaquePointer] = []
        while let certificate = PEM_read_bio_X509(bio, nil, refuseToAsk, nil) { certificates.append(certificate) }
        // The reader stops with "no start line" at the end of the text; any other reason means a malformed certificate.
        let ended = ErrorQueue.reason(of: ERR_peek_last_error()) == PEM_R_NO_START_LINE
        guard ended, !certificates.isEmpty else {
            for certificate in certificates { X509_free(certificate) }
            throw ErrorQueue.failure(.file, "\(source) holds no usable PEM certificate")
        }
        ErrorQueue.clear()
        return certificates
    }

    static func privateKey(in bytes: [UInt8], of source: String) throws(TLSError) -> OpaquePointer {
        ErrorQueue.clear()
        let bio = BIO_new_mem_buf(bytes, Int32(bytes.count))
        defer { BIO_free(bio) }
        guard let key = PEM_read_bio_PrivateKey(bio, nil, refuseToAsk, nil) else {
            throw ErrorQueue.failure(.file, "\(source) holds no usable PEM private key (without a pass phrase)")
        }
        return key
    }
}

/// Without this callback OpenSSL would prompt for a pass phrase on the terminal and block the process.
private func refuseToAsk(
    _: UnsafeMutablePointer<CChar>?, _: Int32, _: Int32, _: UnsafeMutableRawPointer?
) -> Int32 { -1 }

/// Reads fields of a certificate.
enum X509Reading {
    static func names(of certificate: OpaquePointer) -> [String] {
        guard let extensions = X509_get_ext_d2i(certificate, NID_subject_alt_name, nil, nil) else { return [] }
        let list = OpaquePointer(extensions)
        defer { GENERAL_NAMES_free(list) }
        var names: [String] = []
        for index in 0..<carrel_sk_GENERAL_NAME_num(list) {
            guard let name = carrel_sk_GENERAL_NAME_value(list, index) else { continue }
            var kind: Int32 = 0
            guard let value = GENERAL_NAME_get0_value(name, &kind) else { continue }
            guard kind == GEN_DNS || kind == GEN_IPADD else { continue }
            let string = value.assumingMemoryBound(to: ASN1_STRING.self)
            let bytes = UnsafeBufferPointer(
                start: ASN1_STRING_get0_data(string), count: Int(ASN1_STRING_length(string)))
            if kind == GEN_DNS {
                names.append(Hostname.normal(String(decoding: bytes, as: UTF8.self)))
            } else if let address = IPAddress(bytes: Array(bytes)) {
                names.append(address.text)
            }
        }
        return names
    }

    static func expiry(of certificate: OpaquePointer) -> Int64 {
        var fields = tm()
        guard ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &fields) == 1 else { return 0 }
        return Int64(timegm(&fields))
    }
}
