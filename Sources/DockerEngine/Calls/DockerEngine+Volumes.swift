// swift-format-ignore-file: AlwaysUseLowerCamelCase

/// The response of `VolumeCreate`.
private struct VolumeBody: Decodable {
    var Mountpoint: String
}

/// The response of `VolumeList`.
private struct VolumeListBody: Decodable {
    struct Volume: Decodable {
        var Name: String
    }

    var Volumes: [Volume]?
}

extension DockerEngine {
    /// `VolumeCreate`: creates the named volume unless it exists.
    public func ensureVolume(name: String, labels: [String: String]) async throws(EngineError) {
        _ = try await call(
            "POST", "/volumes/create", body: VolumeCreateBody(Name: name, Labels: labels),
            timeout: EngineLimits.createTimeout)
    }

    /// `VolumeCreate` of a tmpfs that is a shared mount: the engine mounts it on the host when the first container that
    /// uses the volume starts, and unmounts it, with everything mounted in it, when the last one has ended.
    /// - Returns: its mount point on the host.
    public func ensureSharedMount(name: String, labels: [String: String]) async throws(EngineError) -> String {
        let options = ["type": "tmpfs", "device": "carrel", "o": "size=1m,mode=0711,rshared"]
        let answer = try await call(
            "POST", "/volumes/create", body: VolumeCreateBody(Name: name, Labels: labels, DriverOpts: options),
            timeout: EngineLimits.createTimeout)
        return (try decode(answer, "POST /volumes/create") as VolumeBody).Mountpoint
    }

    /// `VolumeList`, then `VolumeDelete`: removes volumes of `ContainerSpec.Mount.scratch` whose container is gone. The
    /// engine removes them with the container, unless the engine stops between the two.
    /// - Parameter label: of the container, `KEY=VALUE`.
    /// - Returns: how many there were.
    public func removeScratchVolumes(label: String) async throws(EngineError) -> Int {
        let filters = Self.filters(["label": [label, ContainerCreateBody.scratchLabel], "dangling": ["true"]])
        let body = try await call("GET", "/volumes?filters=" + filters, timeout: EngineLimits.questionTimeout)
        let list: VolumeListBody = try decode(body, "GET /volumes")
        for volume in list.Volumes ?? [] {
            _ = try await call("DELETE", "/volumes/\(Self.escape(volume.Name))", timeout: EngineLimits.removeTimeout)
        }
        return list.Volumes?.count ?? 0
    }
}
