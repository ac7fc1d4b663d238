import Dispatch
import Foundation
import Programs
import Synchronization

/// Starts processes that must not outlive the tests, however these end: by a crash, the time limit, a kill -9.
///
/// The kernel kills such a process when the *thread* that started it ends. Swift's own threads come and go; this one
/// exists as long as the tests run.
final class Tether: Sendable {
    static let shared = Tether()

    private let jobs = Mutex<[@Sendable () -> Void]>([])
    private let wakeup = DispatchSemaphore(value: 0)

    private init() {
        Thread.detachNewThread { [self] in
            while true {
                wakeup.wait()
                jobs.withLock { $0.isEmpty ? nil : $0.removeFirst() }?()
            }
        }
    }

    /// Starts the program; the caller owns the process and must wait for it. Blocks briefly.
    func spawn(_ arguments: [String], output: String) throws -> pid_t {
        let result = Mutex<Result<pid_t, any Error>?>(nil)
        let done = DispatchSemaphore(value: 0)
        jobs.withLock { jobs in
            jobs.append {
                let command = Command(["setpriv", "--pdeathsig", "KILL"] + arguments)
                let started = Result { try command.spawn(output: output, error: output, append: true) }
                result.withLock { $0 = started }
                done.signal()
            }
        }
        wakeup.signal()
        done.wait()
        guard let result = result.withLock({ $0 }) else { throw FleetError("nothing was started") }
        return try result.get()
    }
}
