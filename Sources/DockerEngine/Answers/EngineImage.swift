/// An image on a host.
public struct EngineImage: Hashable, Sendable {
    /// `sha256:…`, the digest of its configuration and so of all its contents.
    public var id: String
    /// When it was built, in milliseconds since 1970.
    public var createdAt: Int64?
    /// Its names, as `ImageName.familiar` writes them.
    public var names: Set<String>
    /// The directories that it declares as volumes (`VOLUME`), sorted; empty if the image comes from a list.
    public var volumes: [String]

    init(_ body: ImageListBody) {
        id = body.Id
        createdAt = body.Created * 1000
        names = Set(((body.RepoTags ?? []) + (body.RepoDigests ?? [])).map { ImageName.familiar($0) })
        volumes = []
    }

    init(_ body: ImageBody) {
        id = body.Id
        createdAt = body.Created.flatMap { EngineClock.milliseconds($0) }
        names = []
        volumes = (body.Config?.Volumes ?? [:]).keys.sorted()
    }
}

/// Normalises names of images, since several may mean the same image.
public enum ImageName {
    /// The name as engines show it: without the default registry, and with the default tag if it has none.
    public static func familiar(_ reference: String) -> String {
        var name = reference
        for registry in ["docker.io/", "index.docker.io/"] where name.hasPrefix(registry) {
            name.removeFirst(registry.count)
            if name.hasPrefix("library/") { name.removeFirst("library/".count) }
        }
        return tag(of: name) == nil && !name.contains("@") ? name + ":latest" : name
    }

    /// The part after the last colon, unless that belongs to the registry's port.
    static func tag(of reference: String) -> Substring? {
        guard !reference.contains("@"), let colon = reference.lastIndex(of: ":") else { return nil }
        let tag = reference[reference.index(after: colon)...]
        return tag.contains("/") ? nil : tag
    }
}
