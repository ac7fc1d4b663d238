import Foundation
import Mustache
import TLS

/// Renders pages as HTML, and sets the policy that browsers apply to them.
struct PageRenderer: Sendable {
    /// The title that learners read at the top of every page.
    let portalTitle: String
    /// The contact for learners.
    let contact: Contact?
    /// The `Content-Security-Policy` of every page.
    let contentSecurityPolicy: String
    private let library: MustacheLibrary

    /// - Parameters:
    ///   - labsOrigin: the labs' origins as a CSP source, such as `https://*.labs.example:8443`. A form on the portal
    ///     may end in a redirect to a lab, and browsers check that against `form-action` too.
    ///   - embeddedIn: the origins whose pages may show ours in a frame.
    init(portalTitle: String, labsOrigin: String, embeddedIn: [String] = [], contact: Contact? = nil) throws {
        self.portalTitle = portalTitle
        self.contact = contact
        library = try PageTemplates.library()
        contentSecurityPolicy = [
            "default-src 'none'", "style-src \(Self.source(PageStyle.css))",
            "script-src \(Self.source(PageScript.javaScript))", "connect-src 'self'", "img-src data:",
            "form-action 'self' \(labsOrigin)", "base-uri 'none'",
            "frame-ancestors " + (embeddedIn.isEmpty ? "'none'" : "'self' " + embeddedIn.joined(separator: " ")),
        ].joined(separator: "; ")
    }

    func html(_ page: Page) -> [UInt8] {
        Array(render("page", fields(page)).utf8)
    }

    /// The contents of the card alone, for a page that is already open.
    func html(_ panel: Page.Panel) -> String {
        render("panel", fields(panel))
    }

    func render(_ template: String, _ fields: [String: Any]) -> String {
        guard let text = library.render(fields, withTemplate: template) else {
            preconditionFailure("template \(template) is not registered")
        }
        return text
    }

    // Dictionaries, because the template engine finds an object's properties by reflection, which sees only stored
    // ones.
    private func fields(_ page: Page) -> [String: Any] {
        var fields: [String: Any] = ["portalTitle": portalTitle, "panel": self.fields(page.panel)]
        fields["refreshSeconds"] = page.refreshSeconds
        fields["isScripted"] = page.isScripted
        if let live = page.live {
            var values: [String: Any] = ["state": live.state, "events": live.events, "stays": live.stays]
            values["next"] = live.next
            fields["live"] = values
        }
        return fields
    }

    private func fields(_ panel: Page.Panel) -> [String: Any] {
        var fields: [String: Any] = [
            "heading": panel.heading, "paragraphs": panel.paragraphs.map(\.html), "hasSteps": !panel.steps.isEmpty,
            "steps": panel.steps.map { step in
                var values: [String: Any] = [
                    "label": step.label, "standing": step.standing.rawValue, "isDone": step.standing == .done,
                    "isCurrent": step.standing == .current,
                ]
                values["detail"] = step.detail
                return values
            },
        ]
        fields["over"] = panel.over?.html
        fields["status"] = panel.status
        fields["problem"] = panel.problem?.html
        fields["fine"] = panel.fine?.html
        if let help = panel.help { fields["help"] = LearnerWords.help(help, contact).html }
        if let form = panel.form {
            var values: [String: Any] = [
                "action": form.action, "label": form.label, "isQuiet": form.isQuiet,
                "fields": form.fields.map { ["name": $0.name, "value": $0.value] },
            ]
            values["next"] = form.next
            fields["form"] = values
        }
        if let link = panel.link { fields["link"] = ["target": link.target, "label": link.label] }
        return fields
    }

    private static func source(_ text: String) -> String {
        let digest = SHA256.digest(Array(text.utf8))
        return "'sha256-\(Data(digest.bytes).base64EncodedString())'"
    }
}
