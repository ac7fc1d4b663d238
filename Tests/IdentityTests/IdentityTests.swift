import Identity
import Literals
import Testing

@Suite("Portals and their labs") struct IdentityTests {
    @Test("a portal's name is a label of a hostname in lower case", arguments: ["a", "school", "4u", "the-school-2"])
    func names(text: String) {
        #expect(PortalID(checking: text)?.rawValue == text)
        let longest = String(repeating: "a", count: PortalID.longestName)
        #expect(PortalID(checking: longest) != nil && PortalID(checking: longest + "a") == nil)
    }

    @Test(
        "anything else is no portal's name",
        arguments: ["", "-a", "a-", "School", "a_b", "a.b", "a/b", "a b", "a\n", "é", "..", "٣"])
    func noNames(text: String) { #expect(PortalID(checking: text) == nil) }

    @Test("labs of one name in two portals are two labs")
    func labs() {
        let (one, other): (LabKey, LabKey) = ("acme/python", "school/python")
        #expect(one != other && one.name == other.name && "\(one)" == "acme/python")
        #expect([other, "school/a", one].sorted() == [one, "school/a", other])
    }

    @Test("a portal's scope admits that portal alone, and the scope of all admits every portal")
    func scopes() {
        let own = Scope.portal("school")
        #expect(own.admits("school") && !own.admits("acme") && own.portal == "school")
        #expect(Scope.all.admits("school") && Scope.all.admits("acme") && Scope.all.portal == nil)
    }
}
