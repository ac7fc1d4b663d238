import ArgumentParser
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
              curl --unix-socket /run/carrel-edge.sock http://edge/routes
              curl --unix-socket /run/carrel-edge.sock -X PUT -d http://10.0.0.7:8080 \\
                http://edge/routes/new.example.org
              curl --unix-socket /run/carrel-edge.sock -X DELETE http://edge/routes/old.example.org
            """)

    @Option(help: ArgumentHelp("Where browsers come in; may be given more than once.", valueName: "address:port"))
    var listen: [SocketAddress] = []
    @Option(help: ArgumentHelp("The certificate with its chain, PEM.", valueName: "file")) var cert: String
    @Option(help: ArgumentHelp("The certificate's private key, PEM.", valueName: "file")) var key: String
    @Option(help: ArgumentHelp("Lines of hostname: http://host:port.", valueName: "file")) var routes: String
    @Option(help: ArgumentHelp("How many loops run, each on a thread (default: one per core).", valueName: "n"))
    var threads: Int?
    @Option(help: ArgumentHelp("A Unix socket for the admin API.", valueName: "unix:path")) var admin: SocketAddress?
    @Option(help: ArgumentHelp("Connections of one client address; more are closed.", valueName: "n"))
    var connectionsPerAddress = EdgeLimits.connectionsPerAddress
    @Option(help: ArgumentHelp("Gets a line of JSON for each exchange.", valueName: "file")) var accessLog: String?
    @Option(help: ArgumentHelp("How long requests may finish when it ends.", valueName: "duration"))
    var grace = DurationArgument(ServeLimits.stopGrace)
    @Option(help: ArgumentHelp("How long they may go on when another has taken over.", valueName: "duration"))
    var takeoverGrace = DurationArgument(TakeoverLimits.grace)
    @Flag(
        help: "Take over from the edge that has the same admin socket, if one runs: nobody is refused, nothing is cut.")
    var takeover = false
    @Option(help: ArgumentHelp("How much is logged.", valueName: "level")) var logLevel = LogLevel.info

    static let mostThreads = 256

    func validate() throws {
        if listen.isEmpty { throw ValidationError("Say where to listen: --listen 0.0.0.0:443") }
        for address in listen {
            guard case .ip = address else { throw ValidationError("--listen \(address): write ADDRESS:PORT") }
        }
        if let admin {
            guard case .unix = admin else { throw ValidationError("--admin \(admin): write unix:PATH") }
        }
        if takeover, admin == nil { throw ValidationError("--takeover finds the running edge by --admin unix:PATH") }
        if let threads, !(1...Self.mostThreads).contains(threads) {
            throw ValidationError("--threads \(threads): write a number from 1 to \(Self.mostThreads)")
        }
        if connectionsPerAddress < 1 {
            throw ValidationError("--connections-per-address \(connectionsPerAddress): write a number from 1 on")
        }
    }

    func run() async throws {
        logLevel.bootstrap()
        DaemonProcess.prepare()
        var limits = ClientLimits()
        limits.connectionsPerAddress = connectionsPerAddress
        let settings = EdgeService.Settings(
            listen: listen, certificate: CertificateFiles(certificatePath: cert, keyPath: key), routesPath: routes,
            threads: threads ?? min(ProcessInfo.processInfo.activeProcessorCount, Self.mostThreads), admin: admin,
            limits: limits, accessLog: accessLog, grace: grace.duration, takeoverGrace: takeoverGrace.duration)
        let log = Logger(label: "carrel.edge")
        try await DaemonProcess.run(try await EdgeService(settings, log: log), takesOver: takeover, log)
    }
}

extension SocketAddress: ExpressibleByArgument {
    public init?(argument: String) {
        guard let address = try? SocketAddress(parsing: argument) else { return nil }
        self = address
    }
}
