import Identity
import Literals
import Testing

@Suite("Permissions") struct PermissionTests {
    /// Everything that is allowed, of everything that anybody could ask.
    private static func allowed(_ principal: Principal) -> [(operation: Operation, resource: Resource)] {
        Operation.allCases.flatMap { operation in
            TwoPortals.resources.filter { Permissions.allows(principal, operation, $0) }.map { (operation, $0) }
        }
    }

    @Test("never reach from one portal into another, or to what all portals share")
    func portals() {
        for principal in TwoPortals.principals {
            guard case .portal(let own) = principal.scope else { continue }
            let found = Self.allowed(principal)
            #expect(!found.isEmpty && found.allSatisfy { $0.resource.scope == .portal(own) }, "\(principal)")
        }
    }

    @Test("of a course, its people and its labs do not reach the things of another portal with the same names")
    func namesakes() {
        var claims = Claims(person: Person(portal: "acme", issuer: "i", subject: "ada"), portalRole: .administrator)
        claims.courses = ["101": .instructor]
        let namesake = Person(portal: "school", issuer: "i", subject: "ada")
        #expect(claims.role(in: Course(portal: "acme", context: "101")) == .instructor)
        #expect(claims.role(in: Course(portal: "school", context: "101")) == nil)
        for operation in Operation.allCases {
            #expect(!Permissions.allows(.person(claims), operation, .session(of: namesake, course: "101")))
            #expect(!Permissions.allows(.person(claims), operation, .person(namesake)))
        }
    }

    @Test("of an operator include everybody's, except for entering a lab as its owner does")
    func operators() {
        for principal in TwoPortals.principals {
            for (operation, resource) in Self.allowed(principal) where operation != .enterLab {
                for someone in TwoPortals.operators {
                    #expect(Permissions.allows(someone, operation, resource), "\(operation) on \(resource)")
                }
            }
        }
        for someone in TwoPortals.operators {
            let found = Self.allowed(someone)
            #expect(Set(found.map(\.operation)) == Set(Operation.allCases).subtracting([.enterLab]))
        }
    }

    @Test("grow with the role, in a course and in the portal, for everything that is somebody else's")
    func roles() {
        for portal in TwoPortals.portals {
            for (lesser, greater) in zip(Somebody.Standing.allCases, Somebody.Standing.allCases.dropFirst()) {
                let (one, other) = (Somebody(lesser, of: portal), Somebody(greater, of: portal))
                for (operation, resource) in Self.allowed(.person(one.claims))
                where resource.owner != one.claims.person {
                    #expect(
                        Permissions.allows(.person(other.claims), operation, resource),
                        "\(operation) on \(resource) is for a \(lesser), and not for a \(greater)")
                }
            }
        }
        #expect(CourseRole.allCases == CourseRole.allCases.sorted())
    }

    @Test("add up where somebody has roles in several courses, and each role stays in its course")
    func severalCourses() {
        let claims = Claims(
            person: Person(portal: "acme", issuer: "i", subject: "ada"),
            courses: ["101": .instructor, "202": .learner])
        let other = Person(portal: "acme", issuer: "i", subject: "bob")
        func may(_ operation: Operation, _ resource: Resource) -> Bool {
            Permissions.allows(.person(claims), operation, resource)
        }
        let lab = LabKey(portal: "acme", name: "python")
        #expect(may(.endSession, .session(of: other, course: "101")))
        #expect(!may(.seeSession, .session(of: other, course: "202")))
        #expect(!may(.seeSession, .session(of: other, course: nil)))
        #expect(may(.launchLab, .lab(lab, course: "101")) && may(.launchLab, .lab(lab, course: "202")))
        #expect(may(.launchLab, .lab(lab, course: nil)) && !may(.launchLab, .lab(lab, course: "303")))
        #expect(may(.reserveSeats, .course(Course(portal: "acme", context: "101"))))
        #expect(!may(.reserveSeats, .course(Course(portal: "acme", context: "202"))))
        #expect(!may(.reserveSeats, .portal("acme")))
    }

    @Test("of a token are those of its operations alone, and never more than an administrator's in its portal")
    func tokens() {
        for portal in TwoPortals.portals {
            let administrator = Principal.person(Somebody(.administrator, of: portal).claims)
            for operation in Operation.allCases {
                let found = Self.allowed(TwoPortals.token(.portal(portal), [operation]))
                #expect(found.allSatisfy { $0.operation == operation })
                for (operation, resource) in found {
                    #expect(Permissions.allows(administrator, operation, resource), "\(operation) on \(resource)")
                }
            }
            #expect(Self.allowed(TwoPortals.token(.portal(portal), [])).isEmpty)
        }
        for operation in Operation.allCases {
            #expect(Self.allowed(TwoPortals.token(.all, [operation])).allSatisfy { $0.operation == operation })
        }
        #expect(Self.allowed(TwoPortals.token(.all, [])).isEmpty)
    }

    @Test("of a calendar feed's address are to read that portal's calendar, and nothing else")
    func feeds() {
        let found = Self.allowed(TwoPortals.token(.portal("acme"), [.readFeed]))
        #expect(found.count == 1 && found[0].resource == .portal("acme"))
    }

    @Test("are asked for by scope names, of which an unknown one stands for no operation")
    func names() {
        for operation in Operation.allCases {
            #expect(Operation(rawValue: operation.rawValue) == operation)
            let parts = operation.rawValue.split(separator: ":", omittingEmptySubsequences: false)
            let isName = { (part: Substring) in
                !part.isEmpty && part.allSatisfy { $0 == "-" || ("a"..."z").contains($0) }
            }
            #expect(parts.count == 2 && parts.allSatisfy(isName), "\(operation)")
        }
        for name in ["", "*", "all", "lab", "lab:", "lab:*", "LAB:SEE", " lab:see", "seeLabs"] {
            #expect(Operation(rawValue: name) == nil, "\(name)")
        }
    }
}

@Suite("A person") struct PersonTests {
    private let ada = Person(portal: "school", issuer: "https://caf\u{E9}.example", subject: "Jos\u{E9}")

    @Test("is another in another portal, of another issuer, and with other bytes in the identifier")
    func identity() {
        let others = [
            Person(portal: "acme", issuer: ada.issuer, subject: ada.subject),
            Person(portal: ada.portal, issuer: Person.signedLinks, subject: ada.subject),
            // The same texts to Unicode, and to Swift's strings.
            Person(portal: ada.portal, issuer: "https://cafe\u{301}.example", subject: ada.subject),
            Person(portal: ada.portal, issuer: ada.issuer, subject: "Jose\u{301}"),
            Person(portal: ada.portal, issuer: ada.issuer, subject: "jos\u{E9}"),
        ]
        #expect(others.allSatisfy { $0 != ada } && Set(others + [ada]).count == 6)
        #expect(ada == Person(portal: ada.portal, issuer: ada.issuer, subject: ada.subject))
    }

    @Test("is the same under every name, and owns only what belongs to exactly this person")
    func names() {
        let claims = Claims(person: ada, name: "Ada")
        var renamed = claims
        renamed.name = "Bob"
        let lookalike = Person(portal: ada.portal, issuer: ada.issuer, subject: "Jose\u{301}")
        #expect(Permissions.allows(.person(renamed), .enterLab, .session(of: ada, course: nil)))
        #expect(!Permissions.allows(.person(claims), .enterLab, .session(of: lookalike, course: nil)))
    }
}
