import EventLoop
import HTTPTransport
import HTTPWire

/// What is recorded of an exchange for the metrics and the access log.
struct ExchangeRecord {
    var isOpen = false
    var answerer = EdgeMetrics.Answerer.edge
    var version = HTTPVersion.http11
    var began = MonotonicTime(nanoseconds: 0)
    /// 0 until the response begins.
    var status = 0
    /// Bytes of the bodies, or of both directions of the tunnel.
    var receivedBytes = 0
    var sentBytes = 0
    var usedUpstream: Bool?
    /// Method, host and path, formatted for the access log; empty without one. The buffer is reused for the next
    /// request.
    var request: [UInt8] = []
}

// The events of an exchange that are counted and logged.
extension EdgeExchange {
    func recordRequest(_ head: RequestHead) {
        record.isOpen = true
        record.answerer = .edge
        record.version = head.version
        home.metrics.countRequest(head.version)
        record.began = .current()
        record.status = 0
        record.receivedBytes = 0
        record.sentBytes = 0
        record.usedUpstream = nil
        if home.log != nil { AccessLine.request(head, into: &record.request) }
    }

    /// The head of the response is being sent.
    func recordResponse(_ status: Int) {
        guard record.isOpen, record.status == 0 else { return }
        record.status = status
        let waited = MonotonicTime.current().nanoseconds - record.began.nanoseconds
        home.metrics.countResponse(status, by: record.answerer, nanoseconds: waited)
    }

    /// The response is complete, or the exchange ended without it.
    func recordEnd(isCut: Bool = false) {
        guard record.isOpen else { return }
        record.isOpen = false
        home.log?.add(record, client: client, isCut: isCut)
    }

    func recordFault(_ fault: ServerFault) {
        home.metrics.count(EdgeMetrics.Failure(fault))
        if record.isOpen {
            recordResponse(fault.status)
            recordEnd(isCut: true)
        } else {
            record = ExchangeRecord(began: .current(), status: fault.status, request: record.request)
            record.request.removeAll(keepingCapacity: true)
            home.metrics.countResponse(fault.status, by: .edge, nanoseconds: 0)
            home.log?.add(record, client: client, isCut: false)
        }
    }

    func recordClose() {
        if record.isOpen, record.status == 0 { home.metrics.count(.left) }
        // A WebSocket's record ends with its connection, however that ends.
        recordEnd(isCut: record.status != 101)
    }
}
