import Identity

extension Visit {
    /// A visit of somebody who came by a signed link, before anything was revoked.
    public static func of(_ subject: String, in portal: PortalID = "school", id: String = "visit-1") -> Visit {
        let person = Person(portal: portal, issuer: Person.signedLinks, subject: subject)
        return Visit(TicketClaims(Claims(person: person), issued: 0, generation: 0, visit: id))
    }
}
