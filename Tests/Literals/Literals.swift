import Identity

// Names of portals and labs as literals. Only for tests: in the product a name comes from outside, and is checked.

extension PortalID: ExpressibleByStringLiteral {
    public init(stringLiteral text: String) {
        guard let portal = PortalID(checking: text) else { preconditionFailure("\(text) is no portal's name") }
        self = portal
    }
}

extension LabKey: ExpressibleByStringLiteral {
    /// `acme/python`, or `python` for a lab of the portal `school`.
    public init(stringLiteral text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard (1...2).contains(parts.count), let name = parts.last else {
            preconditionFailure("\(text) is no lab of a portal")
        }
        self.init(portal: PortalID(stringLiteral: parts.count == 2 ? parts[0] : "school"), name: name)
    }
}
