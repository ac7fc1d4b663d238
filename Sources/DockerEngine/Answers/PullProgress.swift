/// The progress of a pull, from what the engine has reported so far (`ImageCreate`).
public struct PullProgress: Hashable, Sendable {
    private struct Layer: Hashable, Sendable {
        var current: Int64 = 0
        var total: Int64 = 0
        var isDone = false
    }

    private var byID: [String: Layer] = [:]
    /// The engine's latest status of the whole pull.
    public private(set) var status = ""

    public init() {}

    public var layers: Int { byID.count }
    public var layersDone: Int { byID.values.count { $0.isDone } }
    /// Bytes downloaded of the layers whose size is known.
    public var bytes: Int64 { byID.values.reduce(0) { $0 + $1.current } }
    public var totalBytes: Int64 { byID.values.reduce(0) { $0 + $1.total } }

    /// - Throws: `.notFound` or `.refused`, with the engine's message, for the line that ends a failed pull.
    mutating func take(_ line: PullBody) throws(EngineError) {
        if let error = line.error {
            throw EngineError(code: .refused(status: 200), message: error)
        }
        guard let status = line.status else { return }
        guard let id = line.id, byID[id] != nil || byID.count < EngineLimits.pullLayers else {
            self.status = status
            return
        }
        var layer = byID[id] ?? Layer()
        switch status {
        case "Pulling fs layer", "Waiting":
            break
        case "Downloading":
            layer.current = max(layer.current, line.progressDetail?.current ?? 0)
            layer.total = max(layer.total, line.progressDetail?.total ?? 0)
        case "Download complete", "Verifying Checksum", "Extracting":
            layer.current = layer.total
        case "Pull complete", "Already exists":
            layer.current = layer.total
            layer.isDone = true
        default:
            // Such as `Pulling from library/python`, whose `id` is the tag.
            self.status = status
            return
        }
        byID[id] = layer
    }
}
