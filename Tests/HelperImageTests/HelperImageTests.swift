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

    @Test(
        "has a packet filter that tells, besides, what the kernel lets each user have",
        .enabled(if: geteuid() == 0, "a network namespace of its own takes root"))
    func tellsKernel() async throws {
        try await withProgram { path in
            let told = try await Command(["unshare", "--net", path, "fence", "carrel-test"]).run()
            let settings = try ["inotify/max_user_instances", "inotify/max_user_watches", "pipe-user-pages-soft"].map {
                try String(contentsOfFile: "/proc/sys/fs/\($0)", encoding: .utf8)
                    .trimmingCharacters(in: .whitespacesAndNewlines)
            }
            #expect(told.output == "made\nkernel \(settings.joined(separator: " "))\n", "\(told)")
        }
    }

    /// Whether anybody is there or not.
    private func say(_ bytes: [UInt8], to port: UInt16, at address: String = "127.0.0.1", by type: Int32) {
        let descriptor = socket(AF_INET, type, 0)
        defer { close(descriptor) }
        var place = sockaddr_in()
        place.sin_family = sa_family_t(AF_INET)
        place.sin_port = port.bigEndian
        inet_pton(AF_INET, address, &place.sin_addr)
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
            async let watched = Command(["timeout", "2", path, "watch", "\(port)", word, "127.0.0.1"]).run()
            for _ in 0..<15 {
                say(said, to: port, by: Int32(SOCK_DGRAM.rawValue))
                say(said, to: port, by: Int32(SOCK_STREAM.rawValue))
                try await Task.sleep(for: .milliseconds(100))
            }
            let lines = Set(try await watched.output.split(separator: "\n").map(String.init))
            let always: Set = ["watching", "left lo tcp 127.0.0.1"]
            let own: Set = ["left lo udp 127.0.0.1", "came lo udp 127.0.0.1", "heard udp", "heard tcp"]
            #expect(lines == (saysWord ? always.union(own) : always))
        }
    }

    /// What a try-out sends, and what others send besides: more than the watcher's socket has room for while it reads
    /// nothing, and openings of connections to more addresses than it tells.
    private func flood(round: Int, port: UInt16, word: String) {
        let (datagram, stream) = (Int32(SOCK_DGRAM.rawValue), Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue))
        let noise = [UInt8](repeating: UInt8(ascii: "o"), count: 60_000)
        for _ in 0..<100 { say(noise, to: 53, at: "127.0.0.9", by: datagram) }
        for last in 1...20 { say([], to: port, at: "127.0.\(1 + round % 200).\(last)", by: stream) }
        let head: [UInt8] = [0x4C, 0x41, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, UInt8(word.utf8.count)]
        say(head + Array(word.uppercased().utf8) + [0, 0, 1, 0, 1], to: 53, by: datagram)
        say(Array(word.utf8), to: port, by: datagram)
        say([], to: port, by: stream)
    }

    @Test(
        "has a watcher that misses nothing of a try-out however much others send, and to however many addresses",
        .enabled(if: geteuid() == 0, "packets can be watched by root only"))
    func flooded() async throws {
        try await withProgram { path in
            let (port, word): (UInt16, String) = (20_013, "amidstothers")
            // For a second it reads nothing, as if others sent faster than it can read.
            let script = """
                "$0" watch "$1" "$2" 2001:db8::7,127.0.0.1 & watcher=$!
                sleep 0.5; kill -STOP $watcher; sleep 1; kill -CONT $watcher; sleep 1; kill $watcher; wait $watcher
                """
            let output = try await withThrowingTaskGroup(of: String.self) { group in
                group.addTask { try await Command(["sh", "-c", script, path, "\(port)", word]).run().output }
                group.addTask {
                    var round = 0
                    while true {
                        self.flood(round: round, port: port, word: word)
                        round += 1
                        try await Task.sleep(for: .milliseconds(100))
                    }
                }
                defer { group.cancelAll() }
                return try await group.next() ?? ""
            }
            let seen = ["left lo tcp", "left lo udp", "came lo udp", "left lo dns", "came lo dns"]
            #expect(
                Set(output.split(separator: "\n").map(String.init))
                    == Set(["watching", "heard udp"] + seen.map { "\($0) 127.0.0.1" }))
        }
    }

    @Test(
        "has a watcher that does not begin where the kernel cannot choose the packets for it",
        .enabled(if: geteuid() == 0, "packets can be watched by root only"),
        arguments: [
            "", "127.0.0.1,", "localhost", "127.0.0.1/8", (1...65).map { "10.0.0.\($0)" }.joined(separator: ","),
        ])
    func unfiltered(addresses: String) async throws {
        try await withProgram { path in
            let refused = try await Command(["timeout", "2", path, "watch", "20014", "onlythistryout", addresses]).run()
            #expect(refused.status == 1 && !refused.output.contains("watching"), "\(refused.output)")
        }
    }
}
