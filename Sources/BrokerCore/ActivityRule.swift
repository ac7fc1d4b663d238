/// One row of the table of what keeps a lab alive and what does not.
public struct ActivityRule: Hashable, Sendable, Codable {
    /// Who notices.
    public enum Witness: String, Hashable, Sendable, Codable, CaseIterable {
        /// The edge, in everything that passes through it.
        case edge
        /// The lab, when it is asked because it looks idle.
        case lab
        /// The portal.
        case portal
    }

    public var what: String
    public var counts: Bool
    public var witness: Witness
    /// A request line that is an instance, where there is one.
    public var example: String?

    /// The table for a kind of lab. What the edge does is in its own rules; a test holds every example against them.
    ///
    /// JupyterLab's `/api/status` is not asked: its `last_activity` moves with the polls of an open tab.
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
                ]
            case .rstudio:
                [
                    edge(true, "a file download", "GET /export/data.csv"),
                    edge(false, "the long poll of an open tab", "POST /events/get_events"),
                ]
            case .http:
                [edge(false, "a page's own reading in the background", "GET /data.json")]
            }
        return common + own + [edge(false, "an open tab, a WebSocket's pings, and whatever the lab sends by itself")]
    }

    private static let common = [
        edge(true, "a page that is opened or reloaded", "GET /"),
        edge(true, "a request that changes something: a run, a save, an upload", "POST /api/contents"),
        edge(true, "data that the browser sends through a WebSocket: a cell that is run, a keystroke in a terminal"),
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
