import BrokerCore
import Edge
import EventLoop
import HTTPTransport

extension Broker {
    /// Carries out the core's actions, in order. Everything that takes time runs as a task of a host's driver and
    /// reports back as an event.
    func perform(_ actions: [Action]) {
        var routes: [RouteChange] = []
        for action in actions {
            switch action {
            case .start(let id, let epoch, let host):
                start(id, epoch: epoch, on: host)
            case .remove(let id, let epoch, let host):
                hostDrivers[host]?.remove(id, epoch: epoch)
            case .removeOrphan(let host, let containerID):
                hostDrivers[host]?.removeOrphan(containerID)
            case .publishRoute(let id, _, let endpoint):
                guard let route = route(id, endpoint) else { continue }
                routes.append(.set(route))
                routedSlugs.insert(route.slug)
            case .withdrawRoute(let id):
                routes.append(.remove(slug: id.rawValue))
                routedSlugs.remove(id.rawValue)
            case .askLab(let id, let epoch, let endpoint):
                askLab(id, epoch: epoch, endpoint)
            case .hostsChanged:
                connectHosts()
                filterAddresses()
            case .answer(let request, let answer):
                self.answer(request, answer)
            case .changed(let id):
                tellWatchers(of: id)
            case .queueMoved:
                tellWatchersOfQueue()
            }
        }
        if !routes.isEmpty { edge.apply(routes) }
    }

    /// Skips a start that a later decision of the same step has superseded.
    private func start(_ id: SessionID, epoch: Int, on host: String) {
        if let warm = WarmSeatID(run: id) {
            guard let seat = core.warmSeat(warm), let lab = core.lab(seat.pool) else { return }
            hostDrivers[host]?.start(seat, lab: lab)
        } else {
            guard let session = core.session(id), session.epoch == epoch, let lab = core.lab(session.lab) else {
                return
            }
            hostDrivers[host]?.start(session, lab: lab)
        }
    }

    private func route(_ id: SessionID, _ endpoint: Endpoint) -> LabRoute? {
        guard let session = core.session(id), let lab = core.lab(session.lab) else { return nil }
        return LabRoute(
            slug: id.rawValue, portal: session.learner.portal.rawValue,
            upstream: .tcp(host: endpoint.address, port: endpoint.port),
            kind: lab.kind.routeKind, authorization: labAuthorization(session, kind: lab.kind),
            grants: grants[id] ?? [])
    }

    /// The `Authorization` value with which we access a session's lab, if its kind needs one.
    func labAuthorization(_ session: Session, kind: LabKind) -> String? {
        let (name, epoch) = session.container
        return LabContainer.authorization(
            kind, token: LabContainer.token(key: tokenKey, session: name, epoch: epoch))
    }

    private func askLab(_ id: SessionID, epoch: Int, _ endpoint: Endpoint) {
        guard let session = core.session(id), let lab = core.lab(session.lab) else { return }
        let questions = LabQuestions(
            client: client, endpoint: endpoint, kind: lab.kind,
            authorization: labAuthorization(session, kind: lab.kind))
        Task { @ControlLoop in
            let kernels = await questions.kernels()
            let skew = session.state.host.flatMap { self.hostDrivers[$0]?.clockSkew } ?? .zero
            let report = kernels.map { Kernel.report($0, skew: skew, at: self.now) } ?? .unknown
            self.submit(.labReported(id, epoch: epoch, report))
        }
    }

    /// Activity reported by the edge in batches: the last activity in each lab, in milliseconds since 1970. Any thread.
    public nonisolated func activity(_ millisecondsBySlug: [String: Int64]) {
        let moments = Dictionary(
            uniqueKeysWithValues: millisecondsBySlug.map {
                (SessionID(rawValue: $0.key), Timestamp(milliseconds: $0.value))
            })
        Task { @ControlLoop in self.submit(.activity(moments)) }
    }
}

extension LabKind {
    /// The edge's name for the header rules of this kind.
    fileprivate var routeKind: Edge.LabKind {
        switch self {
        case .jupyter: .jupyter
        case .rstudio: .rstudio
        case .http: .http
        }
    }
}
