import HTTPTransport
import HTTPWire

/// One client's connection without TLS: one request, one answer. Confined to its loop; the server connection retains it
/// until the client has disconnected.
///
/// The first rule that matches applies:
/// 1. GET and HEAD of a challenge's path → the ACME client's file, else 404.
/// 2. a host that is neither the portal's nor a lab's → 404, without echo.
/// 3. a method other than GET and HEAD → 403: its body has already travelled in the clear, and must not do so again.
/// 4. else → 308 to the same address by `https`.
final class RedirectConnection: HTTPServerConnectionDelegate {
    let network: ClientNetwork?
    private let home: EdgeLoop
    private let configuration: RedirectConfiguration
    private var server: HTTPServerConnection?

    init(home: EdgeLoop, network: ClientNetwork?, configuration: RedirectConfiguration) {
        self.home = home
        self.network = network
        self.configuration = configuration
    }

    func start(_ channel: ByteChannel) {
        let server = HTTPServerConnection(
            channel: channel, limits: home.limits.http, timeouts: home.limits.timeouts, delegate: self)
        self.server = server
        server.start()
    }

    func close() { server?.close() }

    func connection(_ connection: HTTPServerConnection, didReceive head: RequestHead, framing: BodyFraming) {
        let isReading = head.method == "GET" || head.method == "HEAD"
        if isReading, let token = ACMEWebroot.token(in: head.pathBytes) {
            let content = configuration.acmeWebroot.flatMap { ACMEWebroot(directory: $0).answer(to: token) }
            return answer(
                connection, content == nil ? 404 : 200, ["Content-Type": "text/plain; charset=utf-8"],
                content ?? Array("There is no such challenge.\n".utf8))
        }
        guard let host = home.knownHost(of: head) else {
            return answer(connection, .notFound)
        }
        guard isReading else { return answer(connection, .plainText) }
        let port = configuration.publicPort == 443 ? "" : ":\(configuration.publicPort)"
        answer(connection, 308, ["Location": "https://\(host)\(port)\(head.target)"], [])
    }

    private func answer(_ connection: HTTPServerConnection, _ answer: EdgeAnswer) {
        let (head, body) = answer.response(isNavigation: false)
        self.answer(connection, head.status, head.fields, body)
    }

    private func answer(
        _ connection: HTTPServerConnection, _ status: Int, _ fields: HeaderFields, _ body: [UInt8]
    ) {
        home.metrics.redirects += 1
        connection.respond(
            head: ResponseHead(status: status, fields: fields), framing: .length(Int64(body.count)), closing: true)
        body.withUnsafeBytes { connection.writeBody($0) }
        connection.finish()
    }

    func connection(_ connection: HTTPServerConnection, didReceiveBody bytes: UnsafeRawBufferPointer) {}
    func connectionDidReceiveEnd(_ connection: HTTPServerConnection) {}
    func connectionDidDrain(_ connection: HTTPServerConnection) {}

    func connectionDidClose(_ connection: HTTPServerConnection, error: ChannelError?) {
        server = nil
        home.remove(self)
    }
}
