import Foundation
import HTTPTransport
import TLS

extension LearnerClient {
    /// The output of running code.
    public struct KernelOutput: Hashable, Sendable {
        /// All printed text, and the values of displays and of the last expression.
        public var text = ""
        /// The exception that ended it, if one did.
        public var error: String?

        public init() {}
    }

    private struct Kernel: Codable { var id: String }

    /// Starts a kernel through the lab's REST API.
    /// - Parameter name: the name of a kernel specification; `nil` for the lab's default.
    /// - Returns: its identifier.
    public func startKernel(name: String? = nil) async throws(LearnerError) -> String {
        let body = name.map { #"{"name":"\#($0)"}"# } ?? "{}"
        let answer = try await ask("POST", "/api/kernels", body: Array(body.utf8))
        guard answer.status == 201, let kernel = try? JSONDecoder().decode(Kernel.self, from: Data(answer.body)) else {
            throw LearnerError(.kernel, status: answer.status, "no kernel was started: \(Self.words(answer))")
        }
        return kernel.id
    }

    public func endKernel(_ id: String) async throws(LearnerError) {
        let answer = try await ask("DELETE", "/api/kernels/\(id)")
        guard answer.status == 204 else {
            throw LearnerError(.kernel, status: answer.status, "the kernel was not ended: \(Self.words(answer))")
        }
    }

    /// Runs code in a kernel and waits for its completion.
    public func run(
        _ code: String, in kernel: String, within timeout: Duration = LearnerLimits.runTimeout
    ) async throws(LearnerError) -> KernelOutput {
        let session = SecureRandom.slug(length: 26)
        let socket = try await webSocket(
            "/api/kernels/\(kernel)/channels?session_id=\(session)", protocols: [KernelProtocol.v1Name])
        let request = KernelMessage.execute(code, id: SecureRandom.slug(length: 26), session: session)
        let result = await exchange(request, over: socket, within: timeout)
        await socket.close()
        return try result.get()
    }

    private func exchange(
        _ request: KernelMessage, over socket: WebSocketConnection, within timeout: Duration
    ) async -> Result<KernelOutput, LearnerError> {
        let clock = ContinuousClock()
        let deadline = clock.now + timeout
        let speech: KernelProtocol = socket.subprotocol == KernelProtocol.v1Name ? .v1 : .json
        do {
            let bytes = try speech.encode(request)
            try await socket.send(speech == .v1 ? .binary(bytes) : .text(String(decoding: bytes, as: UTF8.self)))
            var output = KernelOutput()
            while let message = try await socket.receive(within: max(.zero, deadline - clock.now)) {
                let bytes =
                    switch message {
                    case .text(let text): Array(text.utf8)
                    case .binary(let bytes): bytes
                    }
                if take(try speech.decode(bytes), of: request, into: &output) { return .success(output) }
            }
        } catch {
            return .failure(LearnerError(.kernel, "the kernel did not finish: \(error)"))
        }
        return .failure(LearnerError(.kernel, "the kernel's WebSocket ended before the code did"))
    }

    /// Returns whether the request is complete.
    private func take(
        _ message: KernelMessage, of request: KernelMessage, into output: inout KernelOutput
    ) -> Bool {
        guard message.parent == request.header.msgId else { return false }
        switch message.header.msgType {
        case "stream": output.text += message.content.text ?? ""
        case "execute_result", "display_data":
            if let text = message.content.data?["text/plain"]?.value { output.text += text + "\n" }
        case "error": output.error = "\(message.content.ename ?? "error"): \(message.content.evalue ?? "")"
        case "status": return message.content.executionState == "idle"
        default: break
        }
        return false
    }
}
