import Edge
import Foundation
import HTTPTransport

/// The `edge` section of the file; every key has a default.
struct DecodedEdge {
    /// One loop per core.
    var threads = min(256, max(1, ProcessInfo.processInfo.activeProcessorCount))
    var http2 = true
    var limits = ClientLimits()
    var accessLog: String?
    /// How long requests and WebSockets may continue in the old process.
    var takeoverGrace = Duration.seconds(300)

    init(_ reader: MappingReader?, folder: String) {
        guard let reader else { return }
        reader.allow("threads", "http2", "access_log", "limits", "takeover_grace")
        takeoverGrace = reader.optional("takeover_grace", .duration(.zero ... .seconds(7 * 86_400))) ?? takeoverGrace
        accessLog = reader.optional("access_log", .path(from: folder))
        threads = reader.optional("threads", .integer(1...256)) ?? threads
        http2 = reader.optional("http2", .boolean) ?? http2
        if let reader = reader.mapping("limits") { decodeLimits(reader) }
    }

    private mutating func decodeLimits(_ reader: MappingReader) {
        reader.allow(
            "connections_per_thread", "connections_per_address", "handshake_timeout", "header_timeout", "idle_timeout",
            "body_timeout", "minimum_body_rate", "write_timeout", "url_size", "header_size", "header_fields",
            "streams_per_connection", "resets_per_second")
        func set<Value>(_ key: String, _ rule: Rule<Value>, _ path: WritableKeyPath<ClientLimits, Value>) {
            if let value = reader.optional(key, rule) { limits[keyPath: path] = value }
        }
        func set(_ key: String, _ range: ClosedRange<Int64>, _ path: WritableKeyPath<ClientLimits, Int>) {
            if let bytes = reader.optional(key, .size(range)) { limits[keyPath: path] = Int(bytes) }
        }
        set("connections_per_thread", .integer(1...1_000_000), \.connectionsPerLoop)
        set("connections_per_address", .integer(1...1_000_000), \.connectionsPerAddress)
        let wait = Rule.duration(.seconds(1) ... .seconds(3600))
        set("handshake_timeout", wait, \.handshake)
        set("header_timeout", wait, \.timeouts.head)
        set("idle_timeout", wait, \.timeouts.idle)
        set("body_timeout", wait, \.timeouts.body)
        set("write_timeout", wait, \.timeouts.write)
        set("minimum_body_rate", 0...(1 << 20), \.timeouts.minimumBodyRate)
        set("url_size", (1 << 10)...(1 << 20), \.http.startLineBytes)
        set("header_size", (1 << 12)...(1 << 20), \.http.headerBlockBytes)
        set("header_fields", .integer(16...1_000), \.http.fieldCount)
        set("streams_per_connection", .integer(1...1_000), \.http2.concurrentStreams)
        if let count = reader.optional("resets_per_second", .integer(1...10_000)) {
            limits.http2.resets = HTTP2Limits.Allowance(perSecond: count)
        }
    }
}
