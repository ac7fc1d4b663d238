import Glibc
import Testing

@testable import TLS

/// A directory of its own per test, removed with it, and the certificates that a test asks for.
final class Fixtures {
    let directory: String
    let authority: DevelopmentCA

    init() throws {
        var template = Array("/tmp/carrel-tls-XXXXXX".utf8CString)
        directory = String(cString: try #require(mkdtemp(&template)))
        authority = try DevelopmentCA(directory: "\(directory)/ca")
    }

    deinit {
        for sub in ["ca", "other"] + [""] {
            for name in Self.names(in: "\(directory)/\(sub)") { unlink("\(directory)/\(sub)/\(name)") }
            rmdir("\(directory)/\(sub)")
        }
    }

    func server(_ names: String..., file: String = "server") throws -> CertificateFiles {
        try authority.issue(file, for: .server(names: names))
    }

    func serverContext(_ names: String...) throws -> TLSServerContext {
        let files = try authority.issue("server", for: .server(names: names))
        return try TLSServerContext(store: CertificateStore([files]))
    }

    func clientContext(alpn: [String] = ["http/1.1"]) throws -> TLSClientContext {
        try TLSClientContext(trust: .file(authority.certificatePath), alpn: alpn)
    }

    static func names(in directory: String) -> [String] {
        guard let stream = opendir(directory) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            names.append(
                withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) })
        }
        return names.filter { $0 != "." && $0 != ".." }.sorted()
    }
}

/// A client and a server joined in memory: ciphertext moves in pieces of a chosen size.
final class Pair {
    let client: TLSConnection
    let server: TLSConnection
    /// Bytes per move; small ones cut records and even their headers.
    var piece: Int

    init(client: TLSConnection, server: TLSConnection, piece: Int = .max) {
        self.client = client
        self.server = server
        self.piece = piece
    }

    convenience init(_ client: TLSClientContext, _ server: TLSServerContext, name: String, piece: Int = .max) throws {
        try self.init(
            client: TLSConnection(client: client, serverName: name), server: TLSConnection(server: server), piece: piece
        )
    }

    func handshake() throws {
        for _ in 0..<10_000 {
            let clientIsDone = try client.advanceHandshake()
            try move(from: client, to: server) { _ = try server.advanceHandshake() }
            let serverIsDone = try server.advanceHandshake()
            try move(from: server, to: client) { _ = try client.advanceHandshake() }
            if clientIsDone && serverIsDone { return }
        }
        Issue.record("the handshake does not come to an end")
    }

    func move(from source: TLSConnection, to target: TLSConnection, afterEach: () throws -> Void = {}) throws {
        var bytes: [UInt8] = []
        source.drainCiphertext { bytes += $0 }
        var rest = bytes[...]
        while !rest.isEmpty {
            let part = rest.prefix(piece)
            rest = rest.dropFirst(part.count)
            try part.withUnsafeBytes { try target.receive($0) }
            try afterEach()
        }
    }
}

extension TLSConnection {
    func write(_ text: String) throws {
        try Array(text.utf8).withUnsafeBytes { try write($0) }
    }

    /// Everything that can be read now, and how it ended.
    func readAll() throws -> (bytes: [UInt8], end: TLSRead) {
        var all: [UInt8] = []
        var room = [UInt8](repeating: 0, count: 4096)
        while true {
            let result = try room.withUnsafeMutableBytes { try read(into: $0) }
            guard case .bytes(let count) = result else { return (all, result) }
            all += room[..<count]
        }
    }

    func readText() throws -> String { String(decoding: try readAll().bytes, as: UTF8.self) }
}
