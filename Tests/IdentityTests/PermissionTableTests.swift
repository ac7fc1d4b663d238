import Identity
import Testing

/// The table of rights once more, written by hand: what these lines say is what is right, whatever `Permissions` says.
private let expectedTable = """
    what                    on                                  own mem lea ass ins adm ope
    lab:launch              lab                                  -   x   x   x   x   x   x
    lab:enter               session                              x   -   -   -   -   -   -
    lab:look                session                              -   -   -   -   x   x   x
    lab:see                 lab,portal,broker                    -   -   -   -   -   x   x
    lab:prepull             lab                                  -   -   -   -   -   -   x
    session:see             session                              x   -   -   x   x   x   x
    session:list            course,portal,broker                 -   -   -   x   x   x   x
    session:explain         session                              -   -   -   -   -   -   x
    session:restart         session                              x   -   -   -   -   -   x
    session:keep            session                              x   -   -   -   -   -   x
    session:leave           session                              x   -   -   -   -   -   x
    session:extend          session                              -   -   -   x   x   x   x
    session:end             session                              x   -   -   -   x   x   x
    session:cancel-end      session                              -   -   -   -   -   -   x
    session:park            session                              -   -   -   -   -   x   x
    reservation:see         reservation,course,portal,broker     -   -   -   x   x   x   x
    reservation:attendance  reservation                          -   -   -   x   x   x   x
    reservation:make        course,portal                        -   -   -   -   x   x   x
    reservation:change      reservation                          -   -   -   -   x   x   x
    reservation:cancel      reservation                          -   -   -   -   x   x   x
    capacity:see            lab                                  -   -   -   -   -   -   x
    feed:read               portal                               -   -   -   -   -   x   x
    feed:see                portal,broker                        -   -   -   -   -   x   x
    feed:make               portal                               -   -   -   -   -   x   x
    feed:revoke             portal                               -   -   -   -   -   x   x
    pool:see                pool,portal,broker                   -   -   -   -   -   x   x
    pool:change             pool                                 -   -   -   -   -   -   x
    host:see                host                                 -   -   -   -   -   -   x
    host:add                host                                 -   -   -   -   -   -   x
    host:change             host                                 -   -   -   -   -   -   x
    host:remove             host                                 -   -   -   -   -   -   x
    host:cordon             host                                 -   -   -   -   -   -   x
    host:uncordon           host                                 -   -   -   -   -   -   x
    host:drain              host                                 -   -   -   -   -   -   x
    host:lost               host                                 -   -   -   -   -   -   x
    portal:see              portal,broker                        -   -   -   -   -   x   x
    portal:add              portal                               -   -   -   -   -   -   x
    portal:change           portal                               -   -   -   -   -   -   x
    portal:remove           portal                               -   -   -   -   -   -   x
    link:learner            person                               -   -   -   -   -   -   x
    link:instructor         course                               -   -   -   -   -   x   x
    ticket:sign-out         person                               x   -   -   -   -   x   x
    ticket:revoke-person    person                               x   -   -   -   -   x   x
    ticket:revoke-portal    portal                               -   -   -   -   -   x   x
    broker:status           broker                               -   -   -   -   -   -   x
    broker:metrics          broker                               -   -   -   -   -   -   x
    broker:reload           broker                               -   -   -   -   -   -   x
    broker:backup           broker                               -   -   -   -   -   -   x
    """

/// A line of the table: on which kinds of resources, and who may.
///
/// `own`: whose it is, without any other role. `mem`: anybody of the portal, on what is the portal's own. `lea`, `ass`,
/// `ins`: who has this role in the course of the resource. `adm`: an administrator of its portal. `ope`: an operator.
private struct Expected {
    var kinds: Set<String>
    var own: Bool
    var standings: [Bool]
    var operators: Bool

    init?(_ words: [Substring]) {
        guard words.count == 9, words.dropFirst(2).allSatisfy({ $0 == "x" || $0 == "-" }) else { return nil }
        let marks = words.dropFirst(2).map { $0 == "x" }
        kinds = Set(words[1].split(separator: ",").map(String.init))
        own = marks[0]
        standings = Array(marks[1...5])
        operators = marks[6]
    }

    static let rows: [(name: String, row: Expected)] = expectedTable.split(separator: "\n").dropFirst().compactMap {
        let words = $0.split(separator: " ")
        return Expected(words).map { (String(words[0]), $0) }
    }

    subscript(standing: Somebody.Standing) -> Bool { standings[standing.rawValue] }

    func allows(_ somebody: Somebody, _ resource: Resource) -> Bool {
        guard kinds.contains("\(resource.kind)"), resource.scope == .portal(somebody.claims.person.portal) else {
            return false
        }
        if somebody.standing == .administrator, self[.administrator] { return true }
        if resource.owner == somebody.claims.person, own { return true }
        let isCourseRole = [.learner, .assistant, .instructor].contains(somebody.standing)
        if isCourseRole, resource.course?.context == "101", self[somebody.standing] { return true }
        return resource.owner == nil && resource.course == nil && self[.member]
    }

    func allows(programOf portal: PortalID, _ resource: Resource) -> Bool {
        kinds.contains("\(resource.kind)") && resource.scope == .portal(portal) && self[.administrator]
    }

    func allowsOperators(_ resource: Resource) -> Bool { kinds.contains("\(resource.kind)") && operators }
}

@Suite("The table of permissions") struct PermissionTableTests {
    @Test("has exactly one expected row for each operation, by its scope name")
    func complete() {
        #expect(Expected.rows.map(\.name).sorted() == Operation.allCases.map(\.rawValue).sorted())
        let kinds = Set(Resource.Kind.allCases.map { "\($0)" })
        for (name, row) in Expected.rows { #expect(row.kinds.isSubset(of: kinds) && !row.kinds.isEmpty, "\(name)") }
        #expect(Set(TwoPortals.resources.map(\.kind)) == Set(Resource.Kind.allCases))
    }

    @Test(
        "says for everybody and everything of two portals what the expected row says",
        arguments: Operation.allCases)
    func matrix(operation: Operation) throws {
        let row = try #require(Expected.rows.first { $0.name == operation.rawValue }?.row)
        var wrong: [String] = []
        func check(_ principal: Principal, _ resource: Resource, _ expected: Bool) {
            if Permissions.allows(principal, operation, resource) != expected {
                wrong.append("\(expected ? "denied to" : "allowed to") \(principal) on \(resource)")
            }
        }
        for resource in TwoPortals.resources {
            for somebody in TwoPortals.people {
                check(.person(somebody.claims), resource, row.allows(somebody, resource))
            }
            for portal in TwoPortals.portals {
                check(TwoPortals.token(.portal(portal)), resource, row.allows(programOf: portal, resource))
            }
            for someone in TwoPortals.operators { check(someone, resource, row.allowsOperators(resource)) }
        }
        #expect(wrong.isEmpty, "\(wrong.count) wrong, such as: \(wrong.prefix(3).joined(separator: "; "))")
    }
}
