// swift-format-ignore-file: AlwaysUseLowerCamelCase

// The answers of the engine, member by member as the Engine API 1.41 names them, as far as we read them. What an engine
// may leave out is optional here, and nothing else is.

/// Any refusal.
struct RefusalBody: Decodable {
    var message: String
}

/// `SystemVersion`.
struct VersionBody: Decodable {
    var Version: String
    var ApiVersion: String
    /// Absent where an engine has only one.
    var MinAPIVersion: String?
}

/// `SystemInfo`.
struct InfoBody: Decodable {
    var ID: String
    var Name: String
    var NCPU: Int
    var MemTotal: Int64
    var ServerVersion: String
}

/// `ContainerCreate`.
struct CreatedBody: Decodable {
    var Id: String
}

/// One of `ContainerList`.
struct ContainerListBody: Decodable {
    struct Port: Decodable {
        var PublicPort: Int?
        var `Type`: String
    }

    var Id: String
    var Labels: [String: String]?
    var State: String
    var Ports: [Port]?
}

/// `ContainerInspect`.
struct ContainerBody: Decodable {
    struct StateBody: Decodable {
        var Running: Bool
        var ExitCode: Int
        var OOMKilled: Bool
    }

    struct ConfigBody: Decodable {
        var Labels: [String: String]?
    }

    struct NetworkSettingsBody: Decodable {
        struct Binding: Decodable {
            var HostPort: String
        }
        /// By `PORT/PROTOCOL`; null where it is exposed and not published.
        var Ports: [String: [Binding]?]?
    }

    var Id: String
    var State: StateBody
    var Config: ConfigBody
    var NetworkSettings: NetworkSettingsBody?
}

/// `NetworkInspect`.
struct NetworkBody: Decodable {
    var Name: String
    var Labels: [String: String]?
}

/// One of `SystemEvents`.
struct EventBody: Decodable {
    struct ActorBody: Decodable {
        var ID: String
        var Attributes: [String: String]?
    }

    var Action: String
    var Actor: ActorBody
}
