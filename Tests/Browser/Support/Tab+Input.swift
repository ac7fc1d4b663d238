@testable import FleetSupport

/// Keystrokes and clicks that the page cannot distinguish from a person's.
extension Tab {
    /// Clicks the centre of the first visible element that the selector finds, as soon as there is one that does not
    /// move.
    func click(_ selector: String, within limit: Duration = .seconds(60)) async throws {
        let find = """
            (() => {
              for (const element of document.querySelectorAll(\(try JSON.string(selector).text))) {
                element.scrollIntoView({ block: 'nearest' });
                const box = element.getBoundingClientRect();
                const x = box.x + box.width / 2, y = box.y + box.height / 2;
                const hit = document.elementFromPoint(x, y);
                if (box.width && hit && (element.contains(hit) || hit.contains(element))) return [x, y];
              }
              return null;
            })()
            """
        var last: [JSON] = []
        let point: [JSON]
        do {
            point = try await eventually("\(selector) can be clicked", within: limit, every: .milliseconds(100)) {
                let point = try await self.evaluate(find).array
                defer { last = point }
                return point.count == 2 && point == last ? point : nil
            }
        } catch let error as WaitedInVain {
            throw FleetError("\(error); the tab shows: \((try? await shownText()) ?? "nothing that can be read")")
        }
        for type in ["mouseMoved", "mousePressed", "mouseReleased"] {
            try await call(
                "Input.dispatchMouseEvent",
                [
                    "type": .string(type), "x": point[0], "y": point[1],
                    "button": type == "mouseMoved" ? "none" : "left", "clickCount": type == "mouseMoved" ? 0 : 1,
                ])
        }
    }

    /// Clicks, and repeats it every few seconds until it takes effect: a busy page may move things under the pointer,
    /// and a person would click again.
    /// - Parameter condition: JavaScript that is true once the click has taken effect.
    func click(_ selector: String, until condition: String) async throws {
        for _ in 0..<5 {
            // The clicked element may disappear before its effect is visible.
            try? await click(selector, within: .seconds(10))
            do { return try await wait("the click is taken", within: .seconds(8), until: condition) } catch {
                try Task.checkCancellation()
            }
        }
        throw FleetError("\(selector) was clicked five times, and this never came true: \(condition)")
    }

    /// How much of a page's text a failed click quotes.
    private static let quotedCharacters = 400

    private func shownText() async throws -> String {
        try await evaluate("document.title + ' | ' + document.body.innerText.slice(0, \(Self.quotedCharacters))").string
            ?? ""
    }

    /// Presses and releases a key for each character.
    func type(_ text: String) async throws {
        for character in text {
            let letter = String(character)
            var key: [String: JSON] = ["key": .string(letter), "text": .string(letter)]
            if character.isASCII, character.isLetter || character.isNumber, let code = letter.uppercased().utf8.first {
                key["windowsVirtualKeyCode"] = .number(Double(code))
                key["code"] = .string(character.isLetter ? "Key" + letter.uppercased() : "Digit" + letter)
            }
            try await press(key)
        }
    }

    func pressEnter(shift: Bool = false) async throws {
        try await press([
            "key": "Enter", "code": "Enter", "text": "\r", "windowsVirtualKeyCode": 13, "modifiers": shift ? 8 : 0,
        ])
    }

    private func press(_ key: [String: JSON]) async throws {
        var event = key
        event["type"] = "keyDown"
        try await call("Input.dispatchKeyEvent", .object(event))
        event["type"] = "keyUp"
        event["text"] = nil
        try await call("Input.dispatchKeyEvent", .object(event))
    }
}
