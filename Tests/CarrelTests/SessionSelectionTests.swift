import ArgumentParser
import Broker
import BrokerCore
import EventLoop
import Foundation
import Portal
import Testing

@testable import carrel

@Suite("Which sessions a command is about") struct SessionSelectionTests {
    private func refusal(_ arguments: [String]) -> String? {
        do {
            _ = try SessionSelection.parse(arguments)
            return nil
        } catch { return SessionSelection.message(for: error) }
    }

    @Test("is said by identifiers, or by a course and a roster, and never by both")
    func choices() throws {
        #expect(try SessionSelection.parse(["k3v7"]).single == "k3v7")
        #expect(try SessionSelection.parse(["a", "b"]).single == nil)
        #expect(try SessionSelection.parse(["--course", "101", "--lab", "r"]).course == "101")
        #expect(refusal([])?.contains("--course or --roster") == true)
        #expect(refusal(["k3v7", "--course", "101"])?.contains("not both") == true)
        #expect(refusal(["k3v7", "--lab", "r"])?.contains("--lab goes with") == true)
    }

    private func session(_ id: String, lab: String) throws -> SessionView {
        try APICoding.decode(
            SessionView.self,
            from: Array(
                """
                {"id": "\(id)", "portal": "school", "learner": "ada", "learner_name": "Ada", "lab": "\(lab)",
                 "lab_title": "\(lab)", "kind": "jupyter", "state": "running", "image": "i", "epoch": 1,
                 "hostname": "h", "url": "u", "created_at": 1, "since": 1, "last_activity_at": 1}
                """.utf8))
    }

    @Test("is told by number and lab before anything is done to them")
    func description() throws {
        let three = try [session("a", lab: "python"), session("b", lab: "r"), session("c", lab: "python")]
        #expect(
            SessionSelection.describe(three, place: "course 101") == "3 sessions of course 101 (python 2, r 1)")
        #expect(SessionSelection.describe([three[1]], place: "the roster x") == "1 session of the roster x (r 1)")
        #expect(SessionSelection.describe([], place: "course 7") == "0 sessions of course 7")
    }

    @Test("and what became of them says how many it could not be done to")
    func report() throws {
        var report = SessionActReport(done: [try session("a", lab: "r")])
        #expect(report.summary("ended") == "1 session ended")
        report.failed = [SessionActReport.Failure(id: "b", reason: "gone")]
        #expect(report.summary("ended") == "1 of 2 sessions ended, 1 failed")
    }

    @Test("The end of a session that had ended, or was ending, is told to have changed nothing")
    func already() throws {
        var view = try session("a", lab: "r")
        view.reason = "Ended by an operator."
        let time = TimeText(clock: .utc)
        for state in ["ending", "ended", "failed"] {
            view.state = state
            #expect(
                SessionTable.ending(view, asked: Timestamp(milliseconds: 2), time: time)
                    == "session a is \(state) already, so nothing was changed: Ended by an operator.")
            #expect(
                SessionTable.ending(view, asked: Timestamp(milliseconds: 1), time: time)
                    == "session a is \(state): Ended by an operator.")
        }
        view.state = "running"
        #expect(SessionTable.ending(view, asked: Timestamp(milliseconds: 2), time: time) == "session a goes on")
    }

    @Test("Links for many are CSV, whatever the learners are called")
    func rows() {
        #expect(LinkCommand.row("ada", "https://x") == "ada,https://x")
        #expect(LinkCommand.row("a,\"b\"", "https://x") == "\"a,\"\"b\"\"\",https://x")
    }
}

@Suite("carrel session end, for a whole course") struct SessionCourseTests {
    @ControlLoop
    @Test("ends the sessions of a roster after it was told to, and nothing before")
    func roster() async throws {
        let house = try House()
        let serve = try CarrelProcess("serve", "--config", house.file)
        try await serve.expect("ready")
        try await house.click()
        let roster = house.scratch.path + "/roster"
        try "ada\nbob\n".write(toFile: roster, atomically: true, encoding: .utf8)
        let asking = try CarrelProcess("session", "end", "--roster", roster, "--config", house.file)
        #expect(try await asking.end() == 1)
        #expect(
            asking.output.contains(
                "this ends 1 session of the roster \(roster) (python 1); nothing was done: give --yes"))
        let client = ControlClient(socket: house.controlSocket)
        #expect(try await client.sessions(isLive: true, limit: 10).count == 1)
        let ending = try CarrelProcess("session", "end", "--roster", roster, "--yes", "--config", house.file)
        #expect(try await ending.end() == 0)
        // It does not run, so there is no learner to notify first.
        #expect(ending.output.contains("is ended: Ended by an operator."))
        #expect(ending.output.contains("\n1 session told or ended\n"))
        #expect(try await client.sessions(isLive: true, limit: 10).isEmpty)
        serve.signal(SIGTERM)
        #expect(try await serve.end() == 0)
    }

    @ControlLoop
    @Test("carrel reload answers with what has changed, with nothing, or with the line that is wrong")
    func reload() async throws {
        let house = try House()
        let serve = try CarrelProcess("serve", "--config", house.file)
        try await serve.expect("ready")
        func reload() async throws -> (status: Int32, text: String) {
            let command = try CarrelProcess("reload", "--config", house.file)
            return (try await command.end(), command.output)
        }
        #expect(try await reload().text.contains("nothing has changed"))
        let changed =
            house.configuration.replacing("slots: 4", with: "slots: 7")
            .replacing("image: carrel/jupyterlab}", with: "image: carrel/jupyterlab, idle_timeout: 20m}")
            + "\n  - {name: r, image: carrel/r}\nhomes: homes\n"
        try house.write(changed)
        let answer = try await reload()
        #expect(answer.status == 0 && answer.text.contains("host one: slots 4, now 7"), "\(answer.text)")
        #expect(answer.text.contains("lab python: idle_timeout 30m, now 20m"))
        #expect(answer.text.contains("lab r: new") && answer.text.contains("changes of homes wait for the next start"))
        try house.write(changed.replacing("slots: 7", with: "slots: many"))
        let refused = try await reload()
        #expect(refused.status == 1 && refused.text.contains("carrel.yaml:8:52: hosts[0].slots is \"many\""))
        #expect(try await ControlClient(socket: house.controlSocket).hosts().map(\.slots) == [7])
        serve.signal(SIGTERM)
        #expect(try await serve.end() == 0)
    }
}
