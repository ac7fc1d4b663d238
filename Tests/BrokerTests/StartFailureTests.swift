import BrokerCore
import DockerEngine
import Testing

@testable import Broker

@Suite("Why a start failed, by what the engine says of the image")
struct StartFailureTests {
    private func failure(_ code: EngineError.Code, _ message: String, isImageThere: Bool) -> StartFailure {
        StartFailure(
            EngineError(code: code, message: message), image: "carrel/jupyterlab:dev", isImageThere: isImageThere,
            host: "h1")
    }

    @Test("The image is missing where the engine has none by its name, however the engine words its refusal")
    func missing() {
        guard
            case .imageMissing(let message) = failure(
                .notFound, "carrel/jupyterlab:dev: not found", isImageThere: false)
        else {
            Issue.record("not taken for a missing image")
            return
        }
        #expect(message.contains("carrel/jupyterlab:dev") && message.contains("h1"))
    }

    @Test("Another thing that is missing is not taken for the image, also when its name has the word in it")
    func others() {
        let message = "No such network: image-net"
        #expect(failure(.notFound, message, isImageThere: true) == .engine(message))
        #expect(
            failure(.conflict, "image-cache: the name is taken", isImageThere: true)
                == .engine("image-cache: the name is taken"))
    }

    @Test("The last words of a lab are told in one line, of which the end is kept where it is too long")
    func lastWords() {
        #expect(HostDriver.told(["Serving", "Killed"]) == "Serving ⏎ Killed")
        let long = HostDriver.told([String(repeating: "x", count: 16_000), "end"])
        #expect(long == String(repeating: "x", count: 199) + "… ⏎ end")
        let many = HostDriver.told([String](repeating: String(repeating: "y", count: 16_000), count: 11) + ["end"])
        #expect(many.count == 2_000)
        #expect(many.hasPrefix("…y") && many.hasSuffix("y… ⏎ end"))
        let pile = "a" + String(repeating: "\u{301}", count: 16_000)
        #expect(HostDriver.told([pile]).unicodeScalars.count == 2)
    }

    @Test("A host that does not answer is unreachable, whatever is known of the image", arguments: [true, false])
    func unreachable(isImageThere: Bool) {
        #expect(failure(.timeout, "no answer", isImageThere: isImageThere) == .hostUnreachable("no answer"))
    }
}
