import Foundation
import Programs
import TLS
import Testing

@testable import HelperImage

@Suite("The image of the helpers") struct HelperImageTests {
    /// Unpacks the archive with the system's own tar.
    private func unpacked(_ body: (String) async throws -> Void) async throws {
        let directory = FileManager.default.temporaryDirectory.path + "/helper-image-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try Data(HelperImage.current.archive).write(to: URL(fileURLWithPath: directory + "/image.tar"))
        try await Command(["tar", "-C", directory, "-xf", directory + "/image.tar"]).succeed()
        try await body(directory)
    }

    // swift-format-ignore: AlwaysUseLowerCamelCase
    private struct Manifest: Decodable {
        var Config: String
        var RepoTags: [String]
        var Layers: [String]
    }

    @Test("contains one file, the static program, and nothing that a container could run besides")
    func contents() async throws {
        try await unpacked { directory in
            let text = try Data(contentsOf: URL(fileURLWithPath: directory + "/manifest.json"))
            let manifest = try #require(try JSONDecoder().decode([Manifest].self, from: text).first)
            #expect(manifest.RepoTags == [HelperImage.current.reference])
            let layer = directory + "/" + (try #require(manifest.Layers.first))
            #expect(manifest.Layers.count == 1)
            let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: layer)))
            #expect("sha256:" + SHA256.digest(bytes).hex == HelperImage.current.layerID)
            let listed = try await Command(["tar", "-tvf", layer]).succeed()
            let lines = listed.split(separator: "\n")
            #expect(lines.count == 1)
            #expect(lines.first?.hasPrefix("-r-xr-xr-x") == true && lines.first?.hasSuffix(" carrel-helper") == true)

            let configuration = try Data(contentsOf: URL(fileURLWithPath: directory + "/" + manifest.Config))
            #expect(SHA256.digest([UInt8](configuration)).hex + ".json" == manifest.Config)
            let config = String(decoding: configuration, as: UTF8.self)
            #expect(config.contains(HelperImage.current.layerID) && config.contains(#""carrel.role":"helper""#))
        }
    }

    @Test("has a program that needs no other file: no interpreter, no library")
    func isStatic() throws {
        let program = HelperImage.embeddedProgram
        #expect(program.starts(with: [0x7F, UInt8(ascii: "E"), UInt8(ascii: "L"), UInt8(ascii: "F"), 2, 1]))
        // The program headers of a 64-bit little-endian ELF file (System V ABI, chapter 5).
        func number(at offset: Int, size: Int) -> Int {
            program[offset..<offset + size].reversed().reduce(0) { $0 << 8 | Int($1) }
        }
        let (table, size, count) = (number(at: 32, size: 8), number(at: 54, size: 2), number(at: 56, size: 2))
        let kinds = (0..<count).map { number(at: table + $0 * size, size: 4) }
        let (loaded, dynamic, interpreter) = (1, 2, 3)
        #expect(kinds.contains(loaded) && !kinds.contains(interpreter) && !kinds.contains(dynamic), "\(kinds)")
    }

    @Test("is the same for the same program, and has another name for another one")
    func isReproducible() {
        let one = HelperImage(program: [1, 2, 3], architecture: "amd64")
        #expect(one.archive == HelperImage(program: [1, 2, 3], architecture: "amd64").archive)
        let other = HelperImage(program: [1, 2, 4], architecture: "amd64")
        #expect(one.reference != other.reference && one.layerID != other.layerID)
    }

    private func withProgram(_ body: (String) async throws -> Void) async throws {
        let path = FileManager.default.temporaryDirectory.path + "/helper-\(UUID().uuidString)"
        defer { for file in [path, path + "-bytes"] { unlink(file) } }
        try Data(HelperImage.embeddedProgram).write(to: URL(fileURLWithPath: path + "-bytes"))
        // Another process writes what is run: this one may be spawning a child that inherits a descriptor for writing.
        try await Command(["install", "-m", "700", path + "-bytes", path]).succeed()
        try await body(path)
    }

    @Test("has a program that refuses a subcommand which it does not have")
    func refuses() async throws {
        try await withProgram { path in
            let refused = try await Command([path, "sh"]).run()
            #expect(refused.status == 64 && refused.error.contains("no subcommand sh"))
            #expect(try await Command([path]).run().status == 64)
        }
    }

    /// Whether anybody is there or not.
    private func say(_ bytes: [UInt8], to port: UInt16, by type: Int32) {
        let descriptor = socket(AF_INET, type, 0)
        defer { close(descriptor) }
        var place = sockaddr_in()
        place.sin_family = sa_family_t(AF_INET)
        place.sin_port = port.bigEndian
        inet_pton(AF_INET, "127.0.0.1", &place.sin_addr)
        let isConnected = withUnsafePointer(to: place) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        if isConnected { _ = send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) }
    }

    @Test(
        "has a watcher that tells what bears its word and who says it, and not what others send to its port",
        .enabled(if: geteuid() == 0, "packets can be watched by root only"), arguments: [true, false])
    func watches(saysWord: Bool) async throws {
        try await withProgram { path in
            let port: UInt16 = saysWord ? 20_011 : 20_012
            let word = "onlythistryout"
            let said = Array((saysWord ? "before it \(word)" : "another word").utf8)
            // It is ended as the engine ends it, by SIGTERM.
            async let watched = Command(["timeout", "2", path, "watch", "\(port)", word]).run()
            for _ in 0..<15 {
                say(said, to: port, by: Int32(SOCK_DGRAM.rawValue))
                say(said, to: port, by: Int32(SOCK_STREAM.rawValue))
                try await Task.sleep(for: .milliseconds(100))
            }
            let lines = Set(try await watched.output.split(separator: "\n").map(String.init)).subtracting(["blind"])
            let always: Set = ["watching", "left lo tcp 127.0.0.1"]
            let own: Set = ["left lo udp 127.0.0.1", "came lo udp 127.0.0.1", "heard udp", "heard tcp"]
            #expect(lines == (saysWord ? always.union(own) : always))
        }
    }
}
