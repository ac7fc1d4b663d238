import CLibUV
import Glibc

// libuv as the loops of this test program see it. The functions below precede the library's in the program's symbol
// table, so every loop calls these; calls for a loop that a `SimulatedKernel` serves are handled here, all others are
// passed to the library. Each function implements the part of libuv's documented behaviour that `EventLoop` uses.

typealias LoopPointer = UnsafeMutablePointer<uv_loop_t>
typealias HandlePointer = UnsafeMutablePointer<uv_handle_t>
typealias StreamPointer = UnsafeMutablePointer<uv_stream_t>

/// The library's own function of that name.
private func library<Function>(_ name: String, as type: Function.Type) -> Function {
    // RTLD_NEXT, a macro with a cast, which Swift does not import.
    guard let symbol = dlsym(UnsafeMutableRawPointer(bitPattern: -1), name) else {
        preconditionFailure("libuv has no \(name)")
    }
    return unsafeBitCast(symbol, to: type)
}

// MARK: Loops

private let loopInit = library("uv_loop_init", as: (@convention(c) (LoopPointer) -> Int32).self)
@_cdecl("uv_loop_init") func simulatedLoopInit(_ loop: LoopPointer) -> Int32 {
    guard let kernel = SimulatedKernel.takeNext() else { return loopInit(loop) }
    kernel.takeOver(loop)
    return 0
}

private let loopClose = library("uv_loop_close", as: (@convention(c) (LoopPointer) -> Int32).self)
@_cdecl("uv_loop_close") func simulatedLoopClose(_ loop: LoopPointer) -> Int32 {
    guard let kernel = SimulatedKernel.of(loop) else { return loopClose(loop) }
    kernel.letGo(of: loop)
    return 0
}

private let loopAlive = library("uv_loop_alive", as: (@convention(c) (LoopPointer) -> Int32).self)
@_cdecl("uv_loop_alive") func simulatedLoopAlive(_ loop: LoopPointer) -> Int32 {
    guard let kernel = SimulatedKernel.of(loop) else { return loopAlive(loop) }
    return kernel.isAlive ? 1 : 0
}

private let run = library("uv_run", as: (@convention(c) (LoopPointer, UInt32) -> Int32).self)
@_cdecl("uv_run") func simulatedRun(_ loop: LoopPointer, _ mode: UInt32) -> Int32 {
    guard let kernel = SimulatedKernel.of(loop) else { return run(loop, mode) }
    kernel.run()
    return 0
}

private let stop = library("uv_stop", as: (@convention(c) (LoopPointer) -> Void).self)
@_cdecl("uv_stop") func simulatedStop(_ loop: LoopPointer) {
    guard let kernel = SimulatedKernel.of(loop) else { return stop(loop) }
    kernel.isStopAsked = true
}

private let now = library("uv_now", as: (@convention(c) (LoopPointer) -> UInt64).self)
@_cdecl("uv_now") func simulatedNow(_ loop: LoopPointer) -> UInt64 {
    SimulatedKernel.of(loop)?.now ?? now(loop)
}

private let updateTime = library("uv_update_time", as: (@convention(c) (LoopPointer) -> Void).self)
@_cdecl("uv_update_time") func simulatedUpdateTime(_ loop: LoopPointer) {
    if SimulatedKernel.of(loop) == nil { updateTime(loop) }
}

private let walk = library(
    "uv_walk", as: (@convention(c) (LoopPointer, uv_walk_cb?, UnsafeMutableRawPointer?) -> Void).self)
@_cdecl("uv_walk") func simulatedWalk(
    _ loop: LoopPointer, _ callback: uv_walk_cb?, _ argument: UnsafeMutableRawPointer?
) {
    guard let kernel = SimulatedKernel.of(loop) else { return walk(loop, callback, argument) }
    for socket in kernel.sockets { callback?(socket.handle, argument) }
}

// MARK: Handles of the loop itself

private let asyncInit = library(
    "uv_async_init", as: (@convention(c) (LoopPointer, UnsafeMutablePointer<uv_async_t>, uv_async_cb?) -> Int32).self)
@_cdecl("uv_async_init") func simulatedAsyncInit(
    _ loop: LoopPointer, _ handle: UnsafeMutablePointer<uv_async_t>, _ callback: uv_async_cb?
) -> Int32 {
    guard let kernel = SimulatedKernel.of(loop) else { return asyncInit(loop, handle, callback) }
    handle.pointee.loop = loop
    kernel.mailbox = { callback?(handle) }
    kernel.mailboxHandle = UnsafeMutableRawPointer(handle).assumingMemoryBound(to: uv_handle_t.self)
    return 0
}

private let asyncSend = library("uv_async_send", as: (@convention(c) (UnsafeMutablePointer<uv_async_t>) -> Int32).self)
@_cdecl("uv_async_send") func simulatedAsyncSend(_ handle: UnsafeMutablePointer<uv_async_t>) -> Int32 {
    guard let kernel = SimulatedKernel.of(handle.pointee.loop) else { return asyncSend(handle) }
    kernel.wake()
    return 0
}

private let timerInit = library(
    "uv_timer_init", as: (@convention(c) (LoopPointer, UnsafeMutablePointer<uv_timer_t>) -> Int32).self)
@_cdecl("uv_timer_init") func simulatedTimerInit(_ loop: LoopPointer, _ handle: UnsafeMutablePointer<uv_timer_t>)
    -> Int32
{
    guard SimulatedKernel.of(loop) != nil else { return timerInit(loop, handle) }
    handle.pointee.loop = loop
    return 0
}

private let timerStart = library(
    "uv_timer_start",
    as: (@convention(c) (UnsafeMutablePointer<uv_timer_t>, uv_timer_cb?, UInt64, UInt64) -> Int32).self)
@_cdecl("uv_timer_start") func simulatedTimerStart(
    _ handle: UnsafeMutablePointer<uv_timer_t>, _ callback: uv_timer_cb?, _ timeout: UInt64, _ interval: UInt64
) -> Int32 {
    guard let kernel = SimulatedKernel.of(handle.pointee.loop) else {
        return timerStart(handle, callback, timeout, interval)
    }
    kernel.timer = (kernel.now + timeout, { callback?(handle) })
    return 0
}

private let prepareInit = library(
    "uv_prepare_init", as: (@convention(c) (LoopPointer, UnsafeMutablePointer<uv_prepare_t>) -> Int32).self)
@_cdecl("uv_prepare_init") func simulatedPrepareInit(
    _ loop: LoopPointer, _ handle: UnsafeMutablePointer<uv_prepare_t>
) -> Int32 {
    guard SimulatedKernel.of(loop) != nil else { return prepareInit(loop, handle) }
    handle.pointee.loop = loop
    return 0
}

private let prepareStart = library(
    "uv_prepare_start", as: (@convention(c) (UnsafeMutablePointer<uv_prepare_t>, uv_prepare_cb?) -> Int32).self)
@_cdecl("uv_prepare_start") func simulatedPrepareStart(
    _ handle: UnsafeMutablePointer<uv_prepare_t>, _ callback: uv_prepare_cb?
) -> Int32 {
    guard let kernel = SimulatedKernel.of(handle.pointee.loop) else { return prepareStart(handle, callback) }
    kernel.beforeWaiting = { callback?(handle) }
    return 0
}

private let checkInit = library(
    "uv_check_init", as: (@convention(c) (LoopPointer, UnsafeMutablePointer<uv_check_t>) -> Int32).self)
@_cdecl("uv_check_init") func simulatedCheckInit(_ loop: LoopPointer, _ handle: UnsafeMutablePointer<uv_check_t>)
    -> Int32
{
    guard SimulatedKernel.of(loop) != nil else { return checkInit(loop, handle) }
    handle.pointee.loop = loop
    return 0
}

private let checkStart = library(
    "uv_check_start", as: (@convention(c) (UnsafeMutablePointer<uv_check_t>, uv_check_cb?) -> Int32).self)
@_cdecl("uv_check_start") func simulatedCheckStart(
    _ handle: UnsafeMutablePointer<uv_check_t>, _ callback: uv_check_cb?
) -> Int32 {
    guard let kernel = SimulatedKernel.of(handle.pointee.loop) else { return checkStart(handle, callback) }
    kernel.afterWaiting = { callback?(handle) }
    return 0
}

private let unref = library("uv_unref", as: (@convention(c) (HandlePointer) -> Void).self)
@_cdecl("uv_unref") func simulatedUnref(_ handle: HandlePointer) {
    guard let kernel = SimulatedKernel.of(handle.pointee.loop) else { return unref(handle) }
    kernel.doNotWait(for: handle)
}

private let close = library("uv_close", as: (@convention(c) (HandlePointer, uv_close_cb?) -> Void).self)
@_cdecl("uv_close") func simulatedClose(_ handle: HandlePointer, _ callback: uv_close_cb?) {
    guard let kernel = SimulatedKernel.of(handle.pointee.loop) else { return close(handle, callback) }
    kernel.close(handle) { callback?(handle) }
}

private let isClosing = library("uv_is_closing", as: (@convention(c) (HandlePointer) -> Int32).self)
@_cdecl("uv_is_closing") func simulatedIsClosing(_ handle: HandlePointer) -> Int32 {
    guard let kernel = SimulatedKernel.of(handle.pointee.loop) else { return isClosing(handle) }
    return kernel.socket(handle)?.isClosing == false ? 0 : 1
}
