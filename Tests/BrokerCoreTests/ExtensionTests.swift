import Identity
import Testing
import Words

@testable import BrokerCore

@Suite("Extensions by instructors")
struct ExtensionTests {
    private let course = Course(portal: "school", context: "course-1")

    private func scene() -> Scene {
        var scene = Scene.ready()
        scene.launch("a", context: "course-1")
        scene.ready("a")
        return scene
    }

    private func extend(
        _ scene: inout Scene, by seconds: Int, bound: Duration = .seconds(3600), course: Course? = nil
    ) -> Answer? {
        let more = Extension(by: .seconds(seconds), bound: bound, who: "the instructor Grace (g)", course: course)
        return scene.answer(to: .extend("a", more, request: scene.request()))
    }

    @Test("Within their course and bound they move both ends, and the story and the explanation say who it was")
    func given() {
        var scene = scene()
        let before = scene.core.lifetimeEndsAt("a")!
        #expect(extend(&scene, by: 1800, course: course) == .session("a"))
        #expect(scene.core.lifetimeEndsAt("a") == before + .seconds(1800))
        #expect(scene.stories.first?.reason.hasPrefix("Extended by 30 min by the instructor Grace (g).") == true)
        let why = scene.core.explain(scene.core.session("a")!, story: [], at: scene.now)
        #expect(why.extended?.by == "the instructor Grace (g)" && why.extended?.totalSeconds == 1800)
    }

    @Test("A session of another course, portal or none is unknown to them")
    func foreign() {
        var scene = scene()
        for course in [Course(portal: "school", context: "course-2"), Course(portal: "other", context: "course-1")] {
            #expect(extend(&scene, by: 60, course: course) == .refused(.unknownSession("a")))
        }
        #expect(
            !course.has(
                Session(
                    id: "b", learner: .named("bob"), lab: "python", epoch: 1, state: .queued(since: scene.now),
                    createdAt: scene.now, lastActivityAt: scene.now)))
        #expect(scene.core.session("a")?.stay.extended == .zero)
    }

    @Test("All extensions of a run together, an operator's too, stay within their bound; an operator's own is a day")
    func bound() {
        var scene = scene()
        func refusal(_ answer: Answer?) -> String? {
            if case .refused(let refusal)? = answer { refusal.message } else { nil }
        }
        #expect(
            refusal(extend(&scene, by: 3601))?.contains("can be extended by 60 min in all; 60 min of it are left")
                == true)
        #expect(extend(&scene, by: 3600) == .session("a"))
        #expect(refusal(extend(&scene, by: 1))?.contains("by 60 min already, which is the limit") == true)
        scene.extend("a", by: .seconds(7200))
        #expect(refusal(extend(&scene, by: 1))?.contains("by 3 h already, beyond the limit of 60 min") == true)
        #expect(refusal(extend(&scene, by: 86_400, bound: .seconds(1_000_000)))?.contains("by 24 h in all") == true)
        #expect(refusal(extend(&scene, by: 1, bound: .zero))?.contains("beyond the limit") == true)
    }
}
