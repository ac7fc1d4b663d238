import COpenSSL

/// The two ciphertext directions between an `SSL` and its owner, which OpenSSL sees as a `BIO`.
///
/// Lives at a stable pointer that `TLSConnection` allocates. The `BIO` holds that pointer as its data; it is freed
/// after `SSL_free`, which frees the `BIO`. Only the connection's owner thread touches it. Buffers are allocated when
/// bytes arrive and freed when a direction is drained: an idle connection holds no buffer.
struct CiphertextBuffers {
    var incoming = ByteQueue()
    var outgoing = ByteQueue()
    /// The transport has ended: an empty `incoming` means end of file, not "would block".
    var hasEnded = false

    /// One method table for the process, never freed. Immutable once created.
    nonisolated(unsafe) private static let method: OpaquePointer = {
        guard let method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "carrel ciphertext") else {
            fatalError("out of memory")
        }
        BIO_meth_set_write(method) { bio, bytes, count in
            guard let buffers = CiphertextBuffers.of(bio), let bytes, count > 0 else { return 0 }
            carrel_BIO_clear_retry_flags(bio)
            buffers.pointee.outgoing.append(UnsafeRawBufferPointer(start: bytes, count: Int(count)))
            return count
        }
        BIO_meth_set_read(method) { bio, bytes, count in
            guard let buffers = CiphertextBuffers.of(bio), let bytes, count > 0 else { return 0 }
            carrel_BIO_clear_retry_flags(bio)
            let room = UnsafeMutableRawBufferPointer(start: bytes, count: Int(count))
            let taken = buffers.pointee.incoming.take(into: room)
            if taken > 0 { return Int32(taken) }
            if buffers.pointee.hasEnded { return 0 }
            carrel_BIO_set_retry_read(bio)
            return -1
        }
        BIO_meth_set_ctrl(method) { bio, command, _, _ in
            switch command {
            case BIO_CTRL_FLUSH: return 1
            case BIO_CTRL_EOF:
                guard let buffers = CiphertextBuffers.of(bio) else { return 1 }
                return buffers.pointee.hasEnded && buffers.pointee.incoming.isEmpty ? 1 : 0
            default: return 0
            }
        }
        return method
    }()

    /// A `BIO` over `buffers`; the caller passes it to an `SSL`, which then owns it.
    static func makeBIO(over buffers: UnsafeMutablePointer<CiphertextBuffers>) -> OpaquePointer {
        guard let bio = BIO_new(method) else { fatalError("out of memory") }
        BIO_set_data(bio, buffers)
        BIO_set_init(bio, 1)
        return bio
    }

    private static func of(_ bio: OpaquePointer?) -> UnsafeMutablePointer<CiphertextBuffers>? {
        BIO_get_data(bio)?.assumingMemoryBound(to: CiphertextBuffers.self)
    }
}

/// A byte queue: bytes are appended at the end and taken from the front. Owns its buffer; `deallocate()` frees it.
struct ByteQueue {
    private static let smallestRoom = 2048

    /// The pool that buffers come from and return to; without it each one is allocated and freed.
    var rooms: TLSRooms?
    /// Borrowed bytes that follow the queue's own, for the duration of one call.
    private var lent = UnsafeRawBufferPointer(start: nil, count: 0)
    private var room = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    private var start = 0
    private var end = 0

    var isEmpty: Bool { start == end && lent.isEmpty }
    private var count: Int { end - start }

    /// All queued bytes, contiguous; valid until the next call.
    var contents: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: room[start..<end]) }

    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard !bytes.isEmpty else { return }
        makeRoom(for: bytes.count)
        UnsafeMutableRawBufferPointer(rebasing: room[end..<end + bytes.count]).copyMemory(from: bytes)
        end += bytes.count
    }

    /// Uses the caller's bytes without copying them, until `keepLent()`.
    mutating func lend(_ bytes: UnsafeRawBufferPointer) {
        precondition(lent.isEmpty, "bytes were lent within the use of others")
        lent = bytes
    }

    /// Copies the borrowed bytes that were not consumed, and ends the borrowing.
    mutating func keepLent() {
        let rest = lent
        lent = UnsafeRawBufferPointer(start: nil, count: 0)
        append(rest)
    }

    mutating func take(into target: UnsafeMutableRawBufferPointer) -> Int {
        guard count > 0 else { return takeLent(into: target) }
        let taken = min(target.count, count)
        target.copyMemory(from: UnsafeRawBufferPointer(rebasing: room[start..<start + taken]))
        start += taken
        if start == end { deallocate() }
        return taken
    }

    private mutating func takeLent(into target: UnsafeMutableRawBufferPointer) -> Int {
        let taken = min(target.count, lent.count)
        guard taken > 0 else { return 0 }
        target.copyMemory(from: UnsafeRawBufferPointer(rebasing: lent[..<taken]))
        lent = UnsafeRawBufferPointer(rebasing: lent[taken...])
        return taken
    }

    mutating func deallocate() {
        giveBack()
        room = UnsafeMutableRawBufferPointer(start: nil, count: 0)
        start = 0
        end = 0
    }

    /// Reallocates the queued bytes into no more memory than they need.
    mutating func shrink() {
        guard count > 0, count < room.count else { return }
        let smaller = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 16)
        smaller.copyMemory(from: contents)
        giveBack()
        room = smaller
        (start, end) = (0, smaller.count)
    }

    private func giveBack() {
        if let rooms, room.count == TLSRooms.roomBytes { rooms.giveBack(room) } else { room.deallocate() }
    }

    private mutating func makeRoom(for added: Int) {
        guard room.count - end < added else { return }
        let needed = count + added
        if needed <= room.count / 2 {
            // Much was taken from the front, so the rest moves there.
            room.copyMemory(from: contents)
        } else {
            let larger = newRoom(for: needed)
            larger.copyMemory(from: contents)
            giveBack()
            room = larger
        }
        end -= start
        start = 0
    }

    private func newRoom(for needed: Int) -> UnsafeMutableRawBufferPointer {
        if let rooms, needed <= TLSRooms.roomBytes { return rooms.take() }
        return .allocate(byteCount: max(needed + needed / 2, Self.smallestRoom), alignment: 16)
    }
}
