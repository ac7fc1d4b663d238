import BrokerCore

/// The labels of a container of ours.
///
/// A container inherits the labels of its image that were not set when it was created, and a lab's image may have any
/// labels: one made from a lab (`docker commit`) has all of ours. Every label that we read from a lab is therefore set,
/// empty if it has no value, and a container with a run is a lab, whatever role its image claims. Helpers have no run,
/// and their image is our own.
struct ContainerLabels {
    /// nil if the container is not a lab.
    let run: Run?
    /// nil for a lab.
    let role: String?
    /// The host's path of the slot with which a lab was created.
    let slot: String?
    /// The engine's life during which a lab was created.
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
