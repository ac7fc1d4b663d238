/// One row of the table that says what counts as activity and what does not.
public struct ActivityRule: Hashable, Sendable, Codable {
    /// The component that observes the activity.
    public enum Witness: String, Hashable, Sendable, Codable, CaseIterable {
        /// The edge, in the traffic that it proxies.
        case edge
        /// The lab, when it is asked because it looks idle.
        case lab
        /// The portal.
        case portal
    }

    public var what: String
    public var counts: Bool
    public var witness: Witness
    /// An example, if there is one: a request line, or for a message that a browser sends through a WebSocket, the word
    /// `WebSocket`, its path, and the message as text or, prefixed with `0x`, as bytes.
    public var example: String?

    /// The table for a kind of lab. The edge implements its part in its own rules; a test checks them against every
    /// example.
    ///
    /// JupyterLab's `/api/status` is not polled: an open tab's own polling moves its `last_activity`.
    public static func table(for kind: LabKind) -> [ActivityRule] {
        let own: [ActivityRule] =
            switch kind {
            case .jupyter:
                [
                    edge(true, "a file download", "GET /files/data.csv"),
                    lab(true, "a kernel that is executing"),
                    lab(true, "the last moment at which a kernel did something"),
                    edge(false, "the polls of an open tab", "GET /api/kernels"),
                    edge(false, "JupyterLab's saving of its window's layout", "PUT /lab/api/workspaces/default"),
                    edge(
                        true, "a key that is pressed in a terminal", #"WebSocket /terminals/websocket/1 ["stdin","a"]"#),
                    edge(
                        false, "what JupyterLab asks of a kernel when it connects",
                        #"WebSocket /api/kernels/1/channels {"header":{"msg_type":"kernel_info_request"}}"#),
                    edge(false, "the size of a terminal", #"WebSocket /terminals/websocket/1 ["set_size",24,80]"#),
                    edge(
                        true, "an edit of a document that several people share",
                        "WebSocket /api/collaboration/room/1 0x0002"),
                    edge(false, "presence in such a document", "WebSocket /api/collaboration/room/1 0x0103"),
                ]
            case .rstudio:
                [
                    edge(true, "a file download", "GET /export/data.csv"),
                    edge(false, "the long poll of an open tab", "POST /events/get_events"),
                    edge(true, "a key that is pressed in a terminal", "WebSocket /p/1/ al"),
                    edge(false, "the keepalive of a terminal, every 10 s", "WebSocket /p/1/ b"),
                ]
            case .http:
                [
                    edge(false, "a page's own reading in the background", "GET /data.json"),
                    edge(false, "the heartbeat of Engine.IO and Socket.IO", "WebSocket /socket.io/ 3"),
                    edge(false, "the keepalive of VS Code", "WebSocket /stable 0x09000000000000000100000000"),
                    edge(false, "a message that calls itself a ping or a heartbeat", #"WebSocket / {"type":"ping"}"#),
                ]
            }
        return common + own + [
            edge(
                false,
                "what comes by a clock: a request, or a message through a WebSocket, again and again in equal intervals"
            ),
            edge(false, "an open tab, a WebSocket's own pings, and whatever the lab sends by itself"),
        ]
    }

    private static let common = [
        edge(true, "a page that is opened or reloaded", "GET /"),
        edge(true, "a request that changes something: a run, a save, an upload", "POST /api/contents"),
        edge(
            true, "a message that the browser sends through a WebSocket, such as a cell that is run",
            "WebSocket / hello"),
        ActivityRule(
            what: "Keep it, \(Limits.keepsInARow) times in a row at the most", counts: true, witness: .portal,
            example: "POST /.carrel/keep"),
    ]

    private static func edge(_ counts: Bool, _ what: String, _ example: String? = nil) -> ActivityRule {
        ActivityRule(what: what, counts: counts, witness: .edge, example: example)
    }

    private static func lab(_ counts: Bool, _ what: String) -> ActivityRule {
        ActivityRule(what: what, counts: counts, witness: .lab, example: nil)
    }
}
