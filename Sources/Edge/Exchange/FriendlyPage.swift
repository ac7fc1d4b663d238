/// The edge's error pages: self-contained, rendered once, in light or dark colours by the reader's system setting.
enum FriendlyPage {
    /// Each page, as it is sent.
    static let pages: [EdgeAnswer: [UInt8]] = Dictionary(
        uniqueKeysWithValues: EdgeAnswer.allCases.map { ($0, Array(html(for: $0).utf8)) })

    private static let tryFromCourse = "Nothing was changed. Open the lab from your course and try there."
    private static let reload =
        "Reload this page. If that does not help, restart the lab from your course; your files are kept."

    private static func words(for answer: EdgeAnswer) -> (title: String, text: String, hint: String) {
        switch answer {
        case .badRequest:
            (
                "This address is not complete", "Your browser did not say which page it is looking for.",
                "Check the link you followed."
            )
        case .upgradeWithBody:
            (
                "This cannot be understood",
                "Something on this page asked for a connection in a way that does not work.",
                "Nothing was changed."
            )
        case .forbidden:
            (
                "This lab is not open for you", "A lab opens only for the person it was started for.",
                "If it is yours, open it again from your course or from the link you were given. Then go back to its "
                    + "pages that you still have open, and save your work there."
            )
        case .foreignOrigin:
            ("This came from another site", "Only pages of this lab itself may change something in it.", tryFromCourse)
        case .framed:
            (
                "A lab has a tab of its own", "It is not shown inside another page.",
                "Open your lab from your course, in a tab of its own."
            )
        case .plainText:
            ("This needs a safe connection", "What you sent has travelled in the clear.", tryFromCourse)
        case .notFound:
            (
                "There is no lab here", "Nothing has this address now.",
                "Check the address, or open your lab again from your course."
            )
        case .methodNotAllowed:
            ("This cannot be done here", "The lab cannot do what this page asked it to.", "Nothing was changed.")
        case .misdirected:
            (
                "This is not the right server", "It does not answer for the address you asked for.",
                "Check the address, or open your lab again from your course."
            )
        case .options, .workerEnd:
            ("Options", "This address takes requests.", "")
        case .ownPages:
            ("How long your lab stays", "That page is at this address with a slash at its end.", "Add the slash.")
        case .tooManyCookies:
            (
                "Your browser brought too many cookies",
                "A program in a lab has set more of them than any server reads, and your browser sends them all.",
                "They have just been removed. Load this page again; if it comes back, load it once more. You may have to "
                    + "open the lab from your course again. Your files are safe."
            )
        case .badGateway:
            ("The lab’s answer could not be shown", "Something in the lab may have broken off just now.", reload)
        case .notAnswering:
            (
                "The lab is not answering yet", "It may still be waking up, or be busy for a moment.",
                "This page asks again every few seconds. You need not do anything; your files are safe."
            )
        case .timeout:
            ("The lab took too long", "It has not answered for a while.", reload)
        case .portalNotAnswering:
            (
                "A moment, please", "The service is starting again. Labs that are open go on.",
                "This page asks again every few seconds. You need not do anything."
            )
        }
    }

    private static func html(for answer: EdgeAnswer) -> String {
        let (title, text, hint) = words(for: answer)
        let refresh =
            answer.asksAgain ? "<meta http-equiv=\"refresh\" content=\"\(EdgeLimits.retrySeconds)\">\n" : ""
        let pulse = answer.asksAgain ? "<div class=\"pulse\" role=\"status\" aria-label=\"Waiting\"></div>\n" : ""
        return """
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="robots" content="noindex">
            \(refresh)<title>\(title)</title>
            <style>\(style)</style>
            </head>
            <body>
            \(desk)
            <main>
            <h1>\(title)</h1>
            <p>\(text)</p>
            <p class="hint">\(hint)</p>
            \(pulse)</main>
            </body>
            </html>

            """
    }

    /// A desk with its screen: the portal's logo.
    private static let desk = """
        <svg width="24" height="24" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" \
        stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">\
        <path d="M4 21V5.5A2.5 2.5 0 0 1 6.5 3h11A2.5 2.5 0 0 1 20 5.5V21M4 14h16M9 14v-4h6v4"/></svg>
        """

    // The colours and the layout match the portal's pages, because a learner sees both on the way to a lab.
    private static let style = """
        :root{color-scheme:light dark;--paper:#f5f4f0;--card:#fff;--ink:#1d2524;--soft:#59635f;--line:#e2dfd6;--accent:#1c6357}
        @media(prefers-color-scheme:dark){:root{--paper:#121617;--card:#1a2021;--ink:#e9edeb;--soft:#a1aca8;--line:#2d3637;\
        --accent:#79cdbb}}
        *{box-sizing:border-box}
        body{margin:0;display:grid;grid-template-columns:minmax(0,32.5rem);justify-content:center;gap:1.25rem;\
        padding:1.75rem 1.25rem;background:var(--paper);\
        color:var(--ink);font:100%/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
        main{padding:2rem;background:var(--card);border:1px solid var(--line);\
        border-radius:14px;box-shadow:0 1px 2px rgb(0 0 0/.04),0 8px 28px rgb(0 0 0/.05)}
        svg{color:var(--accent)}
        h1{margin:0 0 .75rem;font-size:1.5rem;line-height:1.25;font-weight:650;letter-spacing:-.012em;text-wrap:balance}
        p{margin:0 0 .5rem}
        .hint{color:var(--soft);margin:0}
        .pulse{height:3px;margin-top:1.5rem;border-radius:2px;background:var(--accent);\
        animation:pulse 1.8s ease-in-out infinite}
        @media(max-width:30rem){body{padding-top:1.1rem}main{padding:1.4rem}}
        @keyframes pulse{0%,100%{opacity:.2}50%{opacity:.9}}
        @media(prefers-reduced-motion:reduce){.pulse{animation:none;opacity:.6}}
        """
}
