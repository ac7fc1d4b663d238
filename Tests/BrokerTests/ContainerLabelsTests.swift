import BrokerCore
import Testing

@testable import Broker

@Suite("What the labels of a container say")
struct ContainerLabelsTests {
    /// The labels of an image that was made from another lab, and that also claims a helper's role.
    private static let ofImage = [
        "carrel.instance": "i9", "carrel.session": "other", "carrel.epoch": "7", "carrel.portal": "x",
        "carrel.lab": "r", "carrel.memory": "1", "carrel.slot": "/slots/other", "carrel.engine-life": "earlier",
        "carrel.role": "keeper", "maintainer": "somebody",
    ]

    /// The labels that an engine gives a container: those of the request, and those of the image that the request does
    /// not set.
    private static func made(_ container: LabContainer) -> [String: String] {
        ofImage.merging(container.specification.labels) { _, requested in requested }
    }

    @Test("A lab is asked for with every label that is read of it, so that its image has no say in any")
    func image() {
        let labels = Self.made(LabContainerTests.container())
        #expect(labels["carrel.instance"] == "i1" && labels["carrel.memory"] == "1073741824")
        let read = ContainerLabels(labels)
        #expect(read.run?.session == SessionID(rawValue: "slug") && read.run?.epoch == 3)
        #expect(read.role == nil && read.slot == nil && read.engineLife == nil)
    }

    @Test("A lab's own slot and its engine's life come before those of its image")
    func own() {
        var container = LabContainerTests.container()
        container.slot = "/slots/slug"
        container.engineLife = "now"
        let read = ContainerLabels(Self.made(container))
        #expect(read.slot == "/slots/slug" && read.engineLife == "now" && read.role == nil)
    }

    @Test("A helper is known by its role, and has no run")
    func helper() {
        let read = ContainerLabels(["carrel.instance": "i1", "carrel.role": "keeper", "carrel.helper": "d1"])
        #expect(read.role == "keeper" && read.run == nil && read.slot == nil)
    }

    @Test("A lab that an older version made without the empty labels is the same lab")
    func older() {
        let labels = LabContainerTests.container().specification.labels.filter { !$0.value.isEmpty }
        #expect(labels["carrel.slot"] == nil && labels["carrel.engine-life"] == nil)
        let read = ContainerLabels(labels)
        #expect(read.run?.session == SessionID(rawValue: "slug") && read.run?.epoch == 3)
        #expect(read.role == nil && read.slot == nil && read.engineLife == nil)
        let slotted = ContainerLabels(
            labels.merging(["carrel.slot": "/slots/slug", "carrel.engine-life": "then"]) { $1 })
        #expect(slotted.slot == "/slots/slug" && slotted.engineLife == "then")
    }
}
