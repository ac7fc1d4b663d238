/// A lab of one portal. Two portals may have different labs of the same name.
public struct LabKey: Hashable, Sendable, Codable, Comparable, CustomStringConvertible {
    public var portal: PortalID
    /// The lab's name within its portal.
    public var name: String

    public init(portal: PortalID, name: String) {
        self.portal = portal
        self.name = name
    }

    public var description: String { "\(portal)/\(name)" }

    public static func < (earlier: LabKey, later: LabKey) -> Bool {
        (earlier.portal, earlier.name) < (later.portal, later.name)
    }
}
