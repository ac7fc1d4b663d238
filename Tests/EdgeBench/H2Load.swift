import Programs

/// nghttp2's load generator, which fills connections of HTTP/2 with requests.
enum H2Load {
    static let connections = 8
    static let streams = 16
    /// How much longer than its load it may take, in seconds.
    private static let grace = 30.0

    /// Loads a target for so long; every request must be answered with 200.
    /// - Returns: how many requests were answered.
    static func run(_ target: Target, seconds: Double) async throws -> Int {
        let command = Command([
            "h2load",
            "--clients=\(connections)", "--max-concurrent-streams=\(streams)", "--duration=\(Int(seconds * 1000))ms",
            "--header=user-agent: Mozilla/5.0 (X11; Linux x86_64) bench", "--header=accept: */*",
            "--header=accept-encoding: gzip, deflate, br", "--header=cookie: session=0123456789abcdef",
            "--connect-to=127.0.0.1:\(target.port)", "https://h0.bench.test:\(target.port)/1k",
        ])
        let text = try await command.succeed(within: .seconds(seconds + grace))
        guard let answered = number(before: "2xx", in: text, line: "status codes:"), answered > 0,
            number(before: "failed", in: text, line: "requests:") == 0,
            text.contains("Application protocol: h2\n")
        else { throw BenchFailure("h2load on \(target.name):\n\(text)") }
        return answered
    }

    /// From lines such as `requests: 10 total, 10 started, 10 done, 10 succeeded, 0 failed, 0 errored, 0 timeout`.
    private static func number(before word: String, in text: String, line start: String) -> Int? {
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix(start) }) else { return nil }
        for part in line.dropFirst(start.count).split(separator: ",") {
            let words = part.split(separator: " ")
            if words.count == 2, words[1] == word { return Int(words[0]) }
        }
        return nil
    }
}
