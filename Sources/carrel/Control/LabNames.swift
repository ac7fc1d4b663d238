import Identity

/// How a list names labs: by their names, and with their portals if labs of several portals are listed.
struct LabNames {
    private let areOfSeveralPortals: Bool

    init(_ portals: some Sequence<PortalID>) { areOfSeveralPortals = Set(portals).count > 1 }

    func name(_ lab: String, of portal: PortalID) -> String {
        areOfSeveralPortals ? LabKey(portal: portal, name: lab).description : lab
    }
}
