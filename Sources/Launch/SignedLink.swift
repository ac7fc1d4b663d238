import BrokerCore
import Foundation
import TLS

/// A link that lets one learner into one lab of one portal, until it expires: for courses that can do no more than show
/// a link, and for operators who help somebody.
public struct SignedLink: Hashable, Sendable {
    public var learner: Learner
    public var lab: String
    /// Seconds since 1970; from then on the link is refused.
    public var expires: Int64
    /// The course from which the learner comes: what reserved seats go by.
    public var context: String?

    /// The path of a link on the portal's hostname.
    public static let path = "/launch"
    static let purpose = "carrel signed link 1"
    /// In the order in which they are signed.
    static let parameters = ["portal", "lab", "learner", "name", "expires"]
    /// May be left out; it is signed with its name, so that a link without it is the same as ever.
    static let contextParameter = "context"
    static let signature = "signature"

    /// - Parameter learner: its identifier is brought to Unicode's composed form, so that one person is one learner.
    public init(learner: Learner, lab: String, expires: Int64, context: String? = nil) {
        self.learner = learner
        self.context = context
        self.learner.id = learner.id.precomposedStringWithCanonicalMapping
        self.lab = lab
        self.expires = expires
    }

    fileprivate var values: [String] { [learner.portal, lab, learner.id, learner.name, String(expires)] }

    fileprivate static func canonical(_ values: [String], context: String?) -> [UInt8] {
        var canonical = CanonicalBytes(purpose: purpose)
        for value in values { canonical.append(value) }
        if let context {
            canonical.append(contextParameter)
            canonical.append(context)
        }
        return canonical.bytes
    }
}

/// Makes and checks signed links. Any thread.
public struct LinkSigner: Sendable {
    private let key: HMACKey

    public init(key: HMACKey) { self.key = key }

    /// - Parameters:
    ///   - origin: the portal's, such as `https://portal.example:8443`.
    ///   - now: when the link is made; it must expire later, and at most `LaunchLimits.linkValidity` later.
    public func url(for link: SignedLink, origin: String, now: Timestamp) throws(LaunchError) -> String {
        try Self.checkShape(link.values, context: link.context)
        try Self.checkTime(link.expires, now: now)
        var fields = Array(zip(SignedLink.parameters, link.values))
        if let context = link.context { fields.append((SignedLink.contextParameter, context)) }
        let code = key.authenticationCode(for: SignedLink.canonical(link.values, context: link.context))
        fields.append((SignedLink.signature, Base64URL.encode(code)))
        let query = fields.map { "\($0)=\(Self.escape($1))" }
        return origin + SignedLink.path + "?" + query.joined(separator: "&")
    }

    /// Checks a followed link: first its shape, then its signature, and only then what it says.
    ///
    /// - Parameters:
    ///   - parameters: the decoded query, in any order.
    ///   - portal: the portal that was asked.
    public func verify(
        _ parameters: [(name: String, value: String)], portal: String, now: Timestamp
    ) throws(LaunchError) -> SignedLink {
        let expected = SignedLink.parameters + [SignedLink.signature]
        var found: [String: String] = [:]
        for (name, value) in parameters {
            guard expected.contains(name) || name == SignedLink.contextParameter else {
                throw LaunchError(
                    .unknownParameter, String(name.prefix(40)),
                    "the link has a part that does not belong to it; \(LaunchError.askAgain)")
            }
            guard found.updateValue(value, forKey: name) == nil else {
                throw LaunchError(.repeatedParameter, name, "the link has its \(name) twice; \(LaunchError.askAgain)")
            }
        }
        var values: [String] = []
        for name in expected {
            guard let value = found[name] else {
                throw LaunchError(
                    .missingParameter, name, "the link has no \(name), it may have been cut; \(LaunchError.askAgain)")
            }
            values.append(value)
        }
        let signature = values.removeLast()
        let context = found[SignedLink.contextParameter]
        try Self.checkShape(values, context: context)
        let expires = try FieldRule.time(values[4], name: "expires")
        guard signature.utf8.count == LaunchLimits.signatureLength, let code = Base64URL.decode(signature),
            constantTimeEqual(code, key.authenticationCode(for: SignedLink.canonical(values, context: context)))
        else {
            throw LaunchError(
                .wrongSignature, SignedLink.signature,
                "the link was altered or is not one of ours; \(LaunchError.askAgain)")
        }
        guard values[0].utf8.elementsEqual(portal.utf8) else {
            throw LaunchError(.wrongPortal, "portal", "the link is for another portal; \(LaunchError.askAgain)")
        }
        try Self.checkTime(expires, now: now)
        return SignedLink(
            learner: Learner(portal: values[0], id: values[2], name: values[3]), lab: values[1], expires: expires,
            context: context)
    }

    private static func checkShape(_ values: [String], context: String?) throws(LaunchError) {
        let limits = [
            LaunchLimits.nameLength, LaunchLimits.nameLength, LaunchLimits.learnerLength,
            LaunchLimits.learnerNameLength, LaunchLimits.timeLength,
        ]
        for index in values.indices {
            try FieldRule.check(values[index], name: SignedLink.parameters[index], maximum: limits[index])
        }
        if let context {
            try FieldRule.check(context, name: SignedLink.contextParameter, maximum: LaunchLimits.contextLength)
        }
    }

    private static func checkTime(_ expires: Int64, now: Timestamp) throws(LaunchError) {
        let seconds = now.milliseconds / 1000
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

    /// RFC 3986 section 2.3: everything but unreserved characters is escaped.
    private static func escape(_ value: String) -> String {
        var text = ""
        for byte in value.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                text.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                text += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
        return text
    }
}
