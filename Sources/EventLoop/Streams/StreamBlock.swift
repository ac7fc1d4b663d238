import CLibUV

/// The C side of a stream at one stable address: its libuv handle, in as many bytes as its kind needs. Allocated by
/// ``make(_:on:)``, and freed in the close callback of the handle by its current owner.
struct StreamBlock {
    enum Kind {
        case tcp, pipe
    }

    /// The common prefix of every handle.
    private var common: uv_handle_t

    typealias Pointer = UnsafeMutablePointer<StreamBlock>

    /// Allocates a block and initialises its handle on the loop. `uv_tcp_init` and `uv_pipe_init` cannot fail.
    static func make(_ kind: Kind, on loop: Loop) -> Pointer {
        let size = kind == .tcp ? MemoryLayout<uv_tcp_t>.size : MemoryLayout<uv_pipe_t>.size
        let raw = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: MemoryLayout<uv_tcp_t>.alignment)
        raw.initializeMemory(as: UInt8.self, repeating: 0, count: size)
        let block = raw.assumingMemoryBound(to: StreamBlock.self)
        switch kind {
        case .tcp: uv_tcp_init(loop.uv, tcp(block))
        case .pipe: uv_pipe_init(loop.uv, pipe(block), 0)
        }
        return block
    }

    /// Closes a handle without an owner and frees its block.
    static func discard(_ block: Pointer) {
        uv_close(handle(block)) { handle in
            UnsafeMutableRawPointer(handle!).deallocate()
        }
    }

    static func handle(_ block: Pointer) -> UnsafeMutablePointer<uv_handle_t> { start(block) }
    static func stream(_ block: Pointer) -> UnsafeMutablePointer<uv_stream_t> { start(block) }
    static func tcp(_ block: Pointer) -> UnsafeMutablePointer<uv_tcp_t> { start(block) }
    static func pipe(_ block: Pointer) -> UnsafeMutablePointer<uv_pipe_t> { start(block) }

    private static func start<Handle>(_ block: Pointer) -> UnsafeMutablePointer<Handle> {
        UnsafeMutableRawPointer(block).assumingMemoryBound(to: Handle.self)
    }
}
