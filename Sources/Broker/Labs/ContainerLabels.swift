import BrokerCore

/// What the labels of a container of ours say.
///
/// A container also bears those labels of its image that were not set when it was made, and a lab's image may bear any:
/// one that was made from a lab (`docker commit`) bears all of ours. So every label that is read of a lab is set, to
/// nothing where it has none, and what has a run is a lab, whatever role its image claims. Helpers have no run, and
/// their image is our own.
struct ContainerLabels {
    /// nil for what is no lab.
    let run: Run?
    /// nil for a lab.
    let role: String?
    /// The host's path of the slot with which a lab was made.
    let slot: String?
    /// The life of the engine during which a lab was made.
    let engineLife: String?

    init(_ labels: [String: String]) {
        func value(_ key: String) -> String? { labels[key].flatMap { $0.isEmpty ? nil : $0 } }
        run = Run(labels: labels)
        role = run == nil ? value(LabContainer.Label.role) : nil
        slot = value(LabContainer.Label.slot)
        engineLife = value(LabContainer.Label.engineLife)
    }
}

/// A container's run, read from its labels.
struct Run {
    var session: SessionID
    var epoch: Int

    init?(labels: [String: String]) {
        guard let session = labels[LabContainer.Label.session], let word = labels[LabContainer.Label.epoch],
            let epoch = Int(word)
        else { return nil }
        self.session = SessionID(rawValue: session)
        self.epoch = epoch
    }
}
