import Broker

/// What the portal answers on a lab's hostname while the edge has no lab to send the request to.
enum LabAnswer: Equatable {
    /// No session ever had the hostname.
    case unknown
    /// The browser has no key to the session.
    case forbidden
    /// The lab is on its way, or about to end: a page that follows it.
    case progress
    /// The lab is on its way; programs are told to come back.
    case comeBack
    /// The lab has ended: a page with *Start again*.
    case gone
    /// The lab is parked, or about to be: a visit brings it back.
    case resume
    /// The lab is parked. As after its end, programs must stop asking: a tab that nobody looks at brings nothing back.
    case parkedForPrograms
    /// The lab has ended. Programs must stop asking: 424, as JupyterHub answers, ends JupyterLab's polling.
    case goneForPrograms

    /// - Parameters:
    ///   - state: the session's, as in `SessionView.state`; none if there is no such session.
    ///   - hasKey: whether the request bears a cookie that opens the session.
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
