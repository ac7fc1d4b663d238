import CLibUV
import Glibc

/// `sendmsg` and `recvmsg` with descriptors alongside the bytes. The caller keeps ownership of the sockets that it
/// sends; each received socket owns its descriptor.
enum DescriptorMessage {
    private static var controlBytes: Int {
        carrel_CMSG_SPACE(EventLoopLimits.messageSockets * MemoryLayout<Int32>.size)
    }

    /// - Returns: false if the socket's buffer is full (the peer has to read first).
    static func send(_ message: MessageSocket.Message, to descriptor: Int32) throws(StreamError) -> Bool {
        let sent = with(message.bytes.count) { header, bytes, control -> Int in
            bytes.copyBytes(from: message.bytes)
            if message.sockets.isEmpty {
                header.msg_control = nil
                header.msg_controllen = 0
            } else {
                let length = message.sockets.count * MemoryLayout<Int32>.size
                header.msg_controllen = carrel_CMSG_SPACE(length)
                let first = carrel_CMSG_FIRSTHDR(&header)!
                first.pointee.cmsg_level = SOL_SOCKET
                first.pointee.cmsg_type = Int32(SCM_RIGHTS)
                first.pointee.cmsg_len = carrel_CMSG_LEN(length)
                let room = UnsafeMutableRawPointer(carrel_CMSG_DATA(first)!)
                for (index, socket) in message.sockets.enumerated() {
                    room.storeBytes(
                        of: socket.descriptor, toByteOffset: index * MemoryLayout<Int32>.size, as: Int32.self)
                }
            }
            let count = sendmsg(descriptor, &header, Int32(MSG_NOSIGNAL))
            return count < 0 ? -Int(errno) : count
        }
        if sent >= 0 { return true }
        if sent == -Int(EAGAIN) || sent == -Int(EINTR) { return false }
        throw StreamError(code: Int32(sent), operation: "send a message to another process")
    }

    /// - Returns: `nil` if no message is available yet; a message without bytes at end of file.
    static func receive(from descriptor: Int32) throws(StreamError) -> MessageSocket.Message? {
        var message = MessageSocket.Message(bytes: [], sockets: [])
        var wasCut = false
        let received = with(EventLoopLimits.messageBytes) { header, bytes, control -> Int in
            let count = recvmsg(descriptor, &header, Int32(MSG_CMSG_CLOEXEC))
            guard count >= 0 else { return -Int(errno) }
            message.bytes = Array(bytes[..<count])
            message.sockets = sockets(in: &header)
            wasCut = header.msg_flags & Int32(MSG_TRUNC | MSG_CTRUNC) != 0
            return count
        }
        if received < 0 {
            if received == -Int(EAGAIN) || received == -Int(EINTR) { return nil }
            throw StreamError(code: Int32(received), operation: "receive a message of another process")
        }
        if wasCut {
            throw StreamError(UV_EMSGSIZE, "receive a message of another process")
        }
        return message
    }

    private static func sockets(in header: inout msghdr) -> [ListeningSocket] {
        var sockets: [ListeningSocket] = []
        var next = carrel_CMSG_FIRSTHDR(&header)
        while let part = next {
            if part.pointee.cmsg_level == SOL_SOCKET, part.pointee.cmsg_type == Int32(SCM_RIGHTS) {
                let room = UnsafeRawPointer(carrel_CMSG_DATA(part)!)
                let count = (Int(part.pointee.cmsg_len) - Int(carrel_CMSG_LEN(0))) / MemoryLayout<Int32>.size
                for index in 0..<count {
                    let descriptor = room.loadUnaligned(
                        fromByteOffset: index * MemoryLayout<Int32>.size, as: Int32.self)
                    if let socket = ListeningSocket(owning: descriptor) { sockets.append(socket) }
                }
            }
            next = carrel_CMSG_NXTHDR(&header, part)
        }
        return sockets
    }

    /// A message header with buffers for its bytes and for the maximum number of descriptors.
    private static func with(
        _ byteCount: Int, _ body: (inout msghdr, UnsafeMutableRawBufferPointer, UnsafeMutableRawBufferPointer) -> Int
    ) -> Int {
        withUnsafeTemporaryAllocation(byteCount: byteCount, alignment: 8) { bytes in
            withUnsafeTemporaryAllocation(byteCount: controlBytes, alignment: 8) { control in
                control.initializeMemory(as: UInt8.self, repeating: 0)
                var piece = iovec(iov_base: bytes.baseAddress, iov_len: bytes.count)
                return withUnsafeMutablePointer(to: &piece) { piece in
                    var header = msghdr()
                    header.msg_iov = piece
                    header.msg_iovlen = 1
                    header.msg_control = control.baseAddress
                    header.msg_controllen = control.count
                    return body(&header, bytes, control)
                }
            }
        }
    }
}
