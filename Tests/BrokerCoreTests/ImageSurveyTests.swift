import Literals
import Testing

@testable import BrokerCore

@Suite("Where images are")
struct ImageSurveyTests {
    private static let old = HostImage(id: "sha256:old", createdAt: Timestamp(milliseconds: 1))
    private static let new = HostImage(id: "sha256:new", createdAt: Timestamp(milliseconds: 2))

    @discardableResult
    private func listed(_ scene: inout Scene, _ host: String, _ images: [String: HostImage?]) -> [Action] {
        scene.send(.hostListed(host: host, containers: [], facts: HostFacts(images: images)))
    }

    @Test("The image that most hosts have is the usual one, the newest of two that as many have; others are flagged")
    func drift() {
        let survey = ImageSurvey([
            ("a", .some(Self.old)), ("b", .some(Self.old)), ("c", .some(Self.new)), ("d", .some(nil)), ("e", nil),
        ])
        #expect(survey.usual == "sha256:old")
        #expect(survey.findings.map(\.differs) == [false, false, true, false, false])
        #expect(survey.findings.map(\.presence) == [.present, .present, .present, .missing, .unknown])
        #expect(ImageSurvey([("a", .some(Self.old)), ("b", .some(Self.new))]).usual == "sha256:new")
        #expect(ImageSurvey([("a", nil)]).usual == nil)
    }

    @Test("Of the hosts that could serve a lab, each is told with its image")
    func ofALab() {
        var scene = Scene.ready(hosts: [.small("h1"), .small("h2"), .small("h3", memory: 1)], labs: [.big])
        listed(&scene, "h1", ["lab/big": Self.old])
        listed(&scene, "h2", ["lab/big": nil])
        let survey = scene.core.imageSurvey(of: .big)
        #expect(survey.findings.map(\.host) == ["h1", "h2"])
        #expect(survey.findings.map(\.presence) == [.present, .missing])
    }

    @Test("Nobody is placed on a host that is known to lack the image, however empty it is")
    func placed() {
        var scene = Scene.ready(hosts: [.small("h1"), .small("h2")])
        listed(&scene, "h1", ["lab/python": nil, "lab/rstudio": Self.old])
        listed(&scene, "h2", ["lab/python": Self.old])
        for id: SessionID in ["a", "b"] { scene.run(id) }
        #expect(["a", "b"].map { scene.host($0) } == ["h2", "h2"])
        scene.run("c", lab: "rstudio")
        #expect(scene.host("c") == "h1")
        // The image is present now.
        listed(&scene, "h1", ["lab/python": Self.new])
        scene.now = scene.now + .seconds(1)
        scene.launch("d")
        #expect(scene.host("d") == "h1")
    }

    @Test(
        "Where no listing shows the image a host is tried, because it may be there by now; its answer settles it for all"
    )
    func nowhere() {
        var scene = Scene.ready(hosts: [.small("h1"), .small("h2"), .small("h3")])
        for host in ["h1", "h2", "h3"] { listed(&scene, host, ["lab/python": nil]) }
        #expect(scene.launch("a").first == .start("a", epoch: 1, host: "h1"))
        scene.launch("b")
        scene.send(.startFailed("a", epoch: 1, .imageMissing("lab/python")))
        #expect(scene.toldStates == ["failed"])
        #expect(scene.stories.last?.reason.contains("carrel lab prepull python") == true)
        // The image was built in the meantime.
        scene.ready("b")
        #expect(scene.state("b")?.name == "running")
        listed(&scene, "h1", ["lab/python": nil])
        scene.launch("c")
        #expect(scene.state("c")?.name == "starting")
    }

    @Test("Who waits for a full host with the image is not sent to an empty one without")
    func waiting() {
        var scene = Scene.ready(hosts: [.small("h1", slots: 1), .small("h2")])
        listed(&scene, "h1", ["lab/python": Self.old])
        listed(&scene, "h2", ["lab/python": nil])
        scene.run("a")
        scene.launch("b")
        #expect(scene.state("b")?.name == "queued")
        scene.end("a")
        #expect(scene.send(.containerRemoved("a", epoch: 1)).first == .start("b", epoch: 1, host: "h1"))
    }

    @Test("Where the files are bound to a host, that one is tried, and its answer counts")
    func bound() {
        var scene = Scene.ready(hosts: [.small("h1"), .small("h2")], sharedHomes: false)
        scene.run("a", learner: "ann")
        listed(&scene, "h2", ["lab/rstudio": Self.old])
        scene.send(
            .hostListed(host: "h1", containers: [.running("a")], facts: HostFacts(images: ["lab/rstudio": nil])))
        scene.launch("b", learner: "ann", lab: "rstudio")
        #expect(scene.host("b") == "h1")
        scene.send(.startFailed("b", epoch: 1, .imageMissing("lab/rstudio")))
        #expect(scene.stories.last?.reason.contains("The host h1, which has this learner's files") == true)
    }

    @Test("A lab that gets another image is judged by that one")
    func newImage() {
        var scene = Scene.ready(hosts: [.small("h1"), .small("h2")], labs: [.python])
        var lab = Lab.python
        lab.image = "lab/python:2"
        listed(&scene, "h1", ["lab/python": nil, "lab/python:2": Self.new])
        listed(&scene, "h2", ["lab/python": Self.old, "lab/python:2": nil])
        scene.run("a")
        #expect(scene.host("a") == "h2")
        scene.send(.configure(labs: [lab], hosts: [.small("h1"), .small("h2")]))
        scene.run("b")
        #expect(scene.host("b") == "h1")
    }
}
