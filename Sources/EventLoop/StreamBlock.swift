import CLibUV

/// The C side of a stream at one stable address: the handle first, then the one write and the one shutdown that can be
/// under way. Made by ``make(_:on:)``, freed by whoever's close callback the handle reaches.
struct StreamBlock {
    enum Kind {
        case tcp, pipe
    }

    var anyHandle: uv_any_handle
    var writing: uv_write_t
    var ending: uv_shutdown_t

    typealias Pointer = UnsafeMutablePointer<StreamBlock>

    /// Allocates a block and initialises its handle on the loop. `uv_tcp_init` and `uv_pipe_init` cannot fail.
    static func make(_ kind: Kind, on loop: Loop) -> Pointer {
        let raw = UnsafeMutableRawPointer.allocate(
            byteCount: MemoryLayout<StreamBlock>.size, alignment: MemoryLayout<StreamBlock>.alignment)
        raw.initializeMemory(as: UInt8.self, repeating: 0, count: MemoryLayout<StreamBlock>.size)
        let block = raw.bindMemory(to: StreamBlock.self, capacity: 1)
        switch kind {
        case .tcp: uv_tcp_init(loop.uv, tcp(block))
        case .pipe: uv_pipe_init(loop.uv, pipe(block), 0)
        }
        return block
    }

    /// Closes a handle that has no owner and frees its block.
    static func discard(_ block: Pointer) {
        uv_close(handle(block)) { handle in
            UnsafeMutableRawPointer(handle!).deallocate()
        }
    }

    static func handle(_ block: Pointer) -> UnsafeMutablePointer<uv_handle_t> { start(block) }
    static func stream(_ block: Pointer) -> UnsafeMutablePointer<uv_stream_t> { start(block) }
    static func tcp(_ block: Pointer) -> UnsafeMutablePointer<uv_tcp_t> { start(block) }
    static func pipe(_ block: Pointer) -> UnsafeMutablePointer<uv_pipe_t> { start(block) }

    static func writing(_ block: Pointer) -> UnsafeMutablePointer<uv_write_t> {
        member(block, \.writing)
    }

    static func ending(_ block: Pointer) -> UnsafeMutablePointer<uv_shutdown_t> {
        member(block, \.ending)
    }

    private static func start<Handle>(_ block: Pointer) -> UnsafeMutablePointer<Handle> {
        UnsafeMutableRawPointer(block).assumingMemoryBound(to: Handle.self)
    }

    private static func member<Value>(
        _ block: Pointer, _ path: KeyPath<StreamBlock, Value>
    ) -> UnsafeMutablePointer<Value> {
        let offset = MemoryLayout<StreamBlock>.offset(of: path)!
        return (UnsafeMutableRawPointer(block) + offset).assumingMemoryBound(to: Value.self)
    }
}
