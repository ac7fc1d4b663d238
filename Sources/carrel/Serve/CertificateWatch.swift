import EventLoop
import Foundation
import Logging
import TLS

/// Loads certificates whose files have changed, and logs a warning about those that expire soon.
@ControlLoop
final class CertificateWatch {
    private let certificates: CertificateStore
    private let log: Logger
    /// Checks whether the current contents of the files are usable.
    private let check: () throws -> Void
    private var changeTimer: LoopTimer?
    private var expiryTimer: LoopTimer?

    init(_ certificates: CertificateStore, log: Logger, check: @escaping () throws -> Void = {}) {
        self.certificates = certificates
        self.log = log
        self.check = check
    }

    /// Starts checking the files periodically, and the expiry once a day.
    func start() {
        watchFiles()
        warnEveryDay()
    }

    func stop() {
        changeTimer?.cancel()
        expiryTimer?.cancel()
    }

    func warnOfExpiry() {
        let days = ServeLimits.expiryWarningDays
        guard let text = Preflight.expiry(of: certificates, within: days) else { return }
        log.warning("\(text)")
    }

    private func watchFiles() {
        changeTimer = ControlLoop.loop.schedule(after: ServeLimits.certificateInterval) { [weak self] in
            ControlLoop.assumeIsolated {
                guard let self else { return }
                if self.certificates.takeChange() { self.reload() }
                self.watchFiles()
            }
        }
    }

    /// If the new files are invalid, the old certificates stay in use until the files change again.
    private func reload() {
        do {
            try check()
            try certificates.reload()
            log.info("certificates reloaded", metadata: ["days": "\(Preflight.daysLeft(of: certificates))"])
        } catch {
            log.error("the certificates have changed and cannot be used, so the old ones stay in force:\n\(error)")
        }
    }

    private func warnEveryDay() {
        expiryTimer = ControlLoop.loop.schedule(after: ServeLimits.expiryWarningInterval) { [weak self] in
            ControlLoop.assumeIsolated {
                self?.warnOfExpiry()
                self?.warnEveryDay()
            }
        }
    }
}
