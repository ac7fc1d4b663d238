import ArgumentParser
import Configuration
import Edge
import EventLoop
import Foundation
import Logging
import TLS

struct EdgeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "edge",
        abstract: "Run the data plane alone: TLS, and routes by hostname from a file.",
        discussion: """
            It is the edge that `carrel serve` has inside, in front of anything that speaks HTTP/1.1, and without access \
            cookies. Each line of the routes file leads one hostname to one upstream; comments begin with #:

              wiki.example.org: http://10.0.0.5:8080
              labs.example.org: http://10.0.0.6:8888

            Writes its log to standard error, with a line `ready` when it listens. SIGHUP reads the routes and the \
            certificate again and changes what is different; a file with a mistake changes nothing. SIGTERM and SIGINT \
            end it gracefully. SIGUSR2 starts the program again, with --takeover: the new one accepts by the same sockets, \
            and the old one finishes its requests and WebSockets, and ends.

            Whoever may open the admin socket may list, add and remove routes; such changes last until SIGHUP. Its \
            /metrics is what Prometheus reads. SIGHUP goes on in a new access log when the file was moved away.

            Examples:
              carrel edge --listen 0.0.0.0:443 --cert fullchain.pem --key key.pem --routes routes.yaml
              carrel edge --listen '[::]:443' --listen 0.0.0.0:443 --cert fullchain.pem --key key.pem \\
                --routes routes.yaml --threads 2 --admin unix:/run/carrel-edge.sock
              carrel edge --config edge.yaml --takeover
              curl --unix-socket /run/carrel-edge.sock http://edge/routes
              curl --unix-socket /run/carrel-edge.sock -X PUT -d http://10.0.0.7:8080 \\
                http://edge/routes/new.example.org
              curl --unix-socket /run/carrel-edge.sock -X DELETE http://edge/routes/old.example.org
            """)

    @Option(
        name: [.customShort("c"), .customLong("config")],
        help: ArgumentHelp("A file with all of this and more; what is said here too counts here.", valueName: "file"),
        completion: .file(extensions: ["yaml", "yml"]))
    var file: String?
    @Option(help: ArgumentHelp("Where browsers come in; may be given more than once.", valueName: "address:port"))
    var listen: [SocketAddress] = []
    @Option(help: ArgumentHelp("The certificate with its chain, PEM.", valueName: "file")) var cert: String?
    @Option(help: ArgumentHelp("The certificate's private key, PEM.", valueName: "file")) var key: String?
    @Option(help: ArgumentHelp("Lines of hostname: http://host:port.", valueName: "file")) var routes: String?
    @Option(help: ArgumentHelp("How many loops run, each on a thread (default: one per core).", valueName: "n"))
    var threads: Int?
    @Option(help: ArgumentHelp("A Unix socket for the admin API.", valueName: "unix:path")) var admin: SocketAddress?
    @Option(help: ArgumentHelp("Connections of one client address; more are closed.", valueName: "n"))
    var connectionsPerAddress: Int?
    @Flag(inversion: .prefixedNo, help: "Whether browsers may speak HTTP/2 (default: what the file says, or yes).")
    var http2: Bool?
    @Option(help: ArgumentHelp("Gets a line of JSON for each exchange.", valueName: "file")) var accessLog: String?
    @Option(help: ArgumentHelp("How long requests may finish when it ends.", valueName: "duration"))
    var grace = DurationArgument(ServeLimits.stopGrace)
    @Option(help: ArgumentHelp("The same when another has taken over (default: 5m).", valueName: "duration"))
    var takeoverGrace: DurationArgument?
    @Flag(
        help: "Take over from the edge that has the same admin socket, if one runs: nobody is refused, nothing is cut.")
    var takeover = false
    @Option(help: ArgumentHelp("How much is logged.", valueName: "level")) var logLevel = LogLevel.info

    static let mostThreads = 256

    func validate() throws {
        for address in listen {
            guard case .ip = address else { throw ValidationError("--listen \(address): write ADDRESS:PORT") }
        }
        if let admin {
            guard case .unix = admin else { throw ValidationError("--admin \(admin): write unix:PATH") }
        }
        if let threads, !(1...Self.mostThreads).contains(threads) {
            throw ValidationError("--threads \(threads): write a number from 1 to \(Self.mostThreads)")
        }
        if let connectionsPerAddress, connectionsPerAddress < 1 {
            throw ValidationError("--connections-per-address \(connectionsPerAddress): write a number from 1 on")
        }
        if file == nil { _ = try settings(EdgeFile()) }
    }

    func run() async throws {
        logLevel.bootstrap()
        DaemonProcess.prepare()
        var read = EdgeFile()
        if let file {
            do { read = try EdgeFile(contentsOf: file) } catch {
                throw CommandFailure(ConfigurationOption.explain(error))
            }
        }
        let log = Logger(label: "carrel.edge")
        let service = try await EdgeService(try settings(read), log: log)
        try await DaemonProcess.run(service, takesOver: takeover, log)
    }

    /// The settings of the file, overridden by the command line.
    /// - Throws: `ValidationError` if a required setting is in neither.
    func settings(_ file: EdgeFile) throws -> EdgeService.Settings {
        let listen = listen.isEmpty ? file.listen : listen
        guard let first = listen.first else { throw missing("where to listen", "--listen 0.0.0.0:443", "listen") }
        guard let certificate = cert ?? file.certificate?.certificate, let key = key ?? file.certificate?.key else {
            throw missing("which certificate and key to use", "--cert and --key", "tls")
        }
        guard let routes = routes ?? file.routes else { throw missing("which routes to read", "--routes", "routes") }
        let admin = admin ?? file.admin
        if takeover, admin == nil { throw ValidationError("--takeover finds the running edge by --admin unix:PATH") }
        var limits = file.limits
        if let connectionsPerAddress { limits.connectionsPerAddress = connectionsPerAddress }
        var settings = EdgeService.Settings(
            listen: listen, certificate: CertificateFiles(certificatePath: certificate, keyPath: key),
            routesPath: routes, threads: threads ?? file.threads, admin: admin, limits: limits,
            accessLog: accessLog ?? file.accessLog, grace: grace.duration,
            takeoverGrace: takeoverGrace?.duration ?? file.takeoverGrace)
        settings.http2 = http2 ?? file.http2
        settings.hsts = file.hsts
        settings.redirect = file.redirect.map { redirect in
            let port = if case .ip(_, let port) = first { port } else { 443 }
            return RedirectConfiguration(
                listen: redirect.listen.map { .ip(address: $0.address, port: $0.port) },
                publicPort: file.publicPort ?? port, acmeWebroot: redirect.acmeWebroot)
        }
        return settings
    }

    private func missing(_ what: String, _ option: String, _ key: String) -> ValidationError {
        ValidationError("Say \(what): \(option), or \(key) in the file of --config")
    }
}

extension SocketAddress: ExpressibleByArgument {
    public init?(argument: String) {
        guard let address = try? SocketAddress(parsing: argument) else { return nil }
        self = address
    }
}
