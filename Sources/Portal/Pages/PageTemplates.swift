import Mustache

/// The templates, compiled in: a page cannot be missing at run time.
enum PageTemplates {
    /// The contents of the card, which the event stream replaces.
    static let panel = """
        {{#over}}<p class="over">{{{.}}}</p>{{/over}}
        <h1{{#status}} data-status="{{.}}"{{/status}}>{{heading}}</h1>
        {{#problem}}<p class="bad">{{{.}}}</p>{{/problem}}
        {{#paragraphs}}<p>{{{.}}}</p>{{/paragraphs}}
        {{#hasSteps}}<ol class="steps">
        {{#steps}}<li class="{{standing}}"{{#isCurrent}} aria-current="step"{{/isCurrent}}>{{#isDone}}<i></i>{{/isDone}}\
        {{label}}{{#isDone}}<span class="hidden"> (done)</span>{{/isDone}}\
        {{#detail}}<small>{{.}}</small>{{/detail}}</li>
        {{/steps}}</ol>{{/hasSteps}}
        {{#form}}<form method="post" action="{{action}}">{{#next}}<input type="hidden" name="next" value="{{.}}">{{/next}}\
        {{#fields}}<input type="hidden" name="{{name}}" value="{{value}}">{{/fields}}\
        <button class="{{#isQuiet}}quiet {{/isQuiet}}button">{{label}}</button></form>{{/form}}
        {{#link}}<p class="act"><a class="button" href="{{target}}">{{label}}</a></p>{{/link}}
        {{#help}}<p class="help">{{{.}}}</p>{{/help}}
        {{#fine}}<p class="fine">{{{.}}}</p>{{/fine}}
        """

    static let page = document(
        title: "{{#panel}}{{heading}}{{/panel}}",
        head: """
            {{#refreshSeconds}}<noscript><meta http-equiv="refresh" content="{{.}}"></noscript>{{/refreshSeconds}}

            """,
        main: """
            <p id="status" class="hidden" role="status">{{#panel}}{{status}}{{/panel}}</p>
            <section class="card" id="panel"{{#live}} data-state="{{state}}" data-events="{{events}}"\
            {{#next}} data-next="{{.}}"{{/next}}{{#stays}} data-stays="1"{{/stays}}{{/live}}>{{#panel}}{{>panel}}{{/panel}}</section>
            """,
        after: """
            {{#isScripted}}<script>\(PageScript.javaScript)</script>{{/isScripted}}

            """)

    /// The labs of a course.
    static let course = document(
        title: "{{heading}}", body: "<body class=\"wide\">",
        main: """
            <section class="card">
            <p class="over">{{{over}}}</p>
            <h1>{{heading}}</h1>
            {{#notice}}<p class="good" role="status">{{.}}</p>{{/notice}}
            {{#problems}}<p class="bad" role="alert">{{{.}}}</p>{{/problems}}
            {{#hasSteps}}<form class="row all" method="post" action="{{action}}">
            <input type="hidden" name="course" value="{{context}}"><input type="hidden" name="session" value="">
            <p><strong>All that run</strong></p>
            <p class="more" role="group" aria-label="More time for all that run">More time: \
            {{#steps}}<button class="small button" name="by" value="{{seconds}}">{{label}}</button>{{/steps}}</p>
            </form>{{/hasSteps}}
            {{#rows}}<form class="row" method="post" action="{{action}}">
            <input type="hidden" name="course" value="{{context}}"><input type="hidden" name="session" value="{{session}}">
            <p><strong><bdi>{{learner}}</bdi></strong> <span class="state">{{state}}</span>\
            <small><bdi>{{lab}}</bdi> · {{facts}}</small></p>
            {{#hasSteps}}<p class="more" role="group" aria-label="More time for {{learner}}">More time: \
            {{#steps}}<button class="small button" name="by" value="{{seconds}}">{{label}}</button>{{/steps}}</p>{{/hasSteps}}
            </form>
            {{/rows}}
            {{#fine}}<p class="fine">{{.}}</p>{{/fine}}
            <p class="act"><a class="button" href="{{again}}">Look again</a></p>
            </section>
            """)

    /// The frame that all pages share. The text before and after the contents ends with its own newline.
    private static func document(
        title: String, head: String = "", body: String = "<body>", main: String, after: String = ""
    ) -> String {
        """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="robots" content="noindex">
        <title>\(title)</title>
        <link rel="icon" href="\(icon)">
        <style>\(PageStyle.css)</style>
        \(head)</head>
        \(body)
        <header class="top">\(mark)<span><bdi>{{portalTitle}}</bdi></span></header>
        <main>
        \(main)
        </main>
        \(after)</body>
        </html>

        """
    }

    /// The logo, a desk with its screen: the small place that one reader has for a while.
    private static let mark = """
        <svg class="mark" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" \
        stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">\
        <path d="M4 21V5.5A2.5 2.5 0 0 1 6.5 3h11A2.5 2.5 0 0 1 20 5.5V21M4 14h16M9 14v-4h6v4"/></svg>
        """

    private static let icon = """
        data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24' fill='none' stroke='%231c6357' \
        stroke-width='2.4' stroke-linecap='round' stroke-linejoin='round'%3E%3Cpath d='M4 21V5.5A2.5 2.5 0 0 1 6.5 3h11A2.5 \
        2.5 0 0 1 20 5.5V21M4 14h16M9 14v-4h6v4'/%3E%3C/svg%3E
        """

    /// Each template selects our own escaping first, because the engine resets it at every partial.
    static func library() throws -> MustacheLibrary {
        MustacheContentTypes.register(HTMLText(), named: HTMLText.name)
        var library = MustacheLibrary()
        for (name, text) in [("panel", panel), ("page", page), ("course", course)] {
            try library.register("{{% CONTENT_TYPE:\(HTMLText.name)}}" + text, named: name)
        }
        return library
    }
}
