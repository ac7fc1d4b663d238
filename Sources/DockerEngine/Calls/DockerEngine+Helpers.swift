import Foundation
import HelperImage

/// The state of a helper on a host.
public enum HelperState: Hashable, Sendable {
    /// It is running, and matches its specification.
    case current
    /// It is running, but differs: another version of Carrel created it.
    case outdated
    /// It is not running, or does not exist.
    case absent
}

/// Containers of our own program: see `HelperSpec`.
extension DockerEngine {
    /// `ContainerInspect`: whether this helper runs.
    public func state(ofHelper name: String, _ spec: HelperSpec) async throws(EngineError) -> HelperState {
        do throws(EngineError) {
            let details = try await inspect(name)
            guard details.isRunning else { return .absent }
            let wanted = HelperBody(spec, imageID: try await helperImageID())
            return details.labels[HelperBody.digestLabel] == wanted.Labels[HelperBody.digestLabel]
                ? .current : .outdated
        } catch {
            guard error.code == .notFound else { throw error }
            return .absent
        }
    }

    /// `ContainerCreate` and `ContainerStart` of a helper, after `ImageLoad` if this host does not have its image.
    ///
    /// An engine whose machine does not let it protect a process from the kernel's out-of-memory killer (without
    /// `CAP_SYS_RESOURCE`) cannot start an essential helper with that protection: it is then started without it.
    /// - Returns: the container's identifier.
    /// - Throws: `.conflict` if the name is taken.
    @discardableResult
    public func startHelper(name: String, _ spec: HelperSpec) async throws(EngineError) -> String {
        do throws(EngineError) {
            return try await startHelper(name, spec, isProtected: spec.isEssential)
        } catch {
            guard spec.isEssential, case .refused(status: 400...) = error.code else { throw error }
            return try await startHelper(name, spec, isProtected: false)
        }
    }

    private func startHelper(
        _ name: String, _ spec: HelperSpec, isProtected: Bool
    ) async throws(EngineError) -> String {
        let id = try await createHelper(name, spec, isProtected: isProtected)
        do throws(EngineError) {
            try await start(id)
        } catch {
            try? await remove(id, force: true)
            throw error
        }
        return id
    }

    private func createHelper(
        _ name: String, _ spec: HelperSpec, isProtected: Bool
    ) async throws(EngineError) -> String {
        do throws(EngineError) {
            return try await create(helper: name, spec, isProtected: isProtected)
        } catch {
            guard error.code == .notFound else { throw error }
            // The image was removed after it was found.
            knownHelperImageID = nil
            return try await create(helper: name, spec, isProtected: isProtected)
        }
    }

    private func create(
        helper name: String, _ spec: HelperSpec, isProtected: Bool
    ) async throws(EngineError) -> String {
        var body = HelperBody(spec, imageID: try await helperImageID())
        if !isProtected { body.HostConfig.OomScoreAdj = 0 }
        let answer = try await call(
            "POST", "/containers/create?name=\(Self.escape(name))", body: body, timeout: EngineLimits.createTimeout)
        return (try decode(answer, "POST /containers/create") as CreatedBody).Id
    }

    /// Runs a helper until it ends and removes it. Returns its output, both streams in the order written, and its exit
    /// code.
    /// - Parameter timeout: for the run alone; a helper that takes longer is killed.
    public func runHelper(
        name: String, _ spec: HelperSpec, timeout: Duration
    ) async throws(EngineError) -> (lines: [String], code: Int) {
        let id = try await startHelper(name: name, spec)
        do throws(EngineError) {
            let code = try await wait(id, timeout: timeout)
            let lines = try await logs(id, lines: EngineLimits.helperLines)
            try await remove(id, force: true)
            return (lines, code)
        } catch {
            try? await remove(id, force: true)
            throw error
        }
    }

    /// The identifier of `HelperImage.current` on this host; loads it with `ImageLoad` if it is missing. The image is
    /// recognised by its contents, so an image of the same name from another source is not mistaken for it.
    /// - Throws: `.refused` if the host has a different processor architecture, or the engine rejects the image.
    public func helperImageID() async throws(EngineError) -> String {
        if let knownHelperImageID { return knownHelperImageID }
        let image = HelperImage.current
        let version = try await version()
        if let architecture = version.architecture, architecture != image.architecture {
            throw EngineError(
                code: .refused(status: 0),
                message: "\(endpoint): its processor is \(architecture), and this program carries a helper for "
                    + "\(image.architecture) only: use hosts of one kind with the broker")
        }
        var found = try await loadedHelperImage()
        if found == nil {
            try await load(image)
            found = try await loadedHelperImage()
        }
        guard let found else {
            throw EngineError(
                code: .refused(status: 0),
                message: "\(endpoint): POST /images/load: the image of the helpers was taken, and \(image.reference) "
                    + "is not what was sent")
        }
        knownHelperImageID = found
        return found
    }

    private func loadedHelperImage() async throws(EngineError) -> String? {
        let image = HelperImage.current
        do throws(EngineError) {
            let answer = try await call(
                "GET", "/images/\(Self.escape(image.reference))/json", timeout: EngineLimits.questionTimeout)
            let body: HelperImageBody = try decode(answer, "GET /images/\(image.reference)/json")
            return body.RootFS?.Layers == [image.layerID] ? body.Id : nil
        } catch {
            guard error.code == .notFound else { throw error }
            return nil
        }
    }

    private func load(_ image: HelperImage) async throws(EngineError) {
        let version = try await negotiatedVersion()
        let answer = try await send(
            "POST", "/v\(version)/images/load?quiet=true", body: image.archive, type: "application/x-tar",
            timeout: EngineLimits.loadTimeout)
        // Failures after the first byte are reported as a line of the body, with status 200.
        var lines = JSONLines<LoadBody>()
        if let failure = try lines.feed(answer + [UInt8(ascii: "\n")]).lazy.compactMap(\.error).first {
            throw EngineError(
                code: .refused(status: 200),
                message: "\(endpoint): POST /images/load: the engine does not take the image of the helpers: \(failure)"
            )
        }
    }

    /// `ImageDelete` of the helper images of other versions of Carrel. An image that a container still uses stays.
    public func removeOldHelperImages() async throws(EngineError) {
        let current = try await helperImageID()
        let (key, value) = HelperImage.label
        let body = try await call(
            "GET", "/images/json?filters=" + Self.filters(["label": ["\(key)=\(value)"]]),
            timeout: EngineLimits.questionTimeout)
        let images: [ImageListBody] = try decode(body, "GET /images/json")
        for image in images where image.Id != current {
            _ = try? await call("DELETE", "/images/\(Self.escape(image.Id))", timeout: EngineLimits.removeTimeout)
        }
    }
}
