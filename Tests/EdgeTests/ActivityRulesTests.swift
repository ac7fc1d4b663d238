import EventLoop
import HTTPWire
import Testing

@testable import Edge

struct ActivityRulesTests {
    private let now = MonotonicTime(nanoseconds: 1)

    private func counts(
        _ method: String, _ target: String, _ kind: Edge.LabKind = .jupyter, _ fields: HeaderFields = [:]
    )
        -> Bool
    {
        ActivityRules.counts(RequestHead(method: method, target: target, fields: fields), kind: kind)
    }

    @Test("what a person causes counts: navigations, saves, runs, downloads")
    func counting() {
        #expect(counts("GET", "/lab/tree/x.ipynb", .jupyter, ["Sec-Fetch-Mode": "navigate"]))
        #expect(counts("PUT", "/api/contents/x.ipynb"))
        #expect(counts("POST", "/rpc/console_input", .rstudio))
        #expect(counts("GET", "/files/data.csv?download=1"))
        #expect(counts("GET", "/export/x.zip", .rstudio))
    }

    @Test(
        "what an open tab does by itself does not count",
        arguments: [
            "/api/sessions", "/api/kernels?1700000000", "/api/terminals", "/api/status", "/api/metrics/v1",
            "/lsp/status",
            "/static/lab/main.js", "/api/contents/files/x",
        ])
    func polls(target: String) {
        #expect(!counts("GET", target))
        #expect(!counts("GET", target, .jupyter, ["Sec-Fetch-Mode": "cors", "Accept": "text/html"]))
    }

    @Test("a page counts that fills a tab or a frame of the lab's own, and not one that a page of another origin shows")
    func framedPages() {
        func counts(_ dest: String, _ site: String, isEmbedded: Bool = false) -> Bool {
            let fields: HeaderFields = ["Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": dest, "Sec-Fetch-Site": site]
            let head = RequestHead(method: "GET", target: "/files/x.html", fields: fields)
            return ActivityRules.counts(head, kind: .jupyter, isEmbedded: isEmbedded)
        }
        for site in ["same-site", "cross-site"] {
            #expect(!counts("iframe", site) && !counts("object", site))
            #expect(counts("document", site) && counts("iframe", site, isEmbedded: true))
        }
        #expect(counts("iframe", "same-origin") && counts("document", "none"))
    }

    @Test("JupyterLab's saving of its layout never counts, although it is a PUT")
    func layout() {
        #expect(!counts("PUT", "/lab/api/workspaces/default?1700000000"))
        #expect(counts("PUT", "/lab/api/settings/@jupyterlab/apputils-extension:themes"))
        #expect(counts("PUT", "/lab/api/workspaces/default", .http))
    }

    @Test("RStudio's long polls never count, although they are POSTs")
    func longPolls() {
        #expect(!counts("POST", "/events/get_events", .rstudio))
        #expect(!counts("POST", "/s/abc/events/get_events?x=1", .rstudio))
        #expect(counts("POST", "/events/get_events", .http))
        #expect(counts("POST", "/rpc/get_events_x", .rstudio))
    }

    @Test("a WebSocket counts by its data frames with something in them, however they are cut")
    func frames() {
        func frame(_ opcode: WebSocketFrame.Opcode, _ payload: [UInt8]) -> [UInt8] {
            var bytes: [UInt8] = []
            WebSocketFrame.encode(opcode, payload: payload, mask: 0x0102_0304, into: &bytes)
            return bytes
        }
        let silent = frame(.ping, [1]) + frame(.pong, []) + frame(.text, []) + frame(.close, [3, 233])
        for cut in 0...silent.count {
            var meter = ClientFrameMeter()
            let sawFirst = silent[..<cut].withUnsafeBytes { meter.sees($0, at: now) }
            let sawSecond = silent[cut...].withUnsafeBytes { meter.sees($0, at: now) }
            #expect(!sawFirst && !sawSecond)
        }
        var meter = ClientFrameMeter()
        let data = frame(.ping, [1]) + frame(.binary, Array(repeating: 7, count: 300))
        // It is classified when as many of its bytes have arrived as the rules read.
        let seen = [data[..<10], data[10..<50], data[50..<90], data[90...]].map { piece in
            piece.withUnsafeBytes { meter.sees($0, at: now) }
        }
        #expect(seen == [false, false, true, false])
        #expect(frame(.text, [97]).withUnsafeBytes { meter.sees($0, at: now) })
    }

    @Test("bytes that are no frames count for nothing from there on")
    func noFrames() {
        var meter = ClientFrameMeter()
        #expect(![0x83, 0x00].map { UInt8($0) }.withUnsafeBytes { meter.sees($0, at: now) })
        var data: [UInt8] = []
        WebSocketFrame.encode(.text, payload: [1], mask: nil, into: &data)
        #expect(!data.withUnsafeBytes { meter.sees($0, at: now) })
    }
}
