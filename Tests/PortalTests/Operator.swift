import EventLoop
import Foundation
import HTTPTransport
import HTTPWire
import Testing

@testable import Portal

/// Sends requests to a desk over its real control socket, as the command line does.
@ControlLoop
struct Operator {
    let desk: Desk
    let client = HTTPClient()

    init(_ desk: Desk) throws {
        self.desk = desk
        try desk.portal.start(
            portalSocket: desk.directory + "/portal.sock", controlSocket: desk.directory + "/control.sock")
    }

    func send(_ method: String, _ target: String, _ body: String = "") async throws -> HTTPClientResponse {
        try await client.send(
            HTTPClientRequest(method: method, target: target, authority: "carrel", body: Array(body.utf8)),
            to: .unix(path: desk.directory + "/control.sock"), timeout: .seconds(10), bodyLimit: 1 << 20)
    }

    func get<T: Decodable>(_ target: String, as type: T.Type) async throws -> T {
        let response = try await send("GET", target)
        #expect(response.status == 200, "\(target)")
        return try APICoding.decode(type, from: response.body)
    }

    func post<T: Decodable>(_ target: String, _ body: String, as type: T.Type) async throws -> T {
        let response = try await send("POST", target, body)
        #expect(response.status == 200, "\(target)")
        return try APICoding.decode(type, from: response.body)
    }

    func failure(_ method: String, _ target: String, _ body: String = "") async throws -> (Int, String) {
        let response = try await send(method, target, body)
        return (response.status, try APICoding.decode(APIFailure.self, from: response.body).error.code)
    }
}
