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

    @Test("A host that does not answer is unreachable, whatever is known of the image", arguments: [true, false])
    func unreachable(isImageThere: Bool) {
        #expect(failure(.timeout, "no answer", isImageThere: isImageThere) == .hostUnreachable("no answer"))
    }
}
