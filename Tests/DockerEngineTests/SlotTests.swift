import EventLoop
import Foundation
import HTTPTransport
import Programs
import Testing

@testable import DockerEngine

/// Slot orders carried out by the helper's program on a real engine, in the helper containers.
@Suite("A slot", .enabled(if: !TestEngine.all.isEmpty), .timeLimit(.minutes(2)), .serialized)
@ControlLoop
struct SlotTests {
    /// A holder and a keeper with their own homes root; only engines of this machine see the root.
    @ControlLoop
    private struct Place {
        let corner: Corner
        let homes: String
        let slots: String
        let keeper: String

        init(_ corner: Corner) async throws {
            self.corner = corner
            homes = "/tmp/slots-\(corner.label)"
            for home in ["ada", "grace"] {
                let path = "\(homes)/school/\(home)"
                try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
                try home.write(toFile: path + "/name", atomically: true, encoding: .utf8)
                try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: path)
            }
            // The corner's volume has its network's name, so that it is cleared.
            slots = try await corner.engine.ensureSharedMount(name: corner.network, labels: corner.labels)
            let held = HelperSpec.Mount.volume(name: corner.network, destination: "/held")
            let holder = HelperSpec(command: ["hold"], labels: corner.labels, mounts: [held])
            try await corner.engine.startHelper(name: "\(corner.label)-holder", holder)
            keeper = "\(corner.label)-keeper"
            try await corner.engine.startHelper(
                name: keeper,
                HelperSpec(
                    command: ["hold"], labels: corner.labels, capabilities: [.systemAdministration], user: "0:0",
                    mounts: [
                        held, .shared(source: slots, destination: "/slots"),
                        .directory(source: homes, destination: "/homes", isReadOnly: false),
                    ]))
        }

        /// The answer to each order, without its number.
        func obey(_ orders: String...) async throws -> [String] {
            let words = orders.enumerated().map { "\($0) \($1)" }
            let (lines, _) = try await corner.engine.execute(
                [HelperSpec.program, "slots"] + words, in: keeper, timeout: .seconds(10))
            return lines.map { String($0.drop { $0 != " " }.dropFirst()) }
        }

        func list() async throws -> [String] {
            try await corner.engine.execute(
                [HelperSpec.program, "list-slots"], in: keeper, timeout: .seconds(10)
            ).lines
        }

        /// A lab with this slot and without capabilities, which runs until it is removed.
        func lab(_ slot: String) async throws -> String {
            var spec = corner.spec(
                "exec sleep 300", mounts: [.slot(source: "\(slots)/\(slot)", destination: "/slot")])
            spec.network = "none"
            let id = try await corner.engine.create(name: "\(corner.label)-lab-\(slot)", spec)
            try await corner.engine.start(id)
            return id
        }

        func look(_ command: String, in lab: String) async throws -> String {
            try await corner.engine.execute(["sh", "-c", command], in: lab, timeout: .seconds(10)).lines.joined(
                separator: " ")
        }
    }

    private func inPlace(_ engine: TestEngine, _ body: @ControlLoop (Place) async throws -> Void) async throws {
        let corner = try Corner(engine)
        defer { try? FileManager.default.removeItem(atPath: "/tmp/slots-\(corner.label)") }
        do {
            try await body(try await Place(corner))
        } catch {
            try? await corner.clear()
            throw error
        }
        try await corner.clear()
        let left = try hostMounts()
        #expect(!left.contains("/\(corner.network)/"), "the engine has left its mount on the host")
    }

    @Test(
        "shows a home in a lab that runs, once or twice, and no other home; its end removes no file",
        arguments: TestEngine.all.prefix(1))
    func attaches(engine: TestEngine) async throws {
        try await inPlace(engine) { place in
            #expect(try await place.obey("make w-1 1000:1000", "make w-1 1000:1000") == ["done", "done"])
            let lab = try await place.lab("w-1")
            #expect(try await place.look("touch /slot/early && ls /slot", in: lab) == "early")
            try FileManager.default.setAttributes(
                [.ownerAccountID: 1000, .groupOwnerAccountID: 1000], ofItemAtPath: place.homes + "/school/ada")
            #expect(
                try await place.obey("attach w-1 school/ada", "attach w-1 school/ada", "attach w-1 school/grace")
                    == ["done", "done", "failed the slot is not empty"])
            #expect(try await place.look("ls /slot; cat /slot/name; echo", in: lab) == "name ada")
            // Mounts that the lab makes or removes do not propagate: it only follows the host.
            let mounts = try await place.look("grep ' /slot ' /proc/self/mountinfo", in: lab)
            #expect(mounts.contains("master:") && !mounts.contains("shared:"), "\(mounts)")
            #expect(try await place.list() == ["w-1"])

            try await place.corner.engine.remove(lab, force: true)
            #expect(try await place.obey("clear w-1", "clear w-1", "clear w-2") == ["done", "done", "done"])
            #expect(try await place.list().isEmpty)
            #expect(FileManager.default.fileExists(atPath: place.homes + "/school/ada/name"))
        }
    }

    @Test(
        "takes no path that leaves the homes, follows no link, and has a plain name",
        arguments: TestEngine.all.prefix(1))
    func refusesPaths(engine: TestEngine) async throws {
        try await inPlace(engine) { place in
            #expect(try await place.obey("make w-1 1000:1000") == ["done"])
            let manager = FileManager.default
            try manager.createSymbolicLink(atPath: place.homes + "/school/link", withDestinationPath: "ada")
            try manager.createSymbolicLink(atPath: place.homes + "/school/root", withDestinationPath: "/")
            try manager.createSymbolicLink(atPath: place.homes + "/other", withDestinationPath: "school")
            for home in [
                "school/link", "school/root", "school/root/etc", "other/ada", "../slots", "/homes/school/ada",
                "school/ada/../../../etc", "school/nobody", "", "school/ada/name",
            ] {
                let answer = try await place.obey("attach w-1 \(home)")
                #expect(answer.first?.hasPrefix("failed the home cannot be opened") == true, "\(home): \(answer)")
            }
            for slot in ["../x", "a/b", ".", "..", "", "/slots"] {
                #expect(try await place.obey("make \(slot) 1:1") == ["failed this is no name of a slot"], "\(slot)")
            }
            #expect(try await place.obey("mount w-1 x", "").allSatisfy { $0.hasPrefix("failed") })
            #expect(try await place.obey("clear w-1") == ["done"])
        }
    }

    @Test("outlives the keeper, whose successor takes the slots over", arguments: TestEngine.all.prefix(1))
    func outlivesKeeper(engine: TestEngine) async throws {
        try await inPlace(engine) { place in
            #expect(
                try await place.obey("make w-1 1000:1000", "attach w-1 school/ada") == ["done", "done"])
            let lab = try await place.lab("w-1")
            try await place.corner.engine.remove(place.keeper, force: true)
            // Only the owner may read the home, so the lab's user sees a closed directory, not an empty one.
            let owner = try await place.look("stat -c %u /slot", in: lab)
            #expect(owner == "0")
            let listed = try hostMounts()
            #expect(listed.contains("\(place.slots)/w-1 "))
        }
    }
}
