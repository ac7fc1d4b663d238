import EventLoop
import Foundation
import HTTPTransport
import Portal
import Programs
import Testing

@testable import carrel

/// A control socket with scripted answers, and the requests that it received.
@ControlLoop
final class ControlSocket {
    let scratch: Scratch
    let path: String
    private(set) var asked: [String] = []
    private var server: HTTPServer?

    /// Gives the same answer to every request.
    convenience init(status: Int = 200, _ answer: String) throws {
        try self.init { _ in .json(Array(answer.utf8), status: status) }
    }

    init(_ answer: @escaping @ControlLoop (HTTPRequest) -> HTTPResponse) throws {
        scratch = try Scratch()
        path = scratch.path + "/control.sock"
        server = try HTTPServer(listen: .unix(path: path)) { request in
            self.asked.append("\(request.method) \(request.target) \(String(decoding: request.body, as: UTF8.self))")
            return answer(request)
        }
    }

    /// Answers in progress keep this object alive; without a server there are none.
    func close() {
        server?.close()
        server = nil
    }
}

@Suite("The control client") struct ControlClientTests {
    @ControlLoop @Test("asks what the commands mean, with every character escaped")
    func requests() async throws {
        let socket = try ControlSocket(#"{"sessions": []}"#)
        defer { socket.close() }
        let client = ControlClient(socket: socket.path)
        #expect(try await client.sessions(state: "running", learner: "a&b=ö /", limit: 7).isEmpty)
        await #expect(throws: CommandFailure.self) { try await client.drain("a/b", deadline: .seconds(90)) }
        #expect(
            socket.asked == [
                "GET /v1/sessions?state=running&learner=a%26b%3D%C3%B6%20%2F&limit=7 ",
                #"POST /v1/hosts/a%2Fb/drain {"deadline_seconds":90}"#,
            ])
    }

    @ControlLoop @Test("repeats the broker's own words when it refuses")
    func refused() async throws {
        let socket = try ControlSocket(
            status: 404, #"{"error": {"code": "unknownHost", "message": "There is no host named \"two\"."}}"#)
        defer { socket.close() }
        await #expect(throws: CommandFailure("There is no host named \"two\".")) {
            try await ControlClient(socket: socket.path).cordon("two")
        }
    }

    @ControlLoop @Test("says that no broker answers, and what to look at")
    func nobody() async throws {
        let path = NSTemporaryDirectory() + "none-\(UUID().uuidString.prefix(8)).sock"
        await #expect {
            _ = try await ControlClient(socket: path).hosts()
        } throws: { error in
            "\(error)".hasPrefix("no broker answers on \(path) (")
                && "\(error)".hasSuffix(
                    "is carrel serve running, with this configuration, and may you open the socket?")
        }
    }

    @ControlLoop @Test("does not take any answer for the broker's")
    func otherVersion() async throws {
        let socket = try ControlSocket(#"{"hosts": [{"name": 1}]}"#)
        defer { socket.close() }
        await #expect {
            _ = try await ControlClient(socket: socket.path).hosts()
        } throws: { "\($0)".hasPrefix("the broker's answer cannot be read (") }
    }

    @Test("can be dropped on any thread, with a connection kept alive")
    func dropped() async throws {
        let socket = try await ControlSocket(#"{"sessions": []}"#)
        for _ in 0..<10 {
            let client = await ControlClient(socket: socket.path)
            #expect(try await client.sessions(limit: 1).isEmpty)
        }
        await socket.close()
    }
}
