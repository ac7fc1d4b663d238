import Foundation
import Programs
import Testing

@testable import FleetSupport

extension FleetTests {
    @Suite("A click") struct ClickTests {
        @Test(
            "becomes a JupyterLab that runs code and keeps files, ends when nobody uses it, and starts again in place")
        func wholeLife() async throws {
            // Created before the lab is open, because that takes a while and the lab's idle timeout is short.
            let file = try await blocking { try randomBytes(20 << 20) }
            try await withFleet(Plan(labs: [Plan.Lab(name: "python", idle: "12s")])) { fleet in
                let lab = try await fleet.open("ada")

                let kernel = try await lab.startKernel()
                #expect(kernel.socket.subprotocol == Kernel.subprotocol)
                #expect(try await kernel.run("sum(range(10))") == "45")
                await kernel.socket.close()

                try await lab.upload(file, as: "big.bin")
                #expect(try await sha256(lab.download("big.bin")) == sha256(file))

                let ended = try await fleet.wait(for: lab.session, toBe: "ended", within: .seconds(40))
                #expect(ended.reason?.isEmpty == false)
                #expect(try await fleet.containers().isEmpty)

                // Requests of an open tab get an answer that stops JupyterLab's polling; a person gets a page.
                let poll = try await lab.get("/api/kernels")
                #expect(poll.status == 424)
                #expect(try poll.object()["message"] is String)
                let save = try await lab.send(
                    "PUT", "/api/contents/n.ipynb",
                    json: ["content": sha256(file) + String(repeating: "x", count: 3 << 20)])
                #expect(save.status == 424)
                let place = "/lab/tree/big.bin?reset"
                let page = try await lab.browser.visit(lab.origin.at(place))
                #expect(page.url == lab.origin.at(place))
                #expect(page.response.text.contains("Start again"))

                let again = try await page.submitForm(in: lab.browser)
                #expect(again.url == lab.origin.at(place))
                try await fleet.wait(for: lab.session, toBe: "running")
                let back = try await lab.browser.visit(lab.origin.at(place))
                #expect(back.url.host == lab.origin.host)
                #expect(back.response.text.contains("jupyter-config-data"))
                #expect(try await sha256(lab.download("big.bin")) == sha256(file))
                #expect(try await fleet.show(lab.session).session.epoch == 2)
                try await fleet.expectNothingLeaked()
            }
        }

        @Test("shows the real steps on its progress page, in their order")
        func steps() async throws {
            try await withFleet(Plan()) { fleet in
                let browser = fleet.browser()
                let page = try await browser.visit(fleet.link("grace"))
                let steps = try await browser.waitUntilRunning(page.url, within: .seconds(60))
                let all = ["queued", "creating", "starting", "waiting", "running"]
                let order = steps.compactMap(all.firstIndex(of:))
                #expect(order == order.sorted())
                #expect(steps.contains("waiting"))
                #expect(steps.last == "running")

                let story = try await fleet.show(try #require(page.sessionID)).story
                #expect(story.map(\.at) == story.map(\.at).sorted())
                #expect(story.allSatisfy { !$0.reason.isEmpty })
                #expect(story.last?.state == "running")
                #expect(story.contains { $0.state == "starting" && $0.host == fleet.plan.hosts[0].name })
            }
        }

        @Test("reaches the lab without JavaScript too: the page refreshes itself until it leads there")
        func withoutScript() async throws {
            try await withFleet(Plan()) { fleet in
                let browser = fleet.browser()
                var visit = try await browser.visit(fleet.link("linus"))
                #expect(visit.response.text.contains(#"http-equiv="refresh""#))
                try await eventually("the page leads into the lab", within: .seconds(60), every: .milliseconds(300)) {
                    visit = try await browser.visit(visit.url)
                    return visit.isLab
                }
                #expect(visit.url.host?.hasSuffix("." + Plan.labsDomain) == true)
            }
        }

        @Test("of the same learner in a second browser leads to the same session, and both browsers stay in")
        func secondBrowser() async throws {
            try await withFleet(Plan()) { fleet in
                let first = try await fleet.open("ada")
                let second = try await fleet.open("ada")
                #expect(first.session == second.session)
                #expect(try await fleet.sessions().count == 1)
                #expect(try await fleet.containers().count == 1)
                #expect(try await first.get("/api/status").status == 200)
                #expect(try await second.get("/api/status").status == 200)
            }
        }

        @Test("can be tried from the command line: carrel try opens the lab, runs code and tells the times")
        func tryCommand() async throws {
            try await withFleet(Plan()) { fleet in
                let link = try await fleet.link("ada").absoluteString
                let way = ["--ca", fleet.authority.path, "--connect", "127.0.0.1:\(fleet.port)", "--link", link]
                let code = ["--code", "print(6 * 7)"]
                let right = try await Command([TestMachine.binary, "try"] + way + code + ["--expect", "42", "--json"])
                    .succeed(within: .seconds(90))
                #expect(right.contains("\"output\" : \"42\""), "\(right)")
                let wrong = try await Command([TestMachine.binary, "try"] + way + code + ["--expect", "43"])
                    .run(within: .seconds(90))
                #expect(wrong.status != 0)
                #expect(try await fleet.sessions().count == 1)
            }
        }

        @Test("costs little of Carrel's own time; the split is printed")
        func split() async throws {
            try await withFleet(Plan(relayed: true)) { fleet in
                let split = try await ClickSplit.measure(fleet, learner: "ada")
                print(split.table)
                // `Scripts/bench` has the bars; but a split that does not add up is a broken measurement.
                #expect(split.carrel > .zero)
                #expect(split.engine > .zero)
                #expect(split.jupyter > .zero)
                #expect(split.carrel < split.whole)
            }
        }
    }
}
