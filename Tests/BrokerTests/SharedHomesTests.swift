import Foundation
import Identity
import Literals
import Programs
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
            let homes = SharedHomes(root: root, directory: "p", instance: "one")
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
                try SharedHomes(root: root, directory: "p", instance: "one").ensure(
                    portal: "p", learner: "eve", userID: 1000, groupID: 1000)
            }
            #expect(error?.message.contains("/p/eve is in the way") == true)
        }
    }

    @Test("A missing root is named together with what to check")
    func missingRoot() {
        let error = #expect(throws: SharedHomes.Failure.self) {
            try SharedHomes(root: "/nonexistent/homes", directory: "p", instance: "one").ensure(
                portal: "p", learner: "ada", userID: 1, groupID: 1)
        }
        #expect(error?.message.contains("/nonexistent/homes/p cannot be made") == true)
        #expect(error?.message.contains("mounted and writable") == true)
    }

    private func ensure(
        _ learner: String, in root: String, portal: PortalID = "p", directory: String? = nil, instance: String = "one"
    ) throws -> String {
        try SharedHomes(root: root, directory: directory ?? portal.rawValue, instance: instance).ensure(
            portal: portal, learner: learner, userID: Int(getuid()), groupID: Int(getgid()))
    }

    @Test("A second Carrel with the same portal name on one root is refused, until an operator gives it the homes")
    func twoBrokers() throws {
        try withRoot { root in
            let home = try ensure("ada", in: root)
            let marker = root + "/p/" + HomesClaim.fileName
            #expect(try String(contentsOfFile: marker, encoding: .utf8) == "instance one\nportal p\n")
            let error = #expect(throws: SharedHomes.Failure.self) { try ensure("ada", in: root, instance: "two") }
            #expect(error?.message.contains("another Carrel (instance one, portal p)") == true)
            #expect(error?.message.contains("remove that file") == true)
            #expect(throws: SharedHomes.Failure.self) { try ensure("bob", in: root, instance: "two") }
            #expect(!FileManager.default.fileExists(atPath: root + "/p/bob"))
            // The first Carrel keeps working, and so does the second with another portal.
            #expect(try ensure("ada", in: root) == home)
            #expect(try ensure("ada", in: root, portal: "q", instance: "two") == root + "/q/ada")

            #expect(HomesClaim(root: root, directory: "p", portal: "p", instance: "one").problem() == nil)
            #expect(
                HomesClaim(root: root, directory: "p", portal: "p", instance: "two").problem()?.contains(marker) == true
            )
            #expect(HomesClaim(root: root, directory: "unused", portal: "unused", instance: "two").problem() == nil)

            try FileManager.default.removeItem(atPath: marker)
            #expect(try ensure("ada", in: root, instance: "two") == home)
            #expect(throws: SharedHomes.Failure.self) { try ensure("ada", in: root) }
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: root + "/p").sorted() == [".carrel-portal", "ada"])
        }
    }

    @Test("Of many brokers that come at the same time, one has the homes")
    func race() async throws {
        let root = NSTemporaryDirectory() + "carrel-homes-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: root + "/p", withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: root) }
        let winners = await withTaskGroup(of: Bool.self) { group in
            for number in 0..<20 {
                group.addTask {
                    do throws(OwnerFile.Failure) {
                        try HomesClaim(root: root, directory: "p", portal: "p", instance: "i\(number)").take()
                        return true
                    } catch { return false }
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(winners == 1)
    }

    @Test("A link in the marker's place is refused, for it could lead out of the homes")
    func markerLink() throws {
        try withRoot { root in
            try FileManager.default.createDirectory(atPath: root + "/p", withIntermediateDirectories: true)
            try FileManager.default.createSymbolicLink(
                atPath: root + "/p/" + HomesClaim.fileName, withDestinationPath: "/etc/hostname")
            #expect(throws: SharedHomes.Failure.self) { try ensure("ada", in: root) }
        }
    }

    @Test("Where names differ in case only, each learner has a home of their own, the first one by the plain name")
    func namesOfTheirOwn() throws {
        try withRoot { root in
            let homes = SharedHomes(root: root, directory: "p", instance: "one")
            for _ in 0..<2 {
                let names = try ["Ada", "ada", "ADA", "bob"].map { try homes.nameOfItsOwn(for: $0, in: root) }
                #expect(names[0] == "Ada" && names[3] == "bob")
                #expect(Set(names.map { $0.lowercased() }).count == 4)
            }
        }
    }

    @Test(
        "A home from before there were owner files is found again by the learner whose name it has, and by nobody else")
    func olderHomes() throws {
        try withRoot { root in
            // The directory that a file system that ignores case would also find under the other name.
            try FileManager.default.createDirectory(atPath: root + "/Ada", withIntermediateDirectories: true)
            let homes = SharedHomes(root: root, directory: "p", instance: "one")
            #expect(try homes.nameOfItsOwn(for: "Ada", in: root) == "Ada")
            #expect(try homes.nameOfItsOwn(for: "ada", in: root) == HomeName.distinct("ada"))
        }
    }

    @Test(
        "Ada and ada never share a home on a real file system that ignores case", .enabled(if: CaselessDisk.isAvailable)
    )
    func caselessDisk() async throws {
        let disk = try await CaselessDisk()
        let (first, second) = (try ensure("Ada", in: disk.path), try ensure("ada", in: disk.path))
        try "Ada's".write(toFile: first + "/notes.txt", atomically: true, encoding: .utf8)
        #expect(!FileManager.default.fileExists(atPath: second + "/notes.txt"))
        #expect(try ensure("Ada", in: disk.path) == first)
        #expect(try ensure("ada", in: disk.path) == second)
        // The same applies to the directories of portals.
        #expect(throws: SharedHomes.Failure.self) {
            try ensure("ada", in: disk.path, portal: "other", directory: "P")
        }
    }
}

/// A separate file system that ignores case: NTFS by lowntfs-3g, which needs root.
private final class CaselessDisk {
    static let isAvailable =
        getuid() == 0 && access("/dev/fuse", R_OK | W_OK) == 0 && access("/usr/bin/lowntfs-3g", X_OK) == 0
        && access("/usr/sbin/mkntfs", X_OK) == 0

    let path: String
    private var image: String { path + ".img" }

    init() async throws {
        path = NSTemporaryDirectory() + "carrel-caseless-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try Data(count: 8 << 20).write(to: URL(fileURLWithPath: path + ".img"))
        try await Command([
            "/usr/sbin/mkntfs", "-q", "-F", "-s", "512", "-p", "0", "-H", "0", "-S", "0", path + ".img",
        ]).succeed()
        try await Command(["/usr/bin/lowntfs-3g", "-o", "ignore_case,permissions", path + ".img", path]).succeed()
    }

    deinit {
        umount2(path, 0)
        rmdir(path)
        unlink(image)
    }
}
