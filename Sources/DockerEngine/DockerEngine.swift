import EventLoop
import Foundation
import HTTPTransport
import HTTPWire
import TLS

/// A client of one Docker Engine (API 1.41), over a Unix socket or TCP with mutual TLS. Runs on the control loop.
///
/// Every operation throws `EngineError`, whose message contains this endpoint, the operation and the engine's own
/// message, and completes within its limit in `EngineLimits`. Cancelling the calling task abandons the operation; as
/// after a timeout, the engine may still carry it out.
///
/// Before its first operation, and again after the engine was unreachable, it negotiates the API version: 1.41 if the
/// engine still supports it, otherwise the engine's oldest (Docker Engine 29 begins at 1.44).
@ControlLoop
public final class DockerEngine {
    public let endpoint: EngineEndpoint
    let client: HTTPClient
    let address: UpstreamAddress
    /// The API version negotiated with the engine; nil until then and after a failed connection.
    var negotiated: APIVersion?
    /// The identifier of `HelperImage.current` on this engine, once it was found or loaded there.
    var knownHelperImageID: String?

    /// - Throws: `.identity` when the files of mutual TLS cannot be read or do not belong together.
    public init(endpoint: EngineEndpoint) throws(EngineError) {
        self.endpoint = endpoint
        switch endpoint.transport {
        case .unix(let path):
            address = .unix(path: path)
            client = HTTPClient(tls: nil)
            ownCertificateExpiry = nil
        case .tcp(let host, let port, let identity):
            address = .tcp(host: host, port: port)
            ownCertificateExpiry = try? CertificateDates.earliestEnd(inFile: identity.certificatePath)
            do {
                client = HTTPClient(
                    tls: try TLSClientContext(
                        trust: .file(identity.authorityPath),
                        clientCertificate: CertificateFiles(
                            certificatePath: identity.certificatePath, keyPath: identity.keyPath)))
            } catch {
                throw EngineError(
                    code: .identity, message: "\(endpoint): its TLS files cannot be used: \(error.message)")
            }
        }
    }

    /// The expiry of the broker's client certificate, as it was loaded, in seconds since 1970; nil without TLS.
    public let ownCertificateExpiry: Int64?
    /// The expiry of the engine's certificate, in seconds since 1970; nil without TLS, and until the engine has
    /// answered.
    public var certificateExpiry: Int64? { client.peerCertificateExpiry }

    // MARK: System

    /// `SystemPing`: checks that the engine answers.
    public func ping() async throws(EngineError) {
        _ = try await call("GET", "/_ping", timeout: EngineLimits.questionTimeout)
    }

    /// `SystemVersion`: the engine's and the API's versions. Requested without a version prefix, so that any engine
    /// answers.
    public func version() async throws(EngineError) -> EngineVersion {
        let bytes = try await send("GET", "/version", timeout: EngineLimits.questionTimeout)
        let body: VersionBody = try decode(bytes, "GET /version")
        guard let version = EngineVersion(body) else {
            throw EngineError(
                code: .protocolViolation,
                message: "\(endpoint): GET /version: \"\(body.ApiVersion)\" is not a version of the Engine API")
        }
        return version
    }

    /// `SystemInfo`.
    public func info() async throws(EngineError) -> EngineInfo {
        EngineInfo(try decode(try await call("GET", "/info", timeout: EngineLimits.questionTimeout), "GET /info"))
    }
}
