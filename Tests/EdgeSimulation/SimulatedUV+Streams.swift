import CLibUV
import Glibc

// The streams of `SimulatedUV`.

private func library<Function>(_ name: String, as type: Function.Type) -> Function {
    guard let symbol = dlsym(UnsafeMutableRawPointer(bitPattern: -1), name) else {
        preconditionFailure("libuv has no \(name)")
    }
    return unsafeBitCast(symbol, to: type)
}

private func socket(_ handle: StreamPointer) -> SimulatedSocket? {
    guard let kernel = SimulatedKernel.of(handle.pointee.loop) else { return nil }
    let generic = UnsafeMutableRawPointer(handle).assumingMemoryBound(to: uv_handle_t.self)
    guard let socket = kernel.socket(generic) else { preconditionFailure("a stream that the kernel does not know") }
    return socket
}

private func stream<Kind>(_ handle: UnsafeMutablePointer<Kind>) -> StreamPointer {
    UnsafeMutableRawPointer(handle).assumingMemoryBound(to: uv_stream_t.self)
}

private let tcpInit = library(
    "uv_tcp_init", as: (@convention(c) (LoopPointer, UnsafeMutablePointer<uv_tcp_t>) -> Int32).self)
@_cdecl("uv_tcp_init") func simulatedTCPInit(_ loop: LoopPointer, _ handle: UnsafeMutablePointer<uv_tcp_t>) -> Int32 {
    guard let kernel = SimulatedKernel.of(loop) else { return tcpInit(loop, handle) }
    handle.pointee.loop = loop
    kernel.add(stream(handle))
    return 0
}

private let tcpNoDelay = library(
    "uv_tcp_nodelay", as: (@convention(c) (UnsafeMutablePointer<uv_tcp_t>, Int32) -> Int32).self)
@_cdecl("uv_tcp_nodelay") func simulatedTCPNoDelay(_ handle: UnsafeMutablePointer<uv_tcp_t>, _ enable: Int32) -> Int32 {
    socket(stream(handle)) == nil ? tcpNoDelay(handle, enable) : 0
}

private let tcpKeepAlive = library(
    "uv_tcp_keepalive", as: (@convention(c) (UnsafeMutablePointer<uv_tcp_t>, Int32, UInt32) -> Int32).self)
@_cdecl("uv_tcp_keepalive") func simulatedTCPKeepAlive(
    _ handle: UnsafeMutablePointer<uv_tcp_t>, _ enable: Int32, _ delay: UInt32
) -> Int32 {
    socket(stream(handle)) == nil ? tcpKeepAlive(handle, enable, delay) : 0
}

private let tcpConnect = library(
    "uv_tcp_connect",
    as: (@convention(c) (
        UnsafeMutablePointer<uv_connect_t>, UnsafeMutablePointer<uv_tcp_t>, UnsafePointer<sockaddr>?, uv_connect_cb?
    ) -> Int32).self)
@_cdecl("uv_tcp_connect") func simulatedTCPConnect(
    _ request: UnsafeMutablePointer<uv_connect_t>, _ handle: UnsafeMutablePointer<uv_tcp_t>,
    _ address: UnsafePointer<sockaddr>?, _ callback: uv_connect_cb?
) -> Int32 {
    guard let socket = socket(stream(handle)) else { return tcpConnect(request, handle, address, callback) }
    request.pointee.handle = stream(handle)
    guard let address, address.pointee.sa_family == sa_family_t(AF_INET) else {
        preconditionFailure("an upstream without an IPv4 address")
    }
    let port = address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { UInt16(bigEndian: $0.pointee.sin_port) }
    socket.connect(to: Int(port)) { callback?(request, $0) }
    return 0
}

private let readStart = library(
    "uv_read_start", as: (@convention(c) (StreamPointer, uv_alloc_cb?, uv_read_cb?) -> Int32).self)
@_cdecl("uv_read_start") func simulatedReadStart(
    _ handle: StreamPointer, _ allocate: uv_alloc_cb?, _ callback: uv_read_cb?
) -> Int32 {
    guard let socket = socket(handle) else { return readStart(handle, allocate, callback) }
    if socket.isClosing { return UV_EINVAL.rawValue }
    socket.onReadable = {
        var buffer = uv_buf_t()
        allocate?(socket.handle, 64 * 1024, &buffer)
        precondition(buffer.len == 0, "the event loop reads by itself")
        withUnsafePointer(to: &buffer) { callback?(handle, Int(UV_ENOBUFS.rawValue), $0) }
    }
    return 0
}

private let readStop = library("uv_read_stop", as: (@convention(c) (StreamPointer) -> Int32).self)
@_cdecl("uv_read_stop") func simulatedReadStop(_ handle: StreamPointer) -> Int32 {
    guard let socket = socket(handle) else { return readStop(handle) }
    socket.onReadable = nil
    return 0
}

private let tryWrite = library(
    "uv_try_write", as: (@convention(c) (StreamPointer, UnsafePointer<uv_buf_t>, UInt32) -> Int32).self)
@_cdecl("uv_try_write") func simulatedTryWrite(
    _ handle: StreamPointer, _ buffers: UnsafePointer<uv_buf_t>, _ count: UInt32
) -> Int32 {
    guard let socket = socket(handle) else { return tryWrite(handle, buffers, count) }
    var bytes: [UInt8] = []
    for index in 0..<Int(count) where buffers[index].len > 0 {
        bytes += UnsafeRawBufferPointer(start: buffers[index].base, count: buffers[index].len)
    }
    return socket.tryWrite(bytes[...])
}

private let write = library(
    "uv_write",
    as: (@convention(c) (
        UnsafeMutablePointer<uv_write_t>, StreamPointer, UnsafePointer<uv_buf_t>, UInt32, uv_write_cb?
    ) -> Int32).self)
@_cdecl("uv_write") func simulatedWrite(
    _ request: UnsafeMutablePointer<uv_write_t>, _ handle: StreamPointer, _ buffers: UnsafePointer<uv_buf_t>,
    _ count: UInt32, _ callback: uv_write_cb?
) -> Int32 {
    guard let socket = socket(handle) else { return write(request, handle, buffers, count, callback) }
    precondition(count == 1, "the event loop writes one buffer at a time")
    request.pointee.handle = handle
    let bytes = UnsafeRawBufferPointer(start: buffers[0].base, count: buffers[0].len)
    // Not copied, because libuv does not copy either: a change by the loop to these bytes meanwhile would show.
    socket.write(bytes) { callback?(request, $0) }
    return 0
}

private let queueSize = library(
    "uv_stream_get_write_queue_size", as: (@convention(c) (StreamPointer) -> Int).self)
@_cdecl("uv_stream_get_write_queue_size") func simulatedQueueSize(_ handle: StreamPointer) -> Int {
    socket(handle)?.queuedBytes ?? queueSize(handle)
}

private let shutdown = library(
    "uv_shutdown",
    as: (@convention(c) (UnsafeMutablePointer<uv_shutdown_t>, StreamPointer, uv_shutdown_cb?) -> Int32).self)
@_cdecl("uv_shutdown") func simulatedShutdown(
    _ request: UnsafeMutablePointer<uv_shutdown_t>, _ handle: StreamPointer, _ callback: uv_shutdown_cb?
) -> Int32 {
    guard let socket = socket(handle) else { return shutdown(request, handle, callback) }
    request.pointee.handle = handle
    return socket.shutDown { callback?(request, $0) }
}

// MARK: System calls of the loop

private let fileno = library(
    "uv_fileno", as: (@convention(c) (HandlePointer, UnsafeMutablePointer<uv_os_fd_t>) -> Int32).self)
@_cdecl("uv_fileno") func simulatedFileno(
    _ handle: HandlePointer, _ descriptor: UnsafeMutablePointer<uv_os_fd_t>
) -> Int32 {
    guard let kernel = SimulatedKernel.of(handle.pointee.loop) else { return fileno(handle, descriptor) }
    guard let socket = kernel.socket(handle) else { return UV_EINVAL.rawValue }
    descriptor.pointee = socket.descriptor
    return 0
}

private let systemReceive = library(
    "recv", as: (@convention(c) (Int32, UnsafeMutableRawPointer?, Int, Int32) -> Int).self)
@_cdecl("recv") func simulatedReceive(
    _ descriptor: Int32, _ room: UnsafeMutableRawPointer?, _ count: Int, _ flags: Int32
) -> Int {
    guard let socket = SimulatedKernel.socket(descriptor) else { return systemReceive(descriptor, room, count, flags) }
    return result(socket.take(into: UnsafeMutableRawBufferPointer(start: room, count: count)))
}

private let systemSend = library("send", as: (@convention(c) (Int32, UnsafeRawPointer?, Int, Int32) -> Int).self)
@_cdecl("send") func simulatedSend(
    _ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int, _ flags: Int32
) -> Int {
    guard let socket = SimulatedKernel.socket(descriptor) else { return systemSend(descriptor, bytes, count, flags) }
    return result(Int(socket.tryWrite([UInt8](UnsafeRawBufferPointer(start: bytes, count: count))[...])))
}

/// Converts a negative libuv status to the system's convention, -1 and errno.
private func result(_ status: Int) -> Int {
    if status >= 0 { return status }
    errno = Int32(-status)
    return -1
}
