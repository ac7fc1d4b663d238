import Glibc
import Testing

@testable import TLS

@Suite("The development authority")
struct DevelopmentCATests {
    @Test("keys are for their owner only, the directory too")
    func modes() throws {
        let fixtures = try Fixtures()
        let files = try fixtures.server("lab.example")
        #expect(mode(fixtures.authority.directory) == 0o700)
        #expect(mode("\(fixtures.authority.directory)/ca.key") == 0o600)
        #expect(mode(files.keyPath) == 0o600)
        #expect(mode(files.certificatePath) == 0o644)
        #expect(Fixtures.names(in: fixtures.authority.directory) == ["ca.key", "ca.pem", "server.key", "server.pem"])
    }

    @Test("a second start and a second request change nothing")
    func idempotence() throws {
        let fixtures = try Fixtures()
        let first = try fixtures.server("lab.example", "10.0.0.1", "*.labs.example")
        let before = try contents(of: fixtures.authority.directory)
        let again = try DevelopmentCA(directory: fixtures.authority.directory)
        let second = try again.issue(
            "server", for: .server(names: ["*.labs.example", "lab.example", "10.0.0.1"]))
        #expect(second == first)
        let client = try again.issue("broker", for: .client(name: "broker"))
        let key = try FileAccess.read(client.keyPath)
        _ = try again.issue("broker", for: .client(name: "broker"))
        #expect(try FileAccess.read(client.keyPath) == key)
        let after = try contents(of: fixtures.authority.directory)
        #expect(before.allSatisfy { after[$0.key] == $0.value })
    }

    @Test("other names, another usage, and less than a week left make a new certificate")
    func renewal() throws {
        let fixtures = try Fixtures()
        let now = Int64(time(nil))
        let day: Int64 = 86_400
        func issue(_ usage: DevelopmentCA.Usage, daysLater: Int64) throws -> [UInt8] {
            let files = try fixtures.authority.issue("leaf", for: usage, now: now + daysLater * day)
            return try FileAccess.read(files.certificatePath)
        }
        let first = try issue(.server(names: ["a.example"]), daysLater: 0)
        #expect(try issue(.server(names: ["a.example"]), daysLater: 82) == first)
        let renewed = try issue(.server(names: ["a.example"]), daysLater: 84)
        #expect(renewed != first)
        let renamed = try issue(.server(names: ["a.example", "b.example"]), daysLater: 84)
        #expect(renamed != renewed)
        #expect(try issue(.client(name: "a.example"), daysLater: 84) != renamed)
    }

    @Test("a certificate of another authority is replaced")
    func foreign() throws {
        let fixtures = try Fixtures()
        let other = try DevelopmentCA(directory: "\(fixtures.directory)/other")
        let theirs = try other.issue("server", for: .server(names: ["lab.example"]))
        let ours = "\(fixtures.authority.directory)/server"
        try FileAccess.replace("\(ours).pem", with: FileAccess.read(theirs.certificatePath), mode: 0o644)
        try FileAccess.replace("\(ours).key", with: FileAccess.read(theirs.keyPath), mode: 0o600)
        let store = try CertificateStore([fixtures.server("lab.example")])
        try Pair(fixtures.clientContext(), TLSServerContext(store: store), name: "lab.example").handshake()
    }

    @Test("half an authority and an expired one are errors that say what to do; nothing is overwritten")
    func damaged() throws {
        let fixtures = try Fixtures()
        let directory = fixtures.authority.directory
        let expired = #expect(throws: TLSError.self) {
            try DevelopmentCA(directory: directory, now: Int64(time(nil)) + 3650 * 86_400)
        }
        #expect(expired?.message.contains("remove it") == true)
        unlink("\(directory)/ca.key")
        let certificate = try FileAccess.read("\(directory)/ca.pem")
        let half = #expect(throws: TLSError.self) { try DevelopmentCA(directory: directory) }
        #expect(half?.message.contains("ca.key is missing") == true)
        #expect(try FileAccess.read("\(directory)/ca.pem") == certificate)
    }

    @Test(
        "names that a certificate cannot bear are refused",
        arguments: [
            "", "a b.example", "a.example,DNS:bank.example", "A.example", "a..example", "*", "x.*.example",
            "-a.example",
            "10.0.0.1/8", "a.example\n",
        ])
    func badNames(name: String) throws {
        let fixtures = try Fixtures()
        #expect(throws: TLSError.self) { try fixtures.authority.issue("server", for: .server(names: [name])) }
        #expect(Fixtures.names(in: fixtures.authority.directory) == ["ca.key", "ca.pem"])
    }

    @Test(
        "file names that would leave the directory or overwrite the authority are refused",
        arguments: [
            "", "ca", "../x", "a/b", ".hidden",
        ])
    func badFiles(name: String) throws {
        let fixtures = try Fixtures()
        #expect(throws: TLSError.self) { try fixtures.authority.issue(name, for: .client(name: "broker")) }
    }

    @Test("no names at all are refused")
    func noNames() throws {
        let fixtures = try Fixtures()
        #expect(throws: TLSError.self) { try fixtures.authority.issue("server", for: .server(names: [])) }
    }

    private func mode(_ path: String) -> mode_t {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_mode & 0o777 : 0
    }

    private func contents(of directory: String) throws -> [String: [UInt8]] {
        var contents: [String: [UInt8]] = [:]
        for name in Fixtures.names(in: directory) { contents[name] = try FileAccess.read("\(directory)/\(name)") }
        return contents
    }
}
