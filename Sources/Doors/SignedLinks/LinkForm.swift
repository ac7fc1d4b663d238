import BrokerCore
import Identity
import TLS
import Text

/// The query parameters of one kind of link, and the order in which they are signed. Every kind begins with its portal
/// and ends with its expiry.
struct LinkForm: Sendable {
    struct Field: Sendable {
        var name: String
        /// Maximum UTF-8 bytes of its value.
        var maximum: Int
    }

    /// The signed purpose: a signature made for one purpose is not valid for another.
    var purpose: String
    var path: String
    var required: [Field]
    /// Optional; its name is signed too, so that links without it are encoded as before.
    var optional: Field?

    static let signature = "signature"
    static let portal = Field(name: "portal", maximum: LaunchLimits.nameLength)
    static let expires = Field(name: "expires", maximum: LaunchLimits.timeLength)
    static let context = Field(name: "context", maximum: IdentityLimits.contextLength)
}

/// The values of a link, in the order of its form.
struct LinkValues: Sendable {
    var required: [String]
    var optional: String?
}

extension LinkForm {
    func url(
        for values: LinkValues, expires: Int64, origin: String, key: HMACKey, now: Timestamp
    ) throws(LaunchError) -> String {
        try checkShape(values)
        try Self.checkTime(expires, now: now)
        var fields = Array(zip(required.map(\.name), values.required))
        if let optional, let value = values.optional { fields.append((optional.name, value)) }
        fields.append((Self.signature, Base64URL.encode(key.authenticationCode(for: canonical(values)))))
        let query = fields.map { "\($0)=\(PercentEncoding.encode($1))" }
        return origin + path + "?" + query.joined(separator: "&")
    }

    /// Verifies a followed link: first its form, then its signature, and only then its contents.
    func verify(
        _ parameters: [(name: String, value: String)], key: HMACKey, portal: PortalID, now: Timestamp
    ) throws(LaunchError) -> LinkValues {
        let found = try collect(parameters)
        var taken: [String] = []
        for name in required.map(\.name) + [Self.signature] {
            guard let value = found[name] else {
                throw LaunchError(
                    .missingParameter, name, "the link has no \(name), it may have been cut; \(LaunchError.askAgain)")
            }
            taken.append(value)
        }
        let signature = taken.removeLast()
        let values = LinkValues(required: taken, optional: optional.flatMap { found[$0.name] })
        try checkShape(values)
        let expires = try FieldRule.time(taken[taken.count - 1], name: Self.expires.name)
        guard signature.utf8.count == LaunchLimits.signatureLength, let code = Base64URL.decode(signature),
            constantTimeEqual(code, key.authenticationCode(for: canonical(values)))
        else {
            throw LaunchError(
                .wrongSignature, Self.signature, "the link was altered or is not one of ours; \(LaunchError.askAgain)")
        }
        guard taken[0].utf8.elementsEqual(portal.rawValue.utf8) else {
            throw LaunchError(.wrongPortal, "portal", "the link is for another portal; \(LaunchError.askAgain)")
        }
        try Self.checkTime(expires, now: now)
        return values
    }

    /// The parameters that belong to such a link, as `Door.own`.
    func own(_ parameters: [(name: String, value: String)]) -> [(name: String, value: String)] {
        parameters.filter { name, _ in
            required.contains { $0.name == name } || name == Self.signature || name == optional?.name
        }
    }

    /// Collects the form's parameters, each of which may occur only once.
    private func collect(_ parameters: [(name: String, value: String)]) throws(LaunchError) -> [String: String] {
        var found: [String: String] = [:]
        for (name, value) in own(parameters) {
            guard found.updateValue(value, forKey: name) == nil else {
                throw LaunchError(.repeatedParameter, name, "the link has its \(name) twice; \(LaunchError.askAgain)")
            }
        }
        return found
    }

    private func canonical(_ values: LinkValues) -> [UInt8] {
        var canonical = CanonicalBytes(purpose: purpose)
        for value in values.required { canonical.append(value) }
        if let optional, let value = values.optional {
            canonical.append(optional.name)
            canonical.append(value)
        }
        return canonical.bytes
    }

    private func checkShape(_ values: LinkValues) throws(LaunchError) {
        for (field, value) in zip(required, values.required) {
            try FieldRule.check(value, name: field.name, maximum: field.maximum)
        }
        if let optional, let value = values.optional {
            try FieldRule.check(value, name: optional.name, maximum: optional.maximum)
        }
    }

    private static func checkTime(_ expires: Int64, now: Timestamp) throws(LaunchError) {
        let seconds = now.seconds
        if expires <= seconds {
            throw LaunchError(.expired, "expires", "the link is no longer valid; \(LaunchError.askAgain)")
        }
        if expires - seconds > LaunchLimits.linkValidity.components.seconds {
            throw LaunchError(
                .validTooLong, "expires",
                "the link is valid for more than \(LaunchLimits.linkValidity.components.seconds / 86_400) days, which no "
                    + "link may be; \(LaunchError.askAgain)")
        }
    }
}
