/// An image on a host.
public struct EngineImage: Hashable, Sendable {
    /// `sha256:…`, of its configuration and so of everything in it.
    public var id: String
    /// When it was built, in milliseconds since 1970.
    public var createdAt: Int64?
    /// What it is called, as `ImageName.familiar` writes it.
    public var names: Set<String>
    /// The directories for which it declares volumes (`VOLUME`), sorted; empty where an image comes from a list.
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

/// The names of images, of which several mean the same.
public enum ImageName {
    /// As engines show it: without the registry that is meant where none is named, and with the tag that is.
    public static func familiar(_ reference: String) -> String {
        var name = reference
        for registry in ["docker.io/", "index.docker.io/"] where name.hasPrefix(registry) {
            name.removeFirst(registry.count)
            if name.hasPrefix("library/") { name.removeFirst("library/".count) }
        }
        return tag(of: name) == nil && !name.contains("@") ? name + ":latest" : name
    }

    /// After the last colon, unless that belongs to the registry's port.
    static func tag(of reference: String) -> Substring? {
        guard !reference.contains("@"), let colon = reference.lastIndex(of: ":") else { return nil }
        let tag = reference[reference.index(after: colon)...]
        return tag.contains("/") ? nil : tag
    }
}
