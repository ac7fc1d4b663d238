import SeededRandom

/// One exchange as both ends know it and the edge does not: the messages, and the faults.
struct Plan {
    /// The length of a body, and how the sender delimits it.
    enum Body: Equatable {
        case none
        case length(Int)
        case chunked(Int)
        /// Delimited by the end of the connection; responses only.
        case untilClose(Int)

        var count: Int {
            switch self {
            case .none: 0
            case .length(let count), .chunked(let count), .untilClose(let count): count
            }
        }
    }

    /// The fault of the upstream.
    enum Fault: Equatable {
        case none
        /// Closes before any byte of the response.
        case silence
        /// Breaks off within the response, by closing or by a reset.
        case cut(afterBytes: Int, byReset: Bool)
        /// Never answers.
        case never
        /// Answers with bytes that are not HTTP.
        case nonsense
        /// Sends extra bytes after the response.
        case extra
        /// Answers before it has read the request; then it reads the rest, or closes.
        case early
    }

    let id: Int
    var site = Site.plain
    var method = "GET"
    var request = Body.none
    var status = 200
    var response = Body.length(0)
    /// Number of 103 responses before the final one.
    var informs = 0
    var isHTTP10 = false
    /// The client asks to close the connection (`Connection: close`).
    var closes = false
    /// The upstream announces that it closes, and does.
    var upstreamCloses = false
    var expectsContinue = false
    var fault = Fault.none
    /// Bytes sent in each direction through a WebSocket.
    var tunnel: (up: Int, down: Int)?

    // The outcome at the upstream.
    var arrivals = 0
    var wholeArrivals = 0
    /// The upstream has done something for which the edge may answer with an error, or cut the response.
    var isExcused = false

    var isSafe: Bool { method == "GET" || method == "HEAD" || method == "PUT" || method == "DELETE" }
    var hasBody: Bool { method != "HEAD" && status != 204 && status != 304 && response != .none }

    /// The byte at an offset of a body: no two bodies are alike, nor are two stretches of one body.
    static func byte(_ id: Int, _ isResponse: Bool, _ offset: Int) -> UInt8 {
        let mixed = (id &* 2 &+ (isResponse ? 1 : 0)) &* 0x9E37_79B1 &+ offset &* 0x85EB_CA6B
        return UInt8(truncatingIfNeeded: mixed >> 7 ^ mixed >> 19)
    }

    static func bytes(_ id: Int, _ isResponse: Bool, _ range: Range<Int>) -> [UInt8] {
        Array(unsafeUninitializedCapacity: range.count) { room, count in
            for index in 0..<range.count { room[index] = byte(id, isResponse, range.lowerBound &+ index) }
            count = range.count
        }
    }

    /// Asks another site. What the edge refuses is asked plainly.
    mutating func go(to site: Site) {
        self.site = site
        guard site.port == nil else { return }
        (method, request, expectsContinue, fault) = ("GET", .none, false, .none)
    }

    static func random(id: Int, faulty: Bool, using random: inout SplitMix64) -> Plan {
        var plan = Plan(id: id)
        plan.method = random.pick(["GET", "GET", "HEAD", "POST", "POST", "PUT", "DELETE"]) ?? "GET"
        if plan.method == "POST" || plan.method == "PUT" || random.oneIn(12) {
            plan.request = random.oneIn(2) ? .length(size(&random)) : .chunked(size(&random))
            plan.expectsContinue = random.oneIn(6)
        }
        plan.status = random.pick([200, 200, 200, 201, 204, 304, 404, 500]) ?? 200
        switch Int.random(in: 0..<5, using: &random) {
        case 0, 1: plan.response = .length(size(&random))
        case 2, 3: plan.response = .chunked(size(&random))
        default: plan.response = .untilClose(size(&random))
        }
        if plan.status == 204 || plan.status == 304 { plan.response = .none }
        plan.informs = random.oneIn(8) ? Int.random(in: 1...3, using: &random) : 0
        plan.isHTTP10 = random.oneIn(10) && !isChunked(plan.request)
        plan.closes = random.oneIn(10)
        plan.upstreamCloses = random.oneIn(8)
        // Nothing else would indicate that the connection takes no further request.
        if case .untilClose = plan.response, plan.method == "HEAD" { plan.upstreamCloses = true }
        if faulty, random.oneIn(3) { plan.fault = fault(plan, &random) }
        return plan
    }

    private static func isChunked(_ body: Body) -> Bool { if case .chunked = body { true } else { false } }

    private static func size(_ random: inout SplitMix64) -> Int {
        switch Int.random(in: 0..<16, using: &random) {
        case 0, 1: 0
        case 2, 3: 1
        case 4...12: Int.random(in: 2...3000, using: &random)
        case 13, 14: Int.random(in: 3000...40_000, using: &random)
        default: Int.random(in: 40_000...400_000, using: &random)
        }
    }

    private static func fault(_ plan: Plan, _ random: inout SplitMix64) -> Fault {
        switch Int.random(in: 0..<8, using: &random) {
        case 0: return .silence
        case 1, 2:
            guard plan.hasBody, plan.response.count > 0 else { return .silence }
            let bytes = Int.random(in: 0..<plan.response.count, using: &random)
            if case .untilClose = plan.response { return .cut(afterBytes: bytes, byReset: true) }
            return .cut(afterBytes: bytes, byReset: random.oneIn(2))
        case 3: return .never
        case 4: return .nonsense
        case 5, 6:
            // Extra bytes would be part of the body.
            if case .untilClose = plan.response { return .nonsense }
            return .extra
        default: return plan.request.count > 0 ? .early : .silence
        }
    }
}
