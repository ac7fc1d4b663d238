import Foundation
import Testing

@testable import Broker

@Suite("The shared homes root")
struct SharedHomesTests {
    private func withRoot(_ body: (String) throws -> Void) throws {
        let root = NSTemporaryDirectory() + "carrel-homes-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: root) }
        try body(root)
    }

    @Test("A learner's home is made once, private, and its files stay")
    func once() throws {
        try withRoot { root in
            let homes = SharedHomes(root: root)
            let (user, group) = (Int(getuid()), Int(getgid()))
            let home = try homes.ensure(portal: "p", learner: "ada", userID: user, groupID: group)
            #expect(home == root + "/p/ada")
            try "kept".write(toFile: home + "/notes.txt", atomically: true, encoding: .utf8)
            #expect(try homes.ensure(portal: "p", learner: "ada", userID: user, groupID: group) == home)
            #expect(try String(contentsOfFile: home + "/notes.txt", encoding: .utf8) == "kept")
            let mode = try FileManager.default.attributesOfItem(atPath: home)[.posixPermissions] as? Int
            #expect(mode == 0o700)
        }
    }

    @Test("A symbolic link in a home's place is refused, for it could lead out of the portal")
    func link() throws {
        try withRoot { root in
            try FileManager.default.createDirectory(atPath: root + "/p", withIntermediateDirectories: true)
            try FileManager.default.createSymbolicLink(atPath: root + "/p/eve", withDestinationPath: "/etc")
            let error = #expect(throws: SharedHomes.Failure.self) {
                try SharedHomes(root: root).ensure(portal: "p", learner: "eve", userID: 1000, groupID: 1000)
            }
            #expect(error?.message.contains("/p/eve is in the way") == true)
        }
    }

    @Test("A missing root is named together with what to check")
    func missingRoot() {
        let error = #expect(throws: SharedHomes.Failure.self) {
            try SharedHomes(root: "/nonexistent/homes").ensure(portal: "p", learner: "ada", userID: 1, groupID: 1)
        }
        #expect(error?.message.contains("/nonexistent/homes/p cannot be made") == true)
        #expect(error?.message.contains("mounted and writable") == true)
    }
}
