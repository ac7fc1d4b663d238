import Foundation

extension Browser.Visit {
    /// Submits the page's only form.
    func submitForm(in browser: Browser) async throws -> Browser.Visit {
        let page = response.text
        guard let form = page.firstMatch(of: /<form[^>]*>(?s:.*?)<\/form>/)?.output else {
            throw FleetError("there is no form on \(url): \(page.prefix(1000))")
        }
        let head = form.prefix { $0 != ">" }
        let method = head.firstMatch(of: /method="(\w+)"/)?.1.uppercased() ?? "GET"
        let action = head.firstMatch(of: /action="([^"]*)"/).map { Self.unescape(String($0.1)) } ?? url.absoluteString
        var pairs: [String] = []
        for input in form.matches(of: /<(?:input|button)[^>]*>/) {
            guard let name = input.output.firstMatch(of: /name="([^"]*)"/)?.1 else { continue }
            let value = input.output.firstMatch(of: /value="([^"]*)"/).map { Self.unescape(String($0.1)) } ?? ""
            pairs.append("\(Self.encode(String(name)))=\(Self.encode(value))")
        }
        return try await browser.visit(
            url.at(action), from: url, method: method, form: Array(pairs.joined(separator: "&").utf8))
    }

    private static func unescape(_ text: String) -> String {
        text.replacing("&quot;", with: "\"").replacing("&#39;", with: "'").replacing("&lt;", with: "<")
            .replacing("&gt;", with: ">").replacing("&#x2F;", with: "/").replacing("&amp;", with: "&")
    }

    private static func encode(_ text: String) -> String {
        var allowed = CharacterSet.alphanumerics
        allowed.insert(charactersIn: "-._")
        return text.addingPercentEncoding(withAllowedCharacters: allowed) ?? ""
    }
}
