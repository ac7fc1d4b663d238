import EventLoop
import HTTPTransport
import HTTPWire

extension DockerEngine {
    /// `ImageList`: all images that have a name.
    public func images() async throws(EngineError) -> [EngineImage] {
        let body = try await call("GET", "/images/json", timeout: EngineLimits.questionTimeout)
        let images: [ImageListBody] = try decode(body, "GET /images/json")
        return images.map { EngineImage($0) }
    }

    /// `ImageInspect`: the image of this name; `nil` if it is not on this host.
    public func image(_ reference: String) async throws(EngineError) -> EngineImage? {
        do throws(EngineError) {
            let body = try await call(
                "GET", "/images/\(Self.escape(reference))/json", timeout: EngineLimits.questionTimeout)
            return EngineImage(try decode(body, "GET /images/\(reference)/json") as ImageBody)
        } catch {
            guard error.code == .notFound else { throw error }
            return nil
        }
    }

    /// `ImageCreate`: pulls the image from its registry and reports progress. The engine continues only while the
    /// stream is read. Ends when the image is present; throws the engine's message on failure.
    public func pull(_ reference: String) async throws(EngineError) -> AsyncThrowingStream<PullProgress, any Error> {
        let operation = "POST /images/create"
        let version = try await negotiatedVersion()
        // Without a tag the engine would pull all of them.
        let tag = ImageName.tag(of: reference) == nil && !reference.contains("@") ? "&tag=latest" : ""
        let answer: (head: ResponseHead, body: AsyncThrowingStream<[UInt8], any Error>)
        do throws(HTTPClientError) {
            answer = try await client.stream(
                request("POST", "/v\(version)/images/create?fromImage=\(Self.escape(reference))\(tag)"), to: address,
                timeout: EngineLimits.pullAnswerTimeout)
        } catch {
            throw wrap(error, operation)
        }
        let source = "\(endpoint): \(operation)"
        guard answer.head.status == 200 else {
            var words: [UInt8] = []
            do {
                for try await piece in answer.body where words.count < EngineLimits.refusalBytes { words += piece }
            } catch {}
            throw EngineError(
                code: answer.head.status == 404 ? .notFound : .refused(status: answer.head.status),
                message: "\(source): \(Self.refusal(in: words))")
        }
        let reader = PullReader(answer.body, source: source)
        return AsyncThrowingStream { try await reader.next() }
    }
}

/// Decodes the pieces of a response into the progress of the pull so far.
@ControlLoop
private final class PullReader {
    private let pieces: AsyncThrowingStream<[UInt8], any Error>.AsyncIterator
    private let source: String
    private var lines = JSONLines<PullBody>()
    private var progress = PullProgress()

    init(_ pieces: AsyncThrowingStream<[UInt8], any Error>, source: String) {
        self.pieces = pieces.makeAsyncIterator()
        self.source = source
    }

    func next() async throws -> PullProgress? {
        // The iterator is a handle: a copy continues at the same position.
        var pieces = pieces
        do {
            guard let piece = try await pieces.next(isolation: ControlLoop.shared) else { return nil }
            for line in try lines.feed(piece) { try progress.take(line) }
            return progress
        } catch let error as HTTPClientError {
            throw EngineError(code: .unreachable, message: "\(source): the stream broke: \(error.message)")
        } catch let error as EngineError {
            throw EngineError(code: error.code, message: "\(source): \(error.message)")
        }
    }
}
