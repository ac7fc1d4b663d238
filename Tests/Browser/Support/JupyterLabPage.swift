import Foundation

@testable import FleetSupport

/// JupyterLab as a person uses it: by reading, clicking and typing.
struct JupyterLabPage: Sendable {
    let tab: Tab
    /// The session's identifier, which is the hostname's first label.
    let session: String

    /// Waits until the tab shows JupyterLab with everything that a person would click.
    init(in tab: Tab, within limit: Duration = .seconds(90)) async throws {
        try await tab.wait("JupyterLab is there", within: limit, until: Self.isThere)
        self.tab = tab
        session = String(try await tab.url().host?.prefix { $0 != "." } ?? "")
    }

    /// Its window layout is complete and its splash screen gone.
    private static let isThere = """
        document.querySelector('#jp-main-dock-panel .lm-TabBar-tab') && !document.querySelector('#jupyterlab-splash')
        """

    // MARK: consoles

    /// Opens a console from the launcher and waits until its kernel is ready.
    func openConsole() async throws {
        try await tab.click(".jp-LauncherCard[data-category='Console']")
        try await tab.wait(
            "the kernel is idle", until: "document.querySelector('#jp-main-statusbar')?.innerText.includes('| Idle')")
    }

    /// Types code into the console and runs it; does not wait for the result.
    func begin(_ code: String) async throws {
        try await tab.click(".jp-CodeConsole-promptCell .cm-content")
        try await tab.type(code)
        try await tab.pressEnter(shift: true)
    }

    /// Runs code to its end; returns the result that the console shows.
    func run(_ code: String) async throws -> String {
        let earlier = try await results().count
        try await begin(code)
        return try await eventually("the console shows a result") {
            let results = try await self.results()
            return results.count > earlier ? results.last : nil
        }
    }

    private func results() async throws -> [String] {
        try await tab.texts(".jp-CodeConsole-content .jp-OutputArea-output")
    }

    func waitUntilBusy() async throws {
        try await tab.wait(
            "the kernel is busy", until: "document.querySelector('#jp-main-statusbar')?.innerText.includes('| Busy')")
    }

    // MARK: terminals

    /// Opens a terminal from a new launcher and waits for the shell's prompt.
    func openTerminal() async throws {
        if try await tab.texts(".jp-LauncherCard").isEmpty { try await tab.click(".lm-TabBar-addButton") }
        try await tab.click(
            ".jp-LauncherCard[title='Start a new terminal session']",
            until: "document.activeElement.matches('.xterm-helper-textarea')")
        try await eventually("the shell asks for a command") { tab.journal.terminal.contains("$ ") }
    }

    // MARK: files

    /// Makes JupyterLab's server save a text file in the home, as the editor does; returns the status of its answer.
    func write(_ text: String, to path: String) async throws -> JSON {
        try await tab.evaluate(
            """
            fetch('/api/contents/\(path)', {
              method: 'PUT', headers: { 'Content-Type': 'application/json' },
              body: JSON.stringify({ type: 'file', format: 'text', content: '\(text)' })
            }).then(response => response.status)
            """)
    }
}

extension Tab {
    /// Opens a learner's link and waits until the browser has arrived in JupyterLab.
    func openLab(_ fleet: Fleet, _ learner: String) async throws -> JupyterLabPage {
        try await go(to: fleet.link(learner))
        return try await JupyterLabPage(in: self)
    }
}
