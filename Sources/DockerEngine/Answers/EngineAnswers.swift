// swift-format-ignore-file: AlwaysUseLowerCamelCase

// The engine's response bodies, with member names as in the Engine API 1.41, as far as we read them. Members that an
// engine may omit are optional here, and no others are.

/// The body of any error response.
struct RefusalBody: Decodable {
    var message: String
}

/// `SystemVersion`.
struct VersionBody: Decodable {
    var Version: String
    var ApiVersion: String
    /// Absent if an engine supports only one.
    var MinAPIVersion: String?
    /// The processor architecture, as Go spells it.
    var Arch: String?
}

/// `SystemInfo`.
struct InfoBody: Decodable {
    var ID: String
    var Name: String
    var NCPU: Int
    var MemTotal: Int64
    var ServerVersion: String
    /// RFC 3339, in the host's time zone.
    var SystemTime: String?
    var LiveRestoreEnabled: Bool?
}

/// `ContainerCreate`.
struct CreatedBody: Decodable {
    var Id: String
}

/// One element of `ContainerList`.
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
        struct EndpointBody: Decodable {
            var IPAddress: String?
        }

        /// By `PORT/PROTOCOL`; null for a port that is exposed but not published.
        var Ports: [String: [Binding]?]?
        /// By network name.
        var Networks: [String: EndpointBody]?
    }

    var Id: String
    var State: StateBody
    var Config: ConfigBody
    var NetworkSettings: NetworkSettingsBody?
}

/// `ContainerStats`.
struct ContainerStatsBody: Decodable {
    struct MemoryBody: Decodable {
        struct Pages: Decodable {
            /// In control groups version 1: of the container alone, and including everything below it.
            var inactive_file: UInt64?
            var total_inactive_file: UInt64?
        }

        /// Absent while the container is not running.
        var usage: UInt64?
        var stats: Pages?
    }

    struct CPUBody: Decodable {
        struct Usage: Decodable {
            /// In nanoseconds.
            var total_usage: UInt64
        }

        var cpu_usage: Usage
    }

    var memory_stats: MemoryBody
    var cpu_stats: CPUBody
}

/// One element of `NetworkList`.
struct NetworkBody: Decodable {
    struct AddressBody: Decodable {
        var Gateway: String?
    }

    struct AddressesBody: Decodable {
        var Config: [AddressBody]?
    }

    var Id: String
    var Name: String
    var Labels: [String: String]?
    var Options: [String: String]?
    var IPAM: AddressesBody?
}

/// One element of `ImageList`.
struct ImageListBody: Decodable {
    var Id: String
    var RepoTags: [String]?
    var RepoDigests: [String]?
    /// Seconds since 1970.
    var Created: Int64
}

/// `ImageInspect`.
struct ImageBody: Decodable {
    struct ConfigBody: Decodable {
        struct Empty: Decodable {}

        var Volumes: [String: Empty]?
    }

    var Id: String
    var Config: ConfigBody?
    /// RFC 3339.
    var Created: String?
}

/// `ImageInspect`: the layers of the image.
struct HelperImageBody: Decodable {
    struct RootFSBody: Decodable {
        var Layers: [String]?
    }

    var Id: String
    var RootFS: RootFSBody?
}

/// One line of `ImageLoad`.
struct LoadBody: Decodable {
    var error: String?
}

/// One line of `ImageCreate`.
struct PullBody: Decodable {
    struct Detail: Decodable {
        var current: Int64?
        var total: Int64?
    }

    var status: String?
    /// The layer that the line is about.
    var id: String?
    var progressDetail: Detail?
    var error: String?
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
