// Tunnels, back pressure, and how everything ends.
extension ExchangeMachine {
    mutating func responseSwitch() -> Actions {
        guard case .exchanging(let exchange) = state else { return [] }
        guard exchange.request.isWebSocket, exchange.requestEnded else {
            return fail(with: .badGateway)
        }
        state = .tunnel(clientEnded: false, upstreamEnded: false)
        return .upgradeClient
    }

    mutating func tunnelEnd(_ event: Event) -> Actions {
        guard case .tunnel(var clientEnded, var upstreamEnded) = state else { return [] }
        var actions: Actions = []
        if event == .clientTunnelEnd, !clientEnded {
            clientEnded = true
            actions = .endTunnelToUpstream
        } else if event == .upstreamTunnelEnd, !upstreamEnded {
            upstreamEnded = true
            actions = .endTunnelToClient
        }
        if clientEnded && upstreamEnded {
            state = .closed
            return [.closeUpstream, .closeClient]
        }
        state = .tunnel(clientEnded: clientEnded, upstreamEnded: upstreamEnded)
        return actions
    }

    /// Back pressure: when one side is full, the other is paused.
    mutating func pressure(_ event: Event) -> Actions {
        switch state {
        case .exchanging, .tunnel: break
        case .idle, .connecting, .closed: return []
        }
        switch event {
        case .upstreamSaturated where !isClientPaused:
            isClientPaused = true
            return .pauseClient
        case .upstreamDrained where isClientPaused:
            isClientPaused = false
            return .resumeClient
        case .clientSaturated where !isUpstreamPaused:
            isUpstreamPaused = true
            return .pauseUpstream
        case .clientDrained where isUpstreamPaused:
            isUpstreamPaused = false
            return .resumeUpstream
        default:
            return []
        }
    }

    mutating func clientClosed() -> Actions {
        defer { state = .closed }
        switch state {
        case .connecting, .exchanging, .tunnel: return .closeUpstream
        case .idle, .closed: return []
        }
    }

    /// Starts the shutdown. WebSockets do not delay it, because browsers reopen them automatically; requests do.
    mutating func goingAway() -> Actions {
        switch state {
        case .idle:
            state = .closed
            return .closeClient
        case .tunnel:
            state = .closed
            return [.closeUpstream, .sayFarewell, .closeClient]
        case .connecting, .exchanging, .closed:
            return []
        }
    }

    mutating func stop() -> Actions {
        defer { state = .closed }
        switch state {
        case .connecting, .exchanging, .tunnel: return [.closeUpstream, .abortClient]
        case .idle, .closed: return .abortClient
        }
    }
}
