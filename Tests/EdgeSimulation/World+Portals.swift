import SeededRandom

@testable import Edge

// Runs with two portals.
extension World {
    /// What happens in the middle of a run. Requests for the site that it affects may be refused meanwhile, and no others.
    enum Disturbance {
        case calm
        /// Acme is removed, and comes back.
        case removal
        /// The school's lab is closed for its learner, and opened again.
        case revocation

        func affects(_ site: Site) -> Bool {
            switch self {
            case .calm: false
            case .removal: site.host == TwoPortals.labOfAcme.host || site.host == TwoPortals.acme.hostname
            case .revocation: site.host == TwoPortals.labOfSchool.host
            }
        }
    }

    /// Sets the routes, and plans the changes. Nobody may notice that the portals are replaced by the same ones with
    /// other frame policies, in another order.
    func beginPortals(_ edge: EdgeLoop) {
        edge.apply(TwoPortals.routes)
        for _ in 0..<Int.random(in: 0...5, using: &kernel.random) {
            kernel.after(UInt64.random(in: 0...3_000, using: &kernel.random)) { [self] in replacePortals(edge) }
        }
        let first = UInt64.random(in: 0...1_000, using: &kernel.random)
        let second = first + UInt64.random(in: 1...2_000, using: &kernel.random)
        switch disturbance {
        case .calm: break
        case .removal:
            for (time, isGone) in [(first, true), (second, false)] {
                kernel.after(time) { [self] in
                    note(isGone ? "Acme is removed" : "Acme is back")
                    isAcmeGone = isGone
                    replacePortals(edge)
                }
            }
        case .revocation:
            let changes = [RouteChange.revoke(slug: "a", digests: nil), .grant(slug: "a", digest: TwoPortals.grant)]
            for (time, change) in zip([first, second], changes) {
                kernel.after(time) { [self] in
                    note("\(change)")
                    edge.apply([change])
                }
            }
        }
    }

    private func replacePortals(_ edge: EdgeLoop) {
        var portals = isAcmeGone ? [TwoPortals.school] : [TwoPortals.school, TwoPortals.acme]
        for index in portals.indices {
            portals[index].embeddedIn = kernel.random.oneIn(2) ? ["https://courses.test"] : []
        }
        if kernel.random.oneIn(2) { portals.reverse() }
        edge.apply([.portals(portals)])
    }

    /// Whether the edge must refuse a request for this plan's site with this status: 404, or 421 while no portal has the
    /// hostname.
    func isRefusal(_ status: Int, of plan: Plan) -> Bool {
        guard plan.site.port == nil else { return false }
        return status == 404 || (status == 421 && disturbance == .removal)
    }
}
