import EventLoop
import Foundation
import HTTPTransport
import HTTPWire
import TLS

/// A client of one Docker Engine (API 1.41), over a Unix socket or TCP with mutual TLS. On the control loop.
///
/// Every operation throws `EngineError`, whose message names this endpoint, the operation and the engine's own words,
/// and ends within its limit in `EngineLimits`. Cancelling the calling task gives the operation up; whether the engine
/// carries it out all the same is then unknown, as it is after a timeout.
///
/// Before its first operation, and again after the engine could not be reached, it asks which versions of the API the
/// engine speaks: 1.41 where it still does, else the oldest that it has (Docker Engine 29 begins at 1.44).
@ControlLoop
public final class DockerEngine {
    public let endpoint: EngineEndpoint
    let client: HTTPClient
    let address: UpstreamAddress
    /// What the engine was last known to speak.
    var negotiated: APIVersion?
    /// Of `HelperImage.current` on this engine, once it was found or loaded there.
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

    /// The end of what the broker shows to the engine, as it was read, in seconds since 1970; nil without TLS.
    public let ownCertificateExpiry: Int64?
    /// The end of the engine's own certificate, in seconds since 1970; nil without TLS, and until it has answered.
    public var certificateExpiry: Int64? { client.peerCertificateExpiry }

    // MARK: System

    /// `SystemPing`: does the engine answer?
    public func ping() async throws(EngineError) {
        _ = try await call("GET", "/_ping", timeout: EngineLimits.questionTimeout)
    }

    /// `SystemVersion`: which engine it is and what it speaks. Asked without a version, so that any engine answers.
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
