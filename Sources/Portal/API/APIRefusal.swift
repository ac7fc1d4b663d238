import BrokerCore
import Doors
import HTTPTransport
import Store
import Text

/// A request to the API that is refused before it reaches the broker.
struct APIRefusal: Error, Equatable {
    var status: Int
    var body: APIFailure

    static func bad(_ message: String) -> APIRefusal {
        APIRefusal(status: 400, body: APIFailure(code: "badRequest", message: message))
    }

    static func notFound(_ target: String) -> APIRefusal {
        APIRefusal(
            status: 404,
            body: APIFailure(
                code: "notFound",
                message:
                    "There is no \(target); the API has /v1/status, /v1/reload, /v1/hosts, /v1/labs, /v1/drain, /v1/sessions, "
                    + "/v1/reservations, /v1/bookings, /v1/capacity, /v1/feeds and /v1/pools.")
        )
    }

    static func require(_ method: String, _ request: HTTPRequest) throws(APIRefusal) {
        guard request.method != method else { return }
        throw APIRefusal(
            status: 405,
            body: APIFailure(code: "methodNotAllowed", message: "\(request.target) takes \(method) only."))
    }

    /// An empty parameter of a query: usually an unset shell variable. If it were ignored, the query would match
    /// everything.
    static func empty(_ parameter: String) -> APIRefusal {
        bad("\(parameter) is empty; give it a value, or leave it out.")
    }

    /// Checks a text that must also be usable in a link.
    static func check(_ text: String, name: String, limit: Int) throws(APIRefusal) {
        do throws(LaunchError) { try FieldRule.check(text, name: name, maximum: limit) } catch {
            throw bad("\(error.cause).")
        }
    }

    /// Checks a text of a body; a missing text is taken as empty.
    static func checked(_ text: String?, name: String, limit: Int) throws(APIRefusal) -> String {
        let text = text ?? ""
        guard text.count <= limit else {
            throw bad("The \(name) has \(text.count) characters; it may have \(limit).")
        }
        return text
    }

    /// An empty body is decoded as `{}`: every field of the API's bodies has a default.
    static func decode<T: Decodable>(_ type: T.Type, from body: [UInt8], example: String) throws(APIRefusal) -> T {
        do {
            return try APICoding.decode(type, from: body.isEmpty ? Array("{}".utf8) : body)
        } catch {
            throw bad("The body is not what is expected; it should look like \(example).")
        }
    }
}

extension APIDrain: DrainRequest {
    init(body: [UInt8]) throws(APIRefusal) {
        self = try APIRefusal.decode(APIDrain.self, from: body, example: "{\"deadline_seconds\":1800}")
    }
}

extension APIHostRemove: DrainRequest {}
extension APIRollingDrainStart: DrainRequest {}

/// A body that asks for a drain.
protocol DrainRequest {
    var deadlineSeconds: Int? { get }
    var withoutNotice: Bool? { get }
}

extension DrainRequest {
    /// - Parameter sessions: how many sessions the drain would end.
    func deadline(ending sessions: Int) throws(APIRefusal) -> Duration? {
        guard let seconds = deadlineSeconds else { return nil }
        let deadline = Duration.seconds(seconds)
        guard seconds >= 0, deadline <= PortalLimits.drainDeadlineMaximum else {
            let maximum = PortalLimits.drainDeadlineMaximum.components.seconds
            throw APIRefusal.bad("deadline_seconds is \(seconds); it must be between 0 and \(maximum).")
        }
        guard deadline >= PortalLimits.endNotice || withoutNotice == true else {
            throw APIRefusal.bad(
                "deadline_seconds is \(seconds), sooner than the usual notice of \(PortalLimits.endNotice.components.seconds); "
                    + "\(Plural.count(sessions, "session")) there would end then. If that is wanted, say "
                    + "\"without_notice\":true.")
        }
        return deadline
    }
}

extension APIEnd {
    init(body: [UInt8]) throws(APIRefusal) {
        self = try APIRefusal.decode(
            APIEnd.self, from: body, example: "{\"note\":\"maintenance\",\"in_seconds\":300}")
    }

    func checkedNote() throws(APIRefusal) -> String {
        try APIRefusal.checked(note, name: "note", limit: PortalLimits.noteCharacters)
    }

    func notice() throws(APIRefusal) -> Duration {
        guard let seconds = inSeconds else { return PortalLimits.endNotice }
        let maximum = Limits.announcementMaximum.components.seconds
        guard (0...Int(maximum)).contains(seconds) else {
            throw APIRefusal.bad("in_seconds is \(seconds); it must be between 0 and \(maximum).")
        }
        return .seconds(seconds)
    }
}

extension APIPark {
    init(body: [UInt8]) throws(APIRefusal) {
        self = try APIRefusal.decode(APIPark.self, from: body, example: "{\"note\":\"maintenance\"}")
    }

    func checkedNote() throws(APIRefusal) -> String {
        try APIRefusal.checked(note, name: "note", limit: PortalLimits.noteCharacters)
    }
}

extension APIExtend {
    init(body: [UInt8]) throws(APIRefusal) {
        self = try APIRefusal.decode(APIExtend.self, from: body, example: "{\"seconds\":7200,\"note\":\"exam\"}")
    }

    /// - Parameter sender: the system user who sent the request; `nil` if unknown.
    func checked(from sender: String?) throws(APIRefusal) -> Extension {
        let maximum = Limits.extensionMaximum.components.seconds
        guard let seconds, (1...Int(maximum)).contains(seconds) else {
            throw APIRefusal.bad("seconds must be there, and between 1 and \(maximum).")
        }
        let note = try APIRefusal.checked(note, name: "note", limit: PortalLimits.noteCharacters)
        return Extension(by: .seconds(seconds), who: sender.map { "the operator \($0)" } ?? "an operator", note: note)
    }
}

extension SessionQuery {
    init(query: [(name: String, value: String)]) throws(APIRefusal) {
        self.init()
        for (name, value) in query {
            if value.isEmpty { throw APIRefusal.empty(name) }
            switch name {
            case "state":
                guard SessionState.Name(rawValue: value) != nil else {
                    let states = SessionState.Name.allCases.map(\.rawValue).joined(separator: ", ")
                    throw APIRefusal.bad("There is no state \"\(value)\"; the states are \(states).")
                }
                state = value
            case "host": host = value
            case "learner": learner = value
            case "lab": lab = value
            case "course": course = value
            case "live":
                guard ["true", "false"].contains(value) else {
                    throw APIRefusal.bad("live is \"\(value)\"; it must be true or false.")
                }
                isLive = value == "true"
            case "limit":
                guard let number = Int(value), (1...StoreLimits.listLength).contains(number) else {
                    throw APIRefusal.bad("limit is \"\(value)\"; it must be between 1 and \(StoreLimits.listLength).")
                }
                limit = number
            default:
                throw APIRefusal.bad(
                    "There is no filter \"\(name)\"; the filters are portal, state, host, learner, lab, course, live and limit."
                )
            }
        }
    }
}
