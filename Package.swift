// swift-tools-version: 6.2
import PackageDescription

/// Every room is compiled in the Swift 6 language mode, and a warning is an error.
let house: [SwiftSetting] = [.treatAllWarnings(as: .error)]

func room(_ name: String, _ dependencies: [Target.Dependency] = [], path: String? = nil) -> Target {
    .target(name: name, dependencies: dependencies, path: path, swiftSettings: house)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: house)
}

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let heap = Target.Dependency.product(name: "HeapModule", package: "swift-collections")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let mustache = Target.Dependency.product(name: "Mustache", package: "swift-mustache")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")

/// The program of the helper containers: C, linked statically, without Swift's runtime, which `-nostartfiles` leaves out.
/// It cannot be linked with the run-time libraries of sanitizers.
let helperProgram = Target.executableTarget(
    name: "carrel-helper", path: "Sources/HostHelper",
    cSettings: [
        .unsafeFlags(["-std=c11", "-D_GNU_SOURCE", "-Os", "-Wall", "-Wextra", "-Werror"]),
        .unsafeFlags(["-ffunction-sections", "-fno-sanitize=all"]),
    ],
    linkerSettings: [
        .unsafeFlags(["-static-executable", "-nostartfiles", "-Xclang-linker", "-fno-sanitize=all"]),
        .unsafeFlags(["-Xlinker", "--gc-sections", "-Xlinker", "-s"]),
    ])

let package = Package(
    name: "carrel",
    products: [.executable(name: "carrel", targets: ["carrel"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    // Ground floor first; an arrow only points downwards.
    targets: [
        .systemLibrary(name: "CLibUV", pkgConfig: "libuv", providers: [.apt(["libuv1-dev"])]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CNGHTTP2", pkgConfig: "libnghttp2", providers: [.apt(["libnghttp2-dev"])]),
        room("Text"),
        room("EventLoop", ["CLibUV"]),
        room("TLS", ["COpenSSL"]),
        room("HTTPWire"),
        room("Metrics"),
        room("HTTPTransport", ["EventLoop", "TLS", "HTTPWire", "CNGHTTP2"]),
        room("Identity"),
        room("BrokerCore", ["Identity", heap]),
        // Writes files into a Swift file, for the plugins that embed them.
        .executableTarget(name: "EmbedFile", swiftSettings: house),
        .plugin(
            name: "EmbedFiles", capability: .buildTool(), dependencies: ["EmbedFile"], path: "Sources/EmbedFiles"),
        .target(
            name: "Words", dependencies: ["Text", "BrokerCore"], exclude: ["Catalogues"],
            swiftSettings: house,
            plugins: ["EmbedFiles"]),
        room("Store", ["Identity", "BrokerCore", "Words", grdb]),
        room("Scheduling", ["Identity", "BrokerCore"]),
        helperProgram,
        .plugin(
            name: "EmbedHelper", capability: .buildTool(), dependencies: ["EmbedFile", "carrel-helper"],
            path: "Sources/EmbedHelper"),
        .target(name: "HelperImage", dependencies: ["TLS"], swiftSettings: house, plugins: ["EmbedHelper"]),
        room("DockerEngine", ["Text", "EventLoop", "TLS", "HTTPWire", "HTTPTransport", "HelperImage"]),
        room("Edge", ["EventLoop", "TLS", "HTTPWire", "Metrics", "HTTPTransport"]),
        room("Doors", ["Text", "TLS", "Identity", "BrokerCore"]),
        room(
            "Broker",
            [
                "Text", "EventLoop", "TLS", "Metrics", "HTTPTransport", "Identity", "BrokerCore", "Words", "Store",
                "Scheduling", "HelperImage", "DockerEngine", "Edge", logging,
            ]),
        .target(
            name: "Portal",
            dependencies: [
                "Text", "EventLoop", "TLS", "HTTPWire", "Metrics", "HTTPTransport", "Identity", "BrokerCore", "Words",
                "Store", "Scheduling", "Doors", "Broker", mustache,
            ],
            exclude: ["Files"], swiftSettings: house, plugins: ["EmbedFiles"]),
        room(
            "Configuration",
            [
                "Text", "EventLoop", "HTTPTransport", "HTTPWire", "Identity", "BrokerCore", "Words", "Edge", "Broker",
                "Portal", yams,
            ]),
        room("Takeover", ["Text", "EventLoop", "Broker", logging]),
        room("LearnerClient", ["Text", "EventLoop", "TLS", "HTTPTransport", "Portal", "Broker"]),
        .executableTarget(name: "ReadRevision", swiftSettings: house),
        .plugin(
            name: "EmbedRevision", capability: .buildTool(), dependencies: ["ReadRevision"],
            path: "Sources/EmbedRevision"),
        .executableTarget(
            name: "carrel",
            dependencies: [
                "Text", "EventLoop", "TLS", "HTTPWire", "Metrics", "HTTPTransport", "Identity", "BrokerCore", "Words",
                "Store", "Scheduling", "DockerEngine", "Edge", "Doors", "Broker", "Portal", "Configuration", "Takeover",
                "LearnerClient", argumentParser, logging,
            ],
            swiftSettings: house, plugins: ["EmbedRevision"]),

        // Other programs, for tests and benchmarks.
        room("Programs", path: "Tests/Programs"),
        // Names of portals and labs as literals, and a configuration to change.
        room("Literals", ["Identity"], path: "Tests/Literals"),
        // Randomness of which one seed replays one run.
        room("SeededRandom", path: "Tests/SeededRandom"),
        // What `Scripts/bench edge` loads proxies with; no product.
        .executableTarget(
            name: "EdgeBench", dependencies: ["EventLoop", "TLS", "HTTPWire", "HTTPTransport", "Programs"],
            path: "Tests/EdgeBench", swiftSettings: house),

        // What `Scripts/bench broker` measures core and store with; no product.
        .executableTarget(
            name: "BrokerBench", dependencies: ["Identity", "BrokerCore", "Store", "EventLoop"],
            path: "Tests/BrokerBench",
            swiftSettings: house),
        // A whole world around the broker's core, in which everything fails; and what runs many of them.
        room("Simulation", ["Identity", "Literals", "BrokerCore", "Words", "SeededRandom"], path: "Tests/Simulation"),
        .executableTarget(
            name: "Simulate", dependencies: ["Simulation", argumentParser], path: "Tests/Simulate",
            swiftSettings: house),

        // Hostile bytes, and what has to become of them.
        .target(
            name: "SmugglingCorpus", path: "Tests/Corpus", exclude: ["requests", "responses"], swiftSettings: house),
        tests("TextTests", ["Text"]),
        tests("EventLoopTests", ["CLibUV", "EventLoop"]),
        tests("TLSTests", ["COpenSSL", "TLS"]),
        tests("HTTPWireTests", ["HTTPWire", "SmugglingCorpus"]),
        tests("MetricsTests", ["Metrics"]),
        tests("HTTPTransportTests", ["EventLoop", "TLS", "HTTPWire", "HTTPTransport", "SeededRandom"]),
        tests("IdentityTests", ["Identity", "Literals", "SeededRandom"]),
        tests("BrokerCoreTests", ["Identity", "Literals", "BrokerCore", "Words"]),
        tests("WordsTests", ["BrokerCore", "Words"]),
        tests("SimulationTests", ["Simulation"]),
        .testTarget(
            name: "StoreTests",
            dependencies: ["Identity", "Literals", "BrokerCore", "Words", "Store", "SeededRandom", grdb],
            exclude: ["states"],
            swiftSettings: house),
        .testTarget(
            name: "SchedulingTests",
            dependencies: ["Literals", "BrokerCore", "Scheduling", "Programs", "SeededRandom"],
            exclude: ["calendars"], swiftSettings: house),
        tests("HelperImageTests", ["TLS", "HelperImage", "Programs"]),
        tests("DockerEngineTests", ["EventLoop", "HTTPTransport", "HelperImage", "DockerEngine", "Programs"]),
        tests(
            "EdgeTests",
            [
                "COpenSSL", "CNGHTTP2", "EventLoop", "TLS", "HTTPWire", "Metrics", "HTTPTransport", "Edge",
                "SeededRandom", "SmugglingCorpus",
            ]),
        tests(
            "EdgeSimulation",
            [
                "CLibUV", "EventLoop", "TLS", "HTTPWire", "HTTPTransport", "Edge", "SeededRandom",
                "SmugglingCorpus",
            ]),
        tests("DoorsTests", ["TLS", "Identity", "Literals", "BrokerCore", "Doors", "Programs"]),
        tests(
            "BrokerTests",
            [
                "EventLoop", "TLS", "HTTPWire", "HTTPTransport", "Identity", "Literals", "BrokerCore", "Scheduling",
                "DockerEngine", "Edge", "Broker", "Programs",
            ]),
        .testTarget(
            name: "PortalTests",
            dependencies: [
                "EventLoop", "TLS", "HTTPWire", "Metrics", "HTTPTransport", "Identity", "Literals", "BrokerCore",
                "Words", "Store", "Scheduling", "DockerEngine", "Edge", "Doors", "Broker", "Portal", "Programs",
                logging,
            ],
            exclude: ["html"], swiftSettings: house),
        tests(
            "ConfigurationTests",
            [
                "HTTPTransport", "Identity", "Literals", "BrokerCore", "Edge", "Broker", "Portal", "Configuration",
                "Programs",
            ]),
        tests("TakeoverTests", ["EventLoop", "Takeover", logging]),
        tests("LearnerClientTests", ["EventLoop", "TLS", "HTTPTransport", "LearnerClient", "Programs"]),
        tests("ReadRevisionTests", ["ReadRevision"]),
        tests(
            "CarrelTests",
            [
                "EventLoop", "TLS", "HTTPWire", "HTTPTransport", "Literals", "BrokerCore", "Scheduling", "Edge",
                "Doors", "Broker", "Portal", "Configuration", "Takeover", "LearnerClient", "carrel", "Programs",
                argumentParser, logging, "Text", "Words",
            ]),
        // What the tests on real engines have in common: a whole Carrel for one test, and clients of their own.
        room(
            "FleetSupport", ["Identity", "BrokerCore", "Store", "COpenSSL", "Programs", grdb],
            path: "Tests/FleetSupport"),
        tests("Fleet", ["carrel", "FleetSupport", "Programs"]),
        tests("Browser", ["COpenSSL", "EventLoop", "TLS", "HTTPTransport", "carrel", "Programs", "FleetSupport"]),
        // The sources and the papers, against the rules of the house.
        tests("HouseTests", []),
    ],
    swiftLanguageModes: [.v6]
)
