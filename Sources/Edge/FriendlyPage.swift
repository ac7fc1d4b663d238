/// The pages of the edge: whole in themselves, made once, light or dark as the reader's system is.
enum FriendlyPage {
    /// Each page as it goes over the wire.
    static let pages: [EdgeAnswer: [UInt8]] = Dictionary(
        uniqueKeysWithValues: EdgeAnswer.allCases.map { ($0, Array(html(for: $0).utf8)) })

    private static func words(for answer: EdgeAnswer) -> (title: String, text: String, hint: String) {
        switch answer {
        case .badRequest:
            (
                "This request makes no sense here", "It does not say which address it is for.",
                "Check the link you followed."
            )
        case .forbidden:
            (
                "This lab is not open for you", "A lab opens only for the person it was started for.",
                "If it is yours, open it again from your course or from the link you were given."
            )
        case .foreignOrigin:
            (
                "This came from another site", "Only pages of this lab itself may change something in it.",
                "Nothing was changed. Open the lab from your course and try there."
            )
        case .notFound:
            (
                "There is no lab here", "Nothing has this address now.",
                "Check the address, or open your lab again from your course."
            )
        case .methodNotAllowed:
            ("This cannot be done here", "The lab does not take requests of this kind.", "Nothing was changed.")
        case .misdirected:
            (
                "This is not the right server", "It does not answer for the address you asked for.",
                "Check the address, or open your lab again from your course."
            )
        case .options:
            ("Options", "This address takes requests.", "")
        case .badGateway:
            (
                "The lab gave an answer nobody understands", "Something in the lab may have broken off just now.",
                "Reload this page. If that does not help, restart the lab from your course; your files are kept."
            )
        case .notAnswering:
            (
                "The lab is not answering yet", "It may still be waking up, or be busy for a moment.",
                "This page asks again every few seconds. You need not do anything; your files are safe."
            )
        case .timeout:
            (
                "The lab took too long", "It accepted the request and then said nothing.",
                "Reload this page. If that does not help, restart the lab from your course; your files are kept."
            )
        case .portalNotAnswering:
            (
                "A moment, please", "Carrel is starting. Labs that run go on running.",
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
            <main>
            \(desk)
            <h1>\(title)</h1>
            <p>\(text)</p>
            <p class="hint">\(hint)</p>
            \(pulse)</main>
            </body>
            </html>

            """
    }

    /// A desk with a lamp: a carrel.
    private static let desk = """
        <svg width="64" height="40" viewBox="4 12 64 40" fill="none" stroke="currentColor" stroke-width="2.5" \
        stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><path d="M6 50V14M66 50V14M6 36h60M6 14h60"/>\
        <path class="lamp" d="M46 36v-9l-7-6"/><path class="lamp" d="M34 24l5-7 5 4z"/><path d="M16 36v-7h11v7"/></svg>
        """

    private static let style = """
        :root{color-scheme:light dark;--paper:#f7f6f3;--ink:#23262b;--soft:#62676f;--line:#e2dfd8;--card:#fff;--lamp:#b26a00}
        @media(prefers-color-scheme:dark){:root{--paper:#15171a;--ink:#e8e6e1;--soft:#a2a7af;--line:#2b2f35;--card:#1c1f23;\
        --lamp:#f0b254}}
        *{box-sizing:border-box}
        body{margin:0;min-height:100vh;display:grid;place-items:center;padding:24px;background:var(--paper);color:var(--ink);\
        font:17px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif}
        main{max-width:30rem;width:100%;padding:40px 36px;background:var(--card);border:1px solid var(--line);\
        border-radius:16px}
        svg{color:var(--soft);margin-bottom:20px}
        .lamp{stroke:var(--lamp)}
        h1{margin:0 0 10px;font-size:1.4rem;line-height:1.3;font-weight:600;letter-spacing:-.01em;text-wrap:balance}
        p{margin:0 0 8px}
        .hint{color:var(--soft)}
        .pulse{height:3px;margin-top:24px;border-radius:2px;background:var(--lamp);animation:pulse 1.8s ease-in-out infinite}
        @keyframes pulse{0%,100%{opacity:.2}50%{opacity:.9}}
        @media(prefers-reduced-motion:reduce){.pulse{animation:none;opacity:.6}}
        """
}
