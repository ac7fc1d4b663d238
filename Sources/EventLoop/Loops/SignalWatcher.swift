import CLibUV

/// Calls its handler on the loop for each delivery of a signal. Confined to its loop's thread.
///
/// Ownership: the handle is allocated here and freed in its close callback; until then it retains this object.
public final class SignalWatcher {
    private let loop: Loop
    private let handle = UnsafeMutablePointer<uv_signal_t>.allocate(capacity: 1)
    private var handler: (() -> Void)?

    /// Starts to watch the signal, which replaces its default action.
    /// - Throws: EINVAL for a signal that cannot be watched (SIGKILL).
    public init(on loop: Loop, signal: Int32, handler: @escaping () -> Void) throws(StreamError) {
        loop.preconditionCurrent()
        self.loop = loop
        self.handler = handler
        handle.initialize(to: uv_signal_t())
        uv_signal_init(loop.uv, handle)
        let onSignal: uv_signal_cb = { handle, _ in
            Unmanaged<SignalWatcher>.fromOpaque(handle!.pointee.data).takeUnretainedValue().handler?()
        }
        let status = uv_signal_start(handle, onSignal, signal)
        guard status == 0 else {
            uv_close(Loop.handle(handle)) { UnsafeMutableRawPointer($0!).deallocate() }
            throw StreamError(code: status, operation: "watch signal \(signal)")
        }
        handle.pointee.data = Unmanaged.passRetained(self).toOpaque()
    }

    /// Restores the signal's default action. Idempotent.
    public func close() {
        assert(loop.isCurrent)
        guard handler != nil else { return }
        handler = nil
        uv_close(Loop.handle(handle)) { handle in
            let watcher = Unmanaged<SignalWatcher>.fromOpaque(handle!.pointee.data).takeRetainedValue()
            watcher.handle.deallocate()
        }
    }
}

extension SignalWatcher: HandleOwner {
    func closeAtLoopEnd() { close() }
}
