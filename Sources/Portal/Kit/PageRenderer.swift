import Foundation
import Mustache
import TLS
import Words

/// Renders pages as HTML, and sets the policy that browsers apply to them.
struct PageRenderer: Sendable {
    /// The title that learners read at the top of every page.
    let portalTitle: String
    /// The contact for learners.
    let contact: Contact?
    /// The `Content-Security-Policy` of every page.
    let contentSecurityPolicy: String
    private let brand: Brand
    private let libraries: [Language: MustacheLibrary]

    /// - Parameters:
    ///   - labsOrigin: the labs' origins as a CSP source, such as `https://*.labs.example:8443`. A form on the portal
    ///     may end in a redirect to a lab, and browsers check that against `form-action` too.
    ///   - embeddedIn: the origins whose pages may show ours in a frame.
    init(
        portalTitle: String, labsOrigin: String, embeddedIn: [String] = [], contact: Contact? = nil,
        brand: Brand = Brand()
    ) throws {
        self.portalTitle = portalTitle
        self.contact = contact
        self.brand = brand
        let styles = [Embedded.text("carrel.css"), brand.colours?.style].compactMap(\.self)
        libraries = try PageLibrary.libraries.get()
        contentSecurityPolicy = [
            "default-src 'none'", "style-src \(styles.map(Self.source).joined(separator: " "))",
            "script-src \(Self.source(Embedded.text("carrel.js")))",
            "connect-src 'self'", "img-src data:", "form-action 'self' \(labsOrigin)", "base-uri 'none'",
            "frame-ancestors " + (embeddedIn.isEmpty ? "'none'" : "'self' " + embeddedIn.joined(separator: " ")),
        ].joined(separator: "; ")
    }

    /// A whole page.
    func html<Model: PageModel>(_ page: Model, in language: Language = PageLanguage.current) -> [UInt8] {
        let words = LearnerWords(language)
        var values = page.values(words, contact: contact)
        values["heading"] = .text(page.heading)
        values["portalTitle"] = .text(portalTitle)
        values["brandStyle"] = brand.colours.map { .text($0.style) }
        values["logo"] = brand.logo.map { .text($0.address) }
        if page.offersSignOut { values["signOut"] = .text(SignOutPages.path) }
        values["isScripted"] = .flag(page.isScripted)
        if page.isScripted { values["moments"] = words.moments.map { .group(Self.values($0)) } }
        return Array((render(Model.template, values, language) + "\n").utf8)
    }

    /// The contents of the card alone, for a page that is already open.
    func html(_ panel: Page.Panel, in language: Language = PageLanguage.current) -> String {
        render(.panel, panel.values(LearnerWords(language), contact: contact), language)
    }

    private func render(_ template: PageTemplate, _ values: PageValues, _ language: Language) -> String {
        let library = libraries[language] ?? libraries[.english]
        guard let text = library?.render(values.forEngine, withTemplate: template.rawValue) else {
            preconditionFailure("template \(template) is not registered")
        }
        return text
    }

    private static func values(_ forms: MomentForms) -> PageValues {
        [
            "locale": .text(forms.locale), "clock": .text(forms.clock), "clockOne": .text(forms.clockOne),
            "atToday": .text(forms.atToday), "atDay": .text(forms.atDay), "untilToday": .text(forms.untilToday),
            "untilDay": .text(forms.untilDay),
        ]
    }

    private static func source(_ text: String) -> String {
        let digest = SHA256.digest(Array(text.utf8))
        return "'sha256-\(Data(digest.bytes).base64EncodedString())'"
    }
}
