import BrokerCore
import Foundation
import Store
import Testing

@testable import Broker
@testable import Portal

@Suite("The API's words")
struct APITests {
    private func refusal(_ body: () throws(APIRefusal) -> Void) -> APIRefusal? {
        do { try body() } catch { return error }
        return nil
    }

    @Test("Keys are snake_case and times are milliseconds, and the command line reads what is written")
    func coding() throws {
        let answer = APISession(
            session: view("running", host: "h2"),
            story: [
                StoryEntry(
                    session: slug, at: Timestamp(milliseconds: 5), epoch: 1, state: "queued", host: nil,
                    reason: "A click")
            ])
        let bytes = APICoding.encode(answer)
        let text = String(decoding: bytes, as: UTF8.self)
        #expect(text.contains("\"learner_name\":\"Ada Lovelace\""))
        #expect(text.contains("\"created_at\":1700000000000"))
        #expect(text.contains("\"url\":\"https://\(slug).labs.test/\""))
        #expect(try APICoding.decode(APISession.self, from: bytes) == answer)
    }

    @Test("A session's filter takes every condition, and an empty value is refused by its name")
    func filter() throws {
        let filter = try SessionQuery(query: [
            ("state", "running"), ("host", "h1"), ("learner", "ada"), ("lab", "python"), ("limit", "7"),
        ])
        #expect(filter == SessionQuery(state: "running", host: "h1", learner: "ada", lab: "python", limit: 7))
        for name in ["state", "host", "learner", "lab", "course", "live", "limit"] {
            let refusal = refusal { () throws(APIRefusal) in _ = try SessionQuery(query: [(name, "")]) }
            #expect(refusal == .bad("\(name) is empty; give it a value, or leave it out."))
        }
        #expect(refusal { () throws(APIRefusal) in _ = try APIReservations.limit([("limit", "")]) } == .empty("limit"))
        #expect(refusal { () throws(APIRefusal) in _ = try APICapacity.Question([("lab", "")]) } == .empty("lab"))
    }

    @Test(
        "A filter that cannot be meant is refused by name",
        arguments: [
            ("state", "dead", "\"dead\""), ("limit", "0", "between 1 and"), ("limit", "x", "\"x\""),
            ("limit", "10001", "10000"), ("colour", "red", "\"colour\""),
        ])
    func badFilter(name: String, value: String, words: String) {
        let refusal = refusal { () throws(APIRefusal) in _ = try SessionQuery(query: [(name, value)]) }
        #expect(refusal?.status == 400)
        #expect(refusal?.body.error.code == "badRequest")
        #expect(refusal?.body.error.message.contains(words) == true)
    }

    @Test("A drain has a deadline within limits, or none of its own")
    func drain() throws {
        #expect(try APIDrain(body: []).deadline(ending: 1) == nil)
        #expect(try APIDrain(body: Array("{}".utf8)).deadline(ending: 1) == nil)
        let least = PortalLimits.endNotice
        let seconds = Int(least.components.seconds)
        #expect(try APIDrain(deadlineSeconds: seconds).deadline(ending: 1) == least)
        for short in [0, 60, seconds - 1] {
            let drain = APIDrain(deadlineSeconds: short)
            let refusal = refusal { () throws(APIRefusal) in _ = try drain.deadline(ending: 2) }
            #expect(refusal?.status == 400)
            let words = "deadline_seconds is \(short), sooner than the usual notice of 300; 2 sessions there would end"
            #expect(refusal?.body.error.message.hasPrefix(words) == true)
            let body = Array("{\"deadline_seconds\":\(short),\"without_notice\":true}".utf8)
            #expect(try APIDrain(body: body).deadline(ending: 2) == .seconds(short))
        }
        for bad in ["-1", "604801", "\"1h\"", "1.5", "["] {
            let body = Array("{\"deadline_seconds\":\(bad)}".utf8)
            let refusal = refusal { () throws(APIRefusal) in _ = try APIDrain(body: body).deadline(ending: 1) }
            #expect(refusal?.status == 400, "\(bad)")
        }
    }

    @Test("A note is optional and has a limit")
    func note() throws {
        #expect(try APIEnd(body: []).checkedNote() == "")
        #expect(try APIEnd(body: Array("{\"note\":\"maintenance\"}".utf8)).checkedNote() == "maintenance")
        let long = APIEnd(note: String(repeating: "ü", count: PortalLimits.noteCharacters + 1))
        #expect(refusal { () throws(APIRefusal) in _ = try long.checkedNote() }?.status == 400)
        #expect(try APIEnd(note: String(repeating: "ü", count: PortalLimits.noteCharacters)).checkedNote().count == 500)
    }

    @Test("The status counts hosts by state and adds up their seats")
    func status() {
        func host(_ name: String, _ state: HostState, sessions: Int) -> HostView {
            HostView(
                name: name, endpoint: "unix:///x", state: state, reason: nil, sessions: sessions, starting: 1,
                startsAllowed: 2,
                seats: sessions + 1, slots: 10, memoryUsedBytes: 0, memoryLimitBytes: 1, use: HostUseView(nil),
                density: 0, drainDeadline: nil,
                origin: .configuration, isAdjusted: false, labels: [:], otherContainers: 0, otherMemoryBytes: 0)
        }
        let status = APIStatus(
            version: "1", processId: 7, instance: "i", startedAt: Timestamp(milliseconds: 1),
            hosts: [
                host("a", .active, sessions: 3), host("b", .active, sessions: 2), host("c", .drained, sessions: 0),
            ],
            queued: 4)
        #expect(status.hosts == ["active": 2, "drained": 1])
        #expect(status.sessions == 5)
        #expect(status.seats == 8)
        #expect(status.slots == 30)
    }

    @Test("Every refusal of the broker has a status and a page of its own kind")
    func refusals() {
        let statuses: [(BrokerError.Code, Int)] = [
            (.unknownLab, 404), (.unknownSession, 404), (.unknownHost, 404), (.ambiguous, 409), (.notNow, 409),
            (.neverFits, 503), (.limit, 503), (.storage, 503), (.stopping, 503), (.badCode, 403),
            (.unknownReservation, 404), (.badTerms, 400), (.noSeats, 409),
        ]
        for (code, status) in statuses {
            #expect(NoticePage.failure(BrokerError(code, "words"), .open).status == status)
        }
        let words = NoticePage.failure(BrokerError(.limit, "words"), .open).page.panel.paragraphs
        #expect(!words.contains { $0.plain.contains("words") })
    }
}
