import Foundation

@testable import FleetSupport

/// One tab of a browser, as a person uses it: goes to addresses, reads, types and clicks.
final class Tab: Sendable {
    enum Colours: String, CaseIterable, Sendable { case light, dark }

    /// Everything that happened in the tab.
    let journal = Journal()
    private let devTools: DevTools
    private let target: JSON
    private let session: String

    /// The person's device, with the size of its page.
    enum Device: String, CaseIterable, Sendable {
        case desktop, phone

        var width: Int { self == .desktop ? 1200 : 390 }
        var height: Int { self == .desktop ? 750 : 844 }
    }

    init(in chromium: Chromium, context: JSON) async throws {
        devTools = chromium.devTools
        target = try await devTools.call(
            "Target.createTarget", ["url": "about:blank", "browserContextId": context])["targetId"]
        let attached = try await devTools.call("Target.attachToTarget", ["targetId": target, "flatten": true])
        guard let session = attached["sessionId"].string else { throw FleetError("a tab without a session") }
        self.session = session
        await devTools.listen(to: session) { [journal] in journal.add($0) }
        for domain in ["Page", "Runtime", "Network", "Log", "Audits", "Security"] { try await call(domain + ".enable") }
        try await show(on: .desktop)
        try await show(.light)
    }

    @discardableResult
    func call(_ method: String, _ parameters: JSON = [:]) async throws -> JSON {
        try await devTools.call(method, parameters, in: session)
    }

    func close() async throws {
        try await devTools.call("Target.closeTarget", ["targetId": target])
        await devTools.listen(to: session, nil)
    }

    // MARK: going somewhere

    /// Enters an address. Waits only for the first answer.
    func go(to url: URL) async throws {
        let answer = try await call("Page.navigate", ["url": .string(url.absoluteString)])
        if let error = answer["errorText"].string { throw FleetError("going to \(url): \(error)") }
    }

    /// Reloads the page, as a person who returns to a tab does. Does not wait for it.
    func reload() async throws { try await call("Page.reload") }

    func allowScripts(_ isAllowed: Bool) async throws {
        try await call("Emulation.setScriptExecutionDisabled", ["value": .bool(!isAllowed)])
    }

    /// Sets the colour scheme, as the person's system would.
    func show(_ colours: Colours) async throws {
        try await call(
            "Emulation.setEmulatedMedia",
            ["features": [["name": "prefers-color-scheme", "value": .string(colours.rawValue)]]])
    }

    func show(on device: Device) async throws {
        try await call(
            "Emulation.setDeviceMetricsOverride",
            [
                "width": .number(Double(device.width)), "height": .number(Double(device.height)),
                "deviceScaleFactor": 1, "mobile": .bool(device == .phone),
            ])
    }

    /// The address of the page that is shown.
    func url() async throws -> URL {
        let tree = try await call("Page.getFrameTree")["frameTree"]["frame"]
        guard let url = tree["url"].string.flatMap(URL.init(string:)) else { throw FleetError("a tab without address") }
        return url
    }

    /// The page as HTML, whether scripts are allowed or not.
    func html() async throws -> String {
        let root = try await call("DOM.getDocument", ["depth": 0])["root"]
        return try await call("DOM.getOuterHTML", ["nodeId": root["nodeId"]])["outerHTML"].string ?? ""
    }

    // MARK: looking

    /// The value of an expression in the page; promises are awaited.
    @discardableResult
    func evaluate(_ expression: String) async throws -> JSON {
        let answer = try await call(
            "Runtime.evaluate", ["expression": .string(expression), "awaitPromise": true, "returnByValue": true])
        let thrown = answer["exceptionDetails"]
        guard thrown.isNull else {
            let why = thrown["exception"]["description"].string ?? thrown["text"].string ?? ""
            throw FleetError("in the page: \(why): \(expression)")
        }
        return answer["result"]["value"]
    }

    /// Waits until an expression is true in the page, across navigations.
    func wait(_ what: String, within limit: Duration = .seconds(60), until expression: String) async throws {
        do {
            try await eventually(what, within: limit, every: .milliseconds(100)) {
                try await self.evaluate("Boolean(\(expression))").isTrue
            }
        } catch let error as WaitedInVain {
            let page = try? await evaluate("location.href + ': ' + document.body.innerText.slice(0, 600)").string
            throw FleetError("\(error); the page is \(page ?? "out of reach"); \(journal.complaints)")
        }
    }

    /// The trimmed text of every element that the selector finds.
    func texts(_ selector: String) async throws -> [String] {
        let selector = try JSON.string(selector).text
        return try await evaluate("[...document.querySelectorAll(\(selector))].map(e => e.textContent.trim())")
            .array.compactMap(\.string)
    }

    func wait(forText text: String, within limit: Duration = .seconds(60)) async throws {
        try await wait(
            "the page says “\(text)”", within: limit,
            until: "document.body && document.body.innerText.includes(\(JSON.string(text).text))")
    }

    /// Every cookie that the browser would send to these addresses.
    func cookies(for urls: [URL]) async throws -> [JSON] {
        try await call("Network.getCookies", ["urls": .array(urls.map { .string($0.absoluteString) })])["cookies"].array
    }

    /// Saves a screenshot of the tab in the directory `CARREL_SCREENSHOTS`; does nothing if that is not set.
    func keepPicture(_ name: String) async throws {
        guard let folder = ProcessInfo.processInfo.environment["CARREL_SCREENSHOTS"], !folder.isEmpty else { return }
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        // Animations are shown at their final state; endless ones are not awaited.
        try await evaluate(
            """
            Promise.race([
              Promise.all(document.getAnimations().map(animation => animation.finished.catch(() => null))),
              new Promise(resolve => setTimeout(resolve, 2000)),
            ]).then(() => true)
            """)
        let picture = try await call("Page.captureScreenshot", ["format": "png"])["data"].string ?? ""
        try Data(base64Encoded: picture)?.write(to: URL(fileURLWithPath: "\(folder)/\(name).png"))
    }

    /// Saves the page on every device and in both colour schemes; light on a desktop comes last and stays.
    func keepPictures(_ name: String) async throws {
        for device in Device.allCases.reversed() {
            try await show(on: device)
            for colours in Colours.allCases.reversed() {
                try await show(colours)
                try await keepPicture("\(name)-\(device.rawValue)-\(colours.rawValue)")
            }
        }
    }
}
