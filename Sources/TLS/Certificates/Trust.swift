import COpenSSL

/// The authorities whose certificates a peer may present.
public enum Trust: Hashable, Sendable {
    /// The machine's authorities (OpenSSL's default directory and file).
    case system
    /// The authorities in a PEM file.
    case file(String)
    /// The authorities in a PEM text.
    case pem([UInt8])

    func install(in context: OpaquePointer) throws(TLSError) {
        ErrorQueue.clear()
        let certificates: [OpaquePointer]
        switch self {
        case .system:
            guard SSL_CTX_set_default_verify_paths(context) == 1 else {
                throw ErrorQueue.failure(.file, "the machine's certificate authorities could not be read")
            }
            return
        case .file(let path): certificates = try PEM.certificates(in: FileAccess.read(path), of: path)
        case .pem(let text): certificates = try PEM.certificates(in: text, of: "the given text")
        }
        defer { for certificate in certificates { X509_free(certificate) } }
        let store = SSL_CTX_get_cert_store(context)
        for certificate in certificates where X509_STORE_add_cert(store, certificate) != 1 {
            throw ErrorQueue.failure(.certificate, "a certificate authority was refused")
        }
    }
}

/// The settings that all our contexts share.
enum ContextSettings {
    /// X25519 first: browsers send its key share unprompted, which saves a round trip.
    static let groups = "X25519:P-256:P-384"
    /// For TLS 1.2: forward secrecy and authenticated encryption only. (TLS 1.3 has nothing else.)
    static let ciphersTLS12 = "ECDHE+AESGCM:ECDHE+CHACHA20"
    /// In the order in which browsers offer them: OpenSSL's default order would pick AES-256 for clients that prefer
    /// AES-128.
    static let ciphersTLS13 = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"

    /// A new context; the caller owns it.
    static func make(_ method: OpaquePointer?) throws(TLSError) -> OpaquePointer {
        ErrorQueue.clear()
        guard let context = SSL_CTX_new(method) else {
            throw ErrorQueue.failure(.library, "a TLS context could not be made")
        }
        let applied =
            carrel_SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1
            && carrel_SSL_CTX_set1_groups_list(context, groups) == 1
            && SSL_CTX_set_cipher_list(context, ciphersTLS12) == 1
            && SSL_CTX_set_ciphersuites(context, ciphersTLS13) == 1
        guard applied else {
            let problem = ErrorQueue.failure(.library, "a TLS context could not be set up")
            SSL_CTX_free(context)
            throw problem
        }
        // Without this mode an idle connection holds about 34 KB more.
        _ = carrel_SSL_CTX_set_mode(context, Int(SSL_MODE_RELEASE_BUFFERS))
        // A record's header and content are read from the ciphertext in one step, not in two.
        carrel_SSL_CTX_set_read_ahead(context)
        SSL_CTX_set_options(context, carrel_SSL_OP_NO_RENEGOTIATION | carrel_SSL_OP_NO_COMPRESSION)
        return context
    }

    /// Protocol names in wire format: each one prefixed with its length (RFC 7301 section 3.1).
    static func encode(alpn protocols: [String]) -> [UInt8] {
        protocols.flatMap { name -> [UInt8] in
            precondition((1...255).contains(name.utf8.count), "an ALPN name has 1 to 255 bytes")
            return [UInt8(name.utf8.count)] + Array(name.utf8)
        }
    }
}
