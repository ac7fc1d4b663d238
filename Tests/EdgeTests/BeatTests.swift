import EventLoop
import HTTPWire
import SeededRandom
import Testing

@testable import Edge

/// Distinguishes a person from a timer by recorded times of frames.
@Suite("Timers and people")
struct BeatTests {
    /// The times of a timer's ticks, in seconds, each interval off by a share of the period.
    private func timer(every period: Double, count: Int, jitter: Double, seed: UInt64 = 7) -> [Double] {
        var random = SplitMix64(seed: seed)
        var time = 0.0
        return (0..<count).map { _ in
            time += period * (1 + Double.random(in: -jitter...jitter, using: &random))
            return time
        }
    }

    /// The times of the frames that count, among frames with these payloads at these times.
    private func counting(
        _ frames: [(at: Double, payload: [UInt8])], in tunnel: TunnelKind = .application,
        opcode: WebSocketFrame.Opcode = .text
    ) -> [Double] {
        var meter = ClientFrameMeter(tunnel)
        var random = SplitMix64(seed: 11)
        return frames.filter { frame in
            var bytes: [UInt8] = []
            WebSocketFrame.encode(
                opcode, payload: frame.payload, mask: UInt32.random(in: 0...UInt32.max, using: &random), into: &bytes)
            let now = MonotonicTime(nanoseconds: 1_000_000_000 + Int64(frame.at * 1_000_000_000))
            return bytes.withUnsafeBytes { meter.sees($0, at: now) }
        }.map(\.at)
    }

    private func text(_ text: String) -> [UInt8] { Array(text.utf8) }

    @Test(
        "A frame every ten seconds, with a tenth of jitter, counts until it is known, and then no more",
        arguments: 1...20)
    func steadyTimer(seed: Int) {
        let moments = timer(every: 10, count: 400, jitter: 0.1, seed: UInt64(seed))
        let counted = counting(moments.map { (at: $0, payload: text("beat")) })
        #expect(counted.count >= 2, "it is known by its rhythm alone")
        #expect(counted.allSatisfy { $0 < 120 }, "counted at \(counted)")
    }

    @Test("A timer whose frames have a counter in them is known by their length")
    func counter() {
        let moments = timer(every: 15, count: 80, jitter: 0.05)
        let frames = moments.enumerated().map { (at: $1, payload: text("tick \(100 + $0)")) }
        #expect(counting(frames).allSatisfy { $0 < 90 })
    }

    @Test("A hidden tab, whose timers come once a minute, and one that slept, wake nothing for long")
    func throttled() {
        let visible = timer(every: 10, count: 30, jitter: 0.02)
        let hidden = timer(every: 60, count: 60, jitter: 0.02).map { $0 + visible.last! }
        let slept = timer(every: 10, count: 60, jitter: 0.02).map { $0 + hidden.last! + 8000 }
        let counted = counting((visible + hidden + slept).map { (at: $0, payload: text("beat")) })
        #expect(counted.filter { $0 > 60 && $0 <= visible.last! }.isEmpty)
        #expect(counted.filter { $0 > visible.last! + 300 && $0 <= hidden.last! }.isEmpty)
        #expect(counted.filter { $0 > slept.first! + 60 }.isEmpty)
    }

    @Test("Typing counts, however steady, and so does the same key again and again", arguments: 1...20)
    func typing(seed: Int) {
        var random = SplitMix64(seed: UInt64(seed))
        var time = 0.0
        var same: [(at: Double, payload: [UInt8])] = []
        var mixed: [(at: Double, payload: [UInt8])] = []
        // Ten minutes at five keys a second, each interval at most a seventh off, which is steadier than a person.
        while time < 600 {
            time += 0.2 * (1 + Double.random(in: -0.14...0.14, using: &random))
            same.append((time, text(#"["stdin","j"]"#)))
            let key = Character(UnicodeScalar(UInt8.random(in: 97...122, using: &random)))
            mixed.append((time, text(#"["stdin","\#(key)"]"#)))
        }
        for frames in [same, mixed] {
            let counted = counting(frames, in: .jupyterTerminal)
            let gaps = zip([0] + counted, counted + [600]).map { $1 - $0 }
            #expect(gaps.max()! < 30, "nothing counted for \(gaps.max()!) s of typing")
        }
    }

    @Test("Somebody who types while a timer beats counts, and so does the first key after an hour")
    func both() {
        let beats = timer(every: 10, count: 500, jitter: 0.02).map { (at: $0, payload: text("beat")) }
        let keys = [1800.3, 1801.1, 1801.2, 4400.0].map { (at: $0, payload: text("key")) }
        let counted = counting((beats + keys).sorted { $0.at < $1.at })
        #expect(counted.filter { $0 > 100 } == [1800.3, 1801.1, 1801.2, 4400.0])
    }

    @Test("A button that a person presses now and then counts every time")
    func button() {
        let moments = [3.0, 41, 55, 140, 151, 290, 301.5, 460, 900, 911]
        #expect(counting(moments.map { (at: $0, payload: text("run")) }) == moments)
    }

    @Test("RStudio's terminal sends a b every ten seconds, which is known at once; what is typed comes behind an a")
    func rstudio() {
        let beats = timer(every: 10, count: 20, jitter: 0.3).map { (at: $0, payload: text("b")) }
        #expect(counting(beats, in: .rstudio).isEmpty)
        #expect(counting([(1, text("ab"))], in: .rstudio) == [1])
        #expect(counting([(1, text("als -l\r"))], in: .rstudio) == [1])
    }

    @Test(
        "The heartbeats of what applications are made of are known at once, and what is said with them is not taken for one"
    )
    func heartbeats() {
        for packet in ["2", "3", "2probe", "5", "ping", #"{"type":"ping"}"#, #"["1","9","phoenix","heartbeat",{}]"#] {
            #expect(counting([(1, text(packet))]).isEmpty, "\(packet)")
        }
        for message in [#"42["run",1]"#, "4hello", "23", #"{"type":"click"}"#] {
            #expect(counting([(1, text(message))]) == [1], "\(message)")
        }
        let keepalive: [UInt8] = [9, 0, 0, 0, 0, 0, 0, 0, 42, 0, 0, 0, 0]
        #expect(counting([(1, keepalive)], opcode: .binary).isEmpty)
        #expect(counting([(1, [1, 0, 0, 0, 7, 0, 0, 0, 42, 0, 0, 0, 1, 65])], opcode: .binary) == [1])
    }

    @Test(
        "Jupyter's own framing: what is asked of a kernel at every connection does not count, a cell that is run does")
    func kernelChannels() {
        func message(_ type: String) -> [UInt8] {
            let header = text(
                #"{"date":"2026-11-30T19:00:00.000Z","msg_id":"0f6f1c2e-7f53-4b57-a9c3-0d1c1c2f3a4b","msg_type":"\#(type)","#
                    + #""session":"a3d0","username":"","version":"5.2"}"#)
            let parts = [text("shell"), header, text("{}"), text("{}"), text("{}")]
            var offsets = [UInt64(8 * (parts.count + 2))]
            for part in parts { offsets.append(offsets.last! + UInt64(part.count)) }
            let numbers = [UInt64(offsets.count)] + offsets
            return numbers.flatMap { number in (0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * UInt64($0))) } }
                + parts.flatMap { $0 }
        }
        #expect(counting([(1, message("kernel_info_request"))], in: .kernel, opcode: .binary).isEmpty)
        #expect(counting([(1, message("comm_info_request"))], in: .kernel, opcode: .binary).isEmpty)
        #expect(counting([(1, message("execute_request"))], in: .kernel, opcode: .binary) == [1])
    }

    @Test("A tunnel is known by its path and the kind of its lab")
    func tunnels() {
        func kind(_ target: String, _ kind: Edge.LabKind) -> TunnelKind {
            TunnelKind(RequestHead(method: "GET", target: target, fields: [:]), kind: kind)
        }
        #expect(kind("/api/kernels/1/channels?session_id=2", .jupyter) == .kernel)
        #expect(kind("/terminals/websocket/1", .jupyter) == .jupyterTerminal)
        #expect(kind("/api/collaboration/room/x", .jupyter) == .sharedDocument)
        #expect(kind("/proxy/8501/_stcore/stream", .jupyter) == .application)
        #expect(kind("/api/kernels/1/channels", .http) == .application)
        #expect(kind("/terminal/1/", .rstudio) == .rstudio)
    }

    @Test("Requests that come by a clock are known, whatever their method; others of the session go on counting")
    func requests() {
        let cell = ActivityCell(slug: "a")
        func name(_ method: String, _ target: String) -> UInt64 {
            ActivityRules.beatName(RequestHead(method: method, target: target, fields: [:]))
        }
        func at(_ seconds: Double) -> MonotonicTime { MonotonicTime(nanoseconds: Int64(seconds * 1_000_000_000) + 1) }
        var counted: [Double] = []
        for (index, moment) in timer(every: 5, count: 200, jitter: 0.05).enumerated()
        where !cell.repeats(name("POST", "/_dash-update-component?n=\(index)"), at: at(moment)) {
            counted.append(moment)
        }
        #expect(counted.allSatisfy { $0 < 30 }, "\(counted)")
        #expect(!cell.repeats(name("POST", "/save"), at: at(1001)))
    }

    @Test("What is kept of a tunnel does not grow with what passes through it")
    func bounded() {
        var beats = Beats(limit: EdgeLimits.beatsPerTunnel)
        for index in 0..<1000 {
            _ = beats.occurs(UInt64(index), at: MonotonicTime(nanoseconds: Int64(index)))
        }
        #expect(beats.count == EdgeLimits.beatsPerTunnel)
    }
}
