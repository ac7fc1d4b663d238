import Testing

@testable import Broker

@Suite("Names of homes")
struct HomeNameTests {
    @Test("Letters, digits and hyphens stay as they are")
    func plain() {
        #expect(HomeName.encode("Ada-42") == "Ada-42")
    }

    @Test(
        "Nothing in an identifier can leave the portal's directory",
        arguments: [
            ("..", "_2e_2e"), ("../bob", "_2e_2e_2fbob"), ("a/b", "a_2fb"), ("/etc", "_2fetc"),
            (".hidden", "_2ehidden"),
            ("a\0b", "a_00b"), ("a_b", "a_5fb"), ("żółw", "_c5_bc_c3_b3_c5_82w"), ("a b", "a_20b"),
        ])
    func hostile(identifier: String, name: String) {
        #expect(HomeName.encode(identifier) == name)
    }

    @Test("Two identifiers never share a name, however long they are")
    func distinct() {
        let long = String(repeating: "x", count: 300)
        let names = [long + "1", long + "2", long, String(repeating: "x", count: 100)].map(HomeName.encode)
        #expect(Set(names).count == 4)
        #expect(names.allSatisfy { $0.utf8.count <= HomeName.lengthMaximum })
    }

    @Test("An escaped identifier does not equal one that looks like the escape")
    func unambiguous() {
        #expect(HomeName.encode("a/b") != HomeName.encode("a_2fb"))
    }
}
