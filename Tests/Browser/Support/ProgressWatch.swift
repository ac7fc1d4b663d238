@testable import FleetSupport

extension Tab {
    /// Makes the journal record each step that a progress page shows as the current one from now on, however briefly.
    func noteSteps() async throws {
        try await call("Runtime.addBinding", ["name": "noteForTest"])
        try await call("Page.addScriptToEvaluateOnNewDocument", ["source": .string(Self.stepNoter)])
    }

    private static let stepNoter = """
        if (location.hostname === '\(Plan.portal)') {
          let last;
          new MutationObserver(() => {
            const step = document.querySelector('#panel li.current')?.firstChild?.textContent;
            if (step && step !== last) noteForTest(last = step);
          }).observe(document, { childList: true, subtree: true });
        }
        """

    /// Waits until the progress page shows this step as the current one.
    func wait(forStep step: String) async throws {
        try await eventually("the progress page shows “\(step)”", every: .milliseconds(20)) {
            journal.notes.contains(step)
        }
    }
}
