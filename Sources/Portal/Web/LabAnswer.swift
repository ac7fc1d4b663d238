import Broker

/// What the portal answers on a lab's hostname while the edge has no upstream for it.
enum LabAnswer: Equatable {
    /// No session ever had the hostname.
    case unknown
    /// The browser has no key to the session.
    case forbidden
    /// The lab is starting, or about to end: a page that follows it.
    case progress
    /// The lab is starting; programs are told to retry.
    case comeBack
    /// The lab has ended: a page with *Start again*.
    case gone
    /// The lab is parked, or about to be: a visit resumes it.
    case resume
    /// The lab is parked. As after its end, programs must stop polling, because an unattended tab must not resume it.
    case parkedForPrograms
    /// The lab has ended. Programs must stop polling: 424, which JupyterHub also uses, stops JupyterLab's polling.
    case goneForPrograms

    /// - Parameters:
    ///   - state: the session's state, as in `SessionView.state`; `nil` if there is no such session.
    ///   - hasKey: whether the request has a cookie that opens the session.
    init(state: String?, hasKey: Bool, isNavigation: Bool) {
        switch (state, hasKey) {
        case (nil, _): self = .unknown
        case (_, false): self = .forbidden
        case ("ended", true), ("failed", true): self = isNavigation ? .gone : .goneForPrograms
        case ("ending", true): self = isNavigation ? .progress : .goneForPrograms
        case ("parking", true), ("parked", true): self = isNavigation ? .resume : .parkedForPrograms
        case (_, true): self = isNavigation ? .progress : .comeBack
        }
    }
}
