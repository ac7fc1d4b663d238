import Foundation
import Programs
import Testing

@testable import FleetSupport

/// The command that restarts engine 1, as words separated by spaces.
private let restart = ProcessInfo.processInfo.environment["CARREL_TEST_ENGINE_RESTART"]?.split(separator: " ")
    .map(String.init)

/// Runs by itself, because no other test's labs may be on that engine meanwhile.
@Suite(
    "A restart of an engine", .serialized,
    .enabled(if: restart != nil, "Scripts/test runs it after the others, for it stops an engine"))
struct EngineRestartTests {
    @Test("ends labs for that reason, which learners read; the host is tried again, and labs start again with files")
    func restarted() async throws {
        try await withFleet(Plan()) { fleet in
            let ada = try await fleet.open("ada")
            try await ada.upload(Array("kept".utf8), as: "note.txt")
            let host = try await fleet.hosts()[0].name
            try await Command(restart ?? []).succeed(within: .seconds(120))

            let ended = try await fleet.wait(for: ada.session, toBe: "ended", within: .seconds(60))
            let reason = try #require(ended.reason)
            #expect(reason.contains("the engine of its host \(host) was restarted"), "\(reason)")
            let page = try await ada.get("/.carrel/", for: .navigation).text
            #expect(page.contains("It ended because the computer it ran on was restarted."), "\(page)")

            try await eventually("the host takes labs again", within: .seconds(60)) {
                try await fleet.host(host).state == "active"
            }
            #expect(try await fleet.hosts().map(\.network) == ["proved"])
            let form = try await ada.reload()
            _ = try await form.submitForm(in: ada.browser)
            try await fleet.wait(for: ada.session, toBe: "running", within: .seconds(60))
            #expect(try await ada.download("note.txt") == Array("kept".utf8))
            try await fleet.expectNothingLeaked()
        }
    }
}
