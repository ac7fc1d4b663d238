import Foundation

// What libFuzzer calls. `Scripts/fuzz` compiles these files together with the sources that they are about, as one module,
// so that what is internal can be reached. `CARREL_FUZZ_TARGET` names the target; with `CARREL_FUZZ_SEEDS`, the inputs to
// begin with are written into that directory, and nothing else is done.

typealias FuzzTarget = @Sendable (UnsafeRawBufferPointer) -> Void

private let targets: [String: FuzzTarget] = [
    "request": fuzzRequests, "response": fuzzResponses, "chunks": fuzzChunks, "websocket": fuzzWebSocket,
    "hostname": fuzzHostnames, "cookie": fuzzCookies, "url": fuzzURLs, "http2": fuzzHTTP2,
]

private func environment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

private let target: FuzzTarget = {
    let name = environment("CARREL_FUZZ_TARGET") ?? ""
    guard let target = targets[name] else { fatalError("there is no fuzz target '\(name)'") }
    return target
}()

@_cdecl("LLVMFuzzerTestOneInput")
func fuzzOne(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    target(UnsafeRawBufferPointer(start: data, count: count))
    return 0
}

@_cdecl("LLVMFuzzerInitialize")
func fuzzInitialize(
    _ count: UnsafeMutablePointer<CInt>, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
) -> CInt {
    guard let directory = environment("CARREL_FUZZ_SEEDS"), let name = environment("CARREL_FUZZ_TARGET") else {
        return 0
    }
    for (number, bytes) in seeds(of: name).enumerated() {
        let file = URL(fileURLWithPath: directory).appendingPathComponent("seed-\(number)")
        guard (try? Data(bytes).write(to: file)) != nil else { fatalError("cannot write \(file.path)") }
    }
    exit(0)
}

/// The corpus, as far as it is about this target, and what earlier runs have found worth keeping.
private func seeds(of target: String) -> [[UInt8]] {
    let cases: [CorpusCase] =
        switch target {
        case "request", "chunks": Corpus.requests
        case "response": Corpus.responses
        default: []
        }
    if target == "http2" { return seedsOfHTTP2() }
    let kept = Corpus.lines(of: "../Fuzz/Seeds/\(target).txt")
    guard target == "chunks" else { return cases.map(\.bytes).filter { $0.count < 4_096 } + kept }
    // Their bodies.
    let end = Array("\r\n\r\n".utf8)
    return kept
        + cases.filter { $0.group == "chunks" || $0.group == "trailers" }.compactMap { input in
            let bytes = input.bytes
            guard bytes.count < 4_096 else { return nil }
            return (0..<max(0, bytes.count - 4)).first { Array(bytes[$0..<$0 + 4]) == end }.map {
                Array(bytes[($0 + 4)...])
            }
        }
}

/// What must hold for every input.
func demand(_ holds: @autoclosure () -> Bool, _ what: @autoclosure () -> String) {
    if !holds() { fatalError(what()) }
}

/// Where to cut an input into two: anywhere, but the same place for the same input.
func cut(_ input: UnsafeRawBufferPointer) -> Int {
    let hash = input.reduce(UInt64(0xCBF2_9CE4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    return Int((hash >> 20) % UInt64(input.count + 1))
}

/// An input whole, in two pieces, and byte by byte.
func waysToCut(_ input: UnsafeRawBufferPointer) -> [[UnsafeRawBufferPointer]] {
    let place = cut(input)
    return [
        [input],
        [UnsafeRawBufferPointer(rebasing: input[..<place]), UnsafeRawBufferPointer(rebasing: input[place...])],
        input.indices.map { UnsafeRawBufferPointer(rebasing: input[$0..<$0 + 1]) },
    ]
}
