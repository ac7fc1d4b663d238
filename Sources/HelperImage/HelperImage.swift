import Foundation
import TLS

/// The image of all helper containers on hosts: one static program and nothing else. It is built here, in memory, from
/// bytes embedded in `carrel`, so nothing in it comes from a registry, a lab or a host.
public struct HelperImage: Sendable {
    /// The label that marks the image, and through inheritance every container of it, as a helper's.
    public static let label = (key: "carrel.role", value: "helper")
    /// The program's path in the image.
    public static let program = "/carrel-helper"
    static let repository = "carrel-helper"

    /// The image of this binary. Built once, on first use; takes a few milliseconds.
    public static let current = HelperImage(program: embeddedProgram, architecture: ourArchitecture)

    /// The input of the engine's `ImageLoad`: a tar archive with a manifest, a configuration and one layer.
    public let archive: [UInt8]
    /// `sha256:…` of the layer, which proves that an image on a host contains this program and nothing else.
    public let layerID: String
    /// The name under which an engine keeps the image. It contains a digest of the contents, so that the images of two
    /// versions of Carrel do not replace each other.
    public let reference: String
    /// The architecture that the program runs on, as engines spell it: `amd64`, `arm64`.
    public let architecture: String

    init(program: [UInt8], architecture: String) {
        var layer = TapeArchive()
        layer.add(String(Self.program.dropFirst()), mode: 0o555, program)
        let layerBytes = layer.finished()
        let layerDigest = SHA256.digest(layerBytes).hex
        let configuration = Self.json(
            Configuration(architecture: architecture, rootfs: .init(diff_ids: ["sha256:" + layerDigest])))
        let digest = SHA256.digest(configuration).hex
        let reference = "\(Self.repository):\(digest.prefix(16))"
        let manifest = [
            Manifest(Config: digest + ".json", RepoTags: [reference], Layers: [layerDigest + "/layer.tar"])
        ]
        var whole = TapeArchive()
        whole.add(digest + ".json", mode: 0o444, configuration)
        whole.add(layerDigest + "/layer.tar", mode: 0o444, layerBytes)
        whole.add("manifest.json", mode: 0o444, Self.json(manifest))
        archive = whole.finished()
        layerID = "sha256:" + layerDigest
        self.reference = reference
        self.architecture = architecture
    }

    static var embeddedProgram: [UInt8] {
        let text = EmbeddedHelper.files[0].base64.withUTF8Buffer { Data($0) }
        guard let program = Data(base64Encoded: text) else {
            preconditionFailure("the build has embedded something that is not base64")
        }
        return Array(program)
    }

    #if arch(x86_64)
        private static let ourArchitecture = "amd64"
    #elseif arch(arm64)
        private static let ourArchitecture = "arm64"
    #endif

    private static func json(_ value: some Encodable) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(value) else { preconditionFailure("text can always be written as JSON") }
        return Array(data)
    }
}

// swift-format-ignore: AlwaysUseLowerCamelCase
extension HelperImage {
    /// The image's configuration (OCI image specification 1.0, *Image Configuration*). It contains no time, so that the
    /// image is reproducible.
    private struct Configuration: Encodable {
        struct Run: Encodable {
            var Entrypoint = [HelperImage.program]
            var Labels = [HelperImage.label.key: HelperImage.label.value]
            var WorkingDir = "/"
        }

        struct RootFS: Encodable {
            var type = "layers"
            var diff_ids: [String]
        }

        var architecture: String
        var os = "linux"
        var created = "1970-01-01T00:00:00Z"
        var config = Run()
        var rootfs: RootFS
    }

    /// One entry of `manifest.json`, as `docker save` writes it (Docker image specification 1.2).
    private struct Manifest: Encodable {
        var Config: String
        var RepoTags: [String]
        var Layers: [String]
    }
}
