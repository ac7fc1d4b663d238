import ArgumentParser
import TLS

struct DevCACommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dev-ca",
        abstract: "Make a certificate authority for development, and certificates of it.",
        discussion: """
            Writes ca.pem and ca.key, and NAME.pem and NAME.key for each server and client, into a directory. What is \
            there and still good for a week is kept, so it can be run at every start. A server's certificate covers \
            all of its names: host names, *.DOMAIN and IP addresses, separated by commas; the first one, with * as \
            "wildcard", names the files unless FILE= stands before it.

            Not for a portal that others use: browsers trust these certificates only where ca.pem was installed.

            Examples:
              carrel dev-ca --dir .carrel/tls --server edge=portal.localhost,*.labs.localhost
              carrel dev-ca --dir .carrel/tls --server 10.0.0.5 --client broker
            """)

    @Option(help: "The directory of the authority; made when missing.", completion: .directory) var dir: String
    @Option(help: ArgumentHelp("Make a server's certificate for these names.", valueName: "[file=]names"))
    var server: [ServerCertificate] = []
    @Option(help: ArgumentHelp("Make a client's certificate with this name.", valueName: "name"))
    var client: [String] = []
    @OptionGroup var output: JSONOption

    struct ServerCertificate: ExpressibleByArgument, Hashable {
        var file: String
        var names: [String]

        init?(argument: String) {
            let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let names = parts[parts.count - 1].split(separator: ",", omittingEmptySubsequences: false).map(String.init)
            guard let first = names.first, names.allSatisfy({ !$0.isEmpty }), parts[0] != "" else { return nil }
            self.names = names
            file =
                parts.count == 2 ? String(parts[0]) : first.replacing("*", with: "wildcard").replacing(":", with: "-")
        }
    }

    private struct Answer: Encodable {
        var authority: String
        var certificates: [Certificate]

        struct Certificate: Encodable {
            var certificate: String
            var key: String
        }
    }

    func run() async throws {
        let authority = try DevelopmentCA(directory: dir)
        var issued: [CertificateFiles] = []
        for server in server { issued.append(try authority.issue(server.file, for: .server(names: server.names))) }
        for name in client { issued.append(try authority.issue(name, for: .client(name: name))) }
        let answer = Answer(
            authority: authority.certificatePath,
            certificates: issued.map { Answer.Certificate(certificate: $0.certificatePath, key: $0.keyPath) })
        if output.json { return Output.print(Output.json(answer)) }
        let files = answer.certificates.map { ("certificate", "\($0.certificate) (key \($0.key))") }
        Output.print(Table.list([("authority", answer.authority)] + files))
    }
}
