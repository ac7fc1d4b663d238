/// Who may do what. There is one table, and everything that anybody asks for is decided by it.
public enum Permissions {
    /// Whether a principal may do this to this resource. Any thread.
    ///
    /// It never reaches from one portal into another, whatever the table says. Everything that the table does not grant
    /// is denied, and so is an operation on a kind of resource that its row does not name.
    public static func allows(_ principal: Principal, _ operation: Operation, _ resource: Resource) -> Bool {
        guard principal.scope == .all || principal.scope == resource.scope else { return false }
        if case .token(let token) = principal, !token.granted.contains(operation) { return false }
        let row = row(of: operation)
        return row.kinds.contains(resource.kind) && row.grants.contains { $0.reaches(principal, resource) }
    }

    // MARK: The table

    /// An operation on these kinds of resources is for these people. A role also stands for the greater ones.
    ///
    /// - `.own`: whose it is;
    /// - `.course(ROLE)`: who has this role in the course to which it belongs;
    /// - `.portal(.member)`: who has signed in to its portal, unless it is a course's or another person's;
    /// - `.portal(.administrator)`: an administrator of its portal;
    /// - `.everywhere`: an operator.
    private static func row(of operation: Operation) -> Row {
        switch operation {
        case .launchLab: Row(.lab, for: .course(.learner), .portal(.member), .everywhere)
        // Nobody but the owner: others look into it, which is written down.
        case .enterLab: Row(.session, for: .own)
        case .lookIntoLab: Row(.session, for: .course(.instructor), .portal(.administrator), .everywhere)
        case .seeLabs: Row(.lab, .portal, .broker, for: .portal(.administrator), .everywhere)
        case .prepullLab: Row(.lab, for: .everywhere)

        case .seeSession: Row(.session, for: .own, .course(.assistant), .portal(.administrator), .everywhere)
        case .listSessions:
            Row(.course, .portal, .broker, for: .course(.assistant), .portal(.administrator), .everywhere)
        case .explainSession: Row(.session, for: .everywhere)
        case .restartSession, .keepSession, .leaveQueue: Row(.session, for: .own, .everywhere)
        case .extendSession: Row(.session, for: .course(.assistant), .portal(.administrator), .everywhere)
        case .endSession: Row(.session, for: .own, .course(.instructor), .portal(.administrator), .everywhere)
        // An administrator could otherwise undo what an operator has announced.
        case .cancelEnd: Row(.session, for: .everywhere)
        case .parkSession: Row(.session, for: .portal(.administrator), .everywhere)

        case .seeReservations:
            Row(
                .reservation, .course, .portal, .broker,
                for: .course(.assistant), .portal(.administrator), .everywhere)
        case .seeAttendance: Row(.reservation, for: .course(.assistant), .portal(.administrator), .everywhere)
        case .reserveSeats: Row(.course, .portal, for: .course(.instructor), .portal(.administrator), .everywhere)
        case .changeReservation, .cancelReservation:
            Row(.reservation, for: .course(.instructor), .portal(.administrator), .everywhere)
        case .seeCapacity: Row(.lab, for: .everywhere)
        case .readFeed, .makeFeed, .revokeFeed: Row(.portal, for: .portal(.administrator), .everywhere)
        case .seeFeeds: Row(.portal, .broker, for: .portal(.administrator), .everywhere)

        case .seePools: Row(.pool, .portal, .broker, for: .portal(.administrator), .everywhere)
        case .changePool: Row(.pool, for: .everywhere)
        case .seeHosts, .addHost, .changeHost, .removeHost: Row(.host, for: .everywhere)
        case .cordonHost, .uncordonHost, .drainHost, .declareHostLost: Row(.host, for: .everywhere)
        case .seePortals: Row(.portal, .broker, for: .portal(.administrator), .everywhere)
        case .addPortal, .changePortal, .removePortal: Row(.portal, for: .everywhere)

        // Whoever makes such a link can be that learner.
        case .makeLearnerLink: Row(.person, for: .everywhere)
        case .makeInstructorLink: Row(.course, for: .portal(.administrator), .everywhere)
        case .signOut, .revokePerson: Row(.person, for: .own, .portal(.administrator), .everywhere)
        case .revokePortal: Row(.portal, for: .portal(.administrator), .everywhere)
        case .seeStatus, .readMetrics, .reload, .backup: Row(.broker, for: .everywhere)
        }
    }

    private struct Row {
        let kinds: [Resource.Kind]
        let grants: [Grant]

        init(_ kinds: Resource.Kind..., for grants: Grant...) {
            self.kinds = kinds
            self.grants = grants
        }
    }

    /// A relation between a principal and a resource, with the least role that it takes.
    private enum Grant {
        case own
        case course(CourseRole)
        case portal(PortalRole)
        case everywhere

        /// Whether the principal has this relation to a resource that is in its scope.
        func reaches(_ principal: Principal, _ resource: Resource) -> Bool {
            switch (self, principal) {
            case (.own, .person(let claims)): resource.owner == claims.person
            case (.course(let least), .person(let claims)):
                resource.course.flatMap(claims.role(in:)).map { $0 >= least } ?? false
            case (.portal(.member), .person(let claims)):
                claims.portalRole == .administrator || (resource.course == nil && resource.owner == nil)
            case (.portal(.administrator), .person(let claims)): claims.portalRole == .administrator
            // Their scope includes the resource, and with that, they have an administrator's rights to it.
            case (.portal, .token), (.portal, .localOperator): true
            case (.everywhere, .token(let token)): token.scope == .all
            case (.everywhere, .localOperator): true
            case (.own, .token), (.own, .localOperator), (.course, .token), (.course, .localOperator): false
            case (.everywhere, .person): false
            }
        }
    }
}
