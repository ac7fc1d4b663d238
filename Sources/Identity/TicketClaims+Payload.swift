/// A ticket's payload: lines of `name=value` in UTF-8, each ended by a line feed. It is neither signed nor encrypted
/// here; whoever takes it from outside verifies its signature first.
///
///     version=1
///     portal=school
///     issuer=https://platform.example
///     subject=4711
///     name=Ada Lovelace
///     course=assistant 1800043200 101
///     administrator=1800043200
///     issued=1800000000
///     expires=1800043200
///     generation=3
///     visit=k3v7x2aq
///
/// `name` and `administrator` may be missing. There is a `course` for each course: the role, its end and the context,
/// sorted by the bytes of the context. Every ticket has exactly one payload, and every other spelling is refused.
extension TicketClaims {
    private static let version = "1"

    private enum Field: String {
        case version, portal, issuer, subject, name, course, administrator, issued, expires, generation, visit
    }

    /// - Throws: `badField` for a value that no ticket may have, and `tooLong`.
    public func payload() throws(TicketFault) -> [UInt8] {
        try check()
        var bytes: [UInt8] = []
        func write(_ field: Field, _ value: some CustomStringConvertible) {
            bytes += Array("\(field.rawValue)=\(value)\n".utf8)
        }
        write(.version, Self.version)
        write(.portal, person.portal)
        write(.issuer, person.issuer)
        write(.subject, person.subject)
        if let name { write(.name, name) }
        let sorted = courses.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        for (context, claim) in sorted { write(.course, "\(claim.role.rawValue) \(claim.until) \(context)") }
        if let administratorUntil { write(.administrator, administratorUntil) }
        write(.issued, issued)
        write(.expires, expires)
        write(.generation, generation)
        write(.visit, visit)
        guard bytes.count <= IdentityLimits.ticketPayload else { throw .tooLong }
        return bytes
    }

    /// Decodes what `payload()` has encoded, and nothing else.
    public init(payload: [UInt8]) throws(TicketFault) {
        guard payload.count <= IdentityLimits.ticketPayload else { throw .tooLong }
        var values: [Field: String] = [:]
        var courses: [String: CourseClaim] = [:]
        let lines = payload.dropLast().split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            let (field, value) = try Self.parts(of: line)
            if index == 0, field != .version || value != Self.version { throw .unknownVersion }
            if field == .course {
                let (context, claim) = try Self.courseClaim(value)
                courses[context] = claim
            } else {
                values[field] = value
            }
        }
        func text(_ field: Field) throws(TicketFault) -> String {
            guard let value = values[field] else { throw .badField(field.rawValue) }
            return value
        }
        func number(_ field: Field) throws(TicketFault) -> Int64 {
            guard let number = Int64(try text(field)) else { throw .badField(field.rawValue) }
            return number
        }
        self.init(
            person: Person(
                portal: PortalID(rawValue: try text(.portal)), issuer: try text(.issuer), subject: try text(.subject)),
            name: values[.name], courses: courses,
            administratorUntil: values[.administrator] == nil ? nil : try number(.administrator),
            issued: try number(.issued), expires: try number(.expires), generation: try number(.generation),
            visit: try text(.visit))
        // Encoding it again checks all values, and that no field is there twice, in another order or spelling.
        guard try self.payload() == payload else { throw .malformed }
    }

    // MARK: The values

    private func check() throws(TicketFault) {
        guard PortalID(checking: person.portal.rawValue) != nil else { throw .badField(Field.portal.rawValue) }
        try Self.check(.issuer, person.issuer, IdentityLimits.issuerLength)
        try Self.check(.subject, person.subject, IdentityLimits.subjectLength)
        if let name { try Self.check(.name, name, IdentityLimits.nameLength) }
        guard courses.count <= IdentityLimits.ticketCourses else { throw .tooLong }
        guard (0...IdentityLimits.latestTime).contains(issued) else { throw .badField(Field.issued.rawValue) }
        guard expires <= IdentityLimits.latestTime, expires > issued, expires - issued <= IdentityLimits.ticketSeconds
        else { throw .badField(Field.expires.rawValue) }
        let moments = (issued + 1)...expires
        for (context, claim) in courses {
            try Self.check(.course, context, IdentityLimits.contextLength)
            guard moments.contains(claim.until) else { throw .badField(Field.course.rawValue) }
        }
        guard administratorUntil.map(moments.contains) ?? true else { throw .badField(Field.administrator.rawValue) }
        guard generation >= 0 else { throw .badField(Field.generation.rawValue) }
        guard (1...IdentityLimits.visitLength).contains(visit.utf8.count), visit.utf8.allSatisfy(Self.isVisitByte)
        else { throw .badField(Field.visit.rawValue) }
    }

    private static func check(_ field: Field, _ value: String, _ maximum: Int) throws(TicketFault) {
        guard FieldText.fault(in: value, maximum: maximum) == nil else { throw .badField(field.rawValue) }
    }

    private static func isVisitByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    // MARK: Lines

    /// Bytes are split rather than characters: a combining mark after `=` makes another character of it.
    private static func parts(of line: ArraySlice<UInt8>) throws(TicketFault) -> (Field, String) {
        guard let equals = line.firstIndex(of: UInt8(ascii: "=")),
            let field = String(validating: line[..<equals], as: UTF8.self).flatMap(Field.init(rawValue:)),
            let value = String(validating: line[(equals + 1)...], as: UTF8.self)
        else { throw .malformed }
        return (field, value)
    }

    private static func courseClaim(_ value: String) throws(TicketFault) -> (context: String, claim: CourseClaim) {
        let parts = Array(value.utf8).split(
            separator: UInt8(ascii: " "), maxSplits: 2, omittingEmptySubsequences: false
        )
        .map { String(decoding: $0, as: UTF8.self) }
        guard parts.count == 3, let role = CourseRole(rawValue: parts[0]), let until = Int64(parts[1]) else {
            throw .badField(Field.course.rawValue)
        }
        return (parts[2], CourseClaim(role: role, until: until))
    }
}
