import Foundation
import Testing

@testable import ReadRevision

@Suite("The commit of a checkout") final class CheckoutTests {
    private static let commit = "8e708e3f00d1234567890abcdef1234567890abc"
    private let root = FileManager.default.temporaryDirectory.appendingPathComponent("checkout-\(UUID().uuidString)")

    deinit { try? FileManager.default.removeItem(at: root) }

    private func write(_ path: String, _ text: String) throws {
        let file = root.appendingPathComponent(path)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try text.write(to: file, atomically: true, encoding: .utf8)
    }

    private func commit(at path: String = "") -> String? { Checkout(at: root.appendingPathComponent(path))?.commit }

    @Test("is the one to which the branch in HEAD points")
    func branch() throws {
        try write(".git/HEAD", "ref: refs/heads/feature/labs\n")
        try write(".git/refs/heads/feature/labs", Self.commit + "\n")
        #expect(commit() == Self.commit)
    }

    @Test("is found among packed branches, where another one has a longer name")
    func packed() throws {
        try write(".git/HEAD", "ref: refs/heads/main\n")
        let other = String(repeating: "a", count: 40)
        try write(
            ".git/packed-refs",
            "# pack-refs with: peeled fully-peeled sorted\n\(other) refs/heads/main2\n\(Self.commit) refs/heads/main\n"
                + "\(other) refs/tags/v1\n^\(other)\n")
        #expect(commit() == Self.commit)
    }

    @Test("is HEAD itself where no branch is checked out")
    func detached() throws {
        try write(".git/HEAD", Self.commit + "\n")
        #expect(commit() == Self.commit)
    }

    @Test("is found from a worktree, which has a HEAD of its own and shares the branches")
    func worktree() throws {
        try write("main/.git/HEAD", "ref: refs/heads/main\n")
        try write("main/.git/refs/heads/side", Self.commit + "\n")
        try write("main/.git/worktrees/side/HEAD", "ref: refs/heads/side\n")
        try write("main/.git/worktrees/side/commondir", "../..\n")
        try write("side/.git", "gitdir: \(root.path)/main/.git/worktrees/side\n")
        #expect(commit(at: "side") == Self.commit)
        try write("near/.git", "gitdir: ../main/.git/worktrees/side\n")
        #expect(commit(at: "near") == Self.commit)
    }

    @Test("is unknown without a checkout, before the first commit, and where the files say something else")
    func unknown() throws {
        #expect(commit() == nil)
        try write(".git/HEAD", "ref: refs/heads/main\n")
        #expect(commit() == nil)
        try write(".git/refs/heads/main", "nothing that names a commit\n")
        #expect(commit() == nil)
        try write("odd/.git", "no directory\n")
        #expect(commit(at: "odd") == nil)
    }
}
