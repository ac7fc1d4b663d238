import Words

extension Prose {
    var html: String {
        pieces.map { piece in
            switch piece {
            case .text(let text): HTMLText().escapeText(text)
            case .name(let name): "<bdi>\(HTMLText().escapeText(name))</bdi>"
            case .moment(let time, let form, let utc):
                "<time datetime=\"\(Prose.iso(time))\" data-form=\"\(form.rawValue)\">\(HTMLText().escapeText(utc))</time>"
            case .link(let text, let target): Self.link(text, target)
            case .code(let text): "<code>\(HTMLText().escapeText(text))</code>"
            }
        }.joined()
    }

    private static func link(_ text: String, _ target: String?) -> String {
        let words = "<bdi>\(HTMLText().escapeText(text))</bdi>"
        return target.map { "<a href=\"\(HTMLText().escapeText($0))\">\(words)</a>" } ?? words
    }
}
