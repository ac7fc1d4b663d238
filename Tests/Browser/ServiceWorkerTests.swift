import EventLoop
import Foundation
import HTTPTransport
import TLS
import Testing

@testable import FleetSupport

extension BrowserTests {
    @Suite("A service worker of a lab") struct ServiceWorkerTests {
        @Test("that once watched over the whole hostname is gone after the next click, and the code it saw is used")
        func workerOfBefore() async throws {
            try await withChromium { fleet, chromium in
                let tab = try await chromium.open()
                let lab = try await tab.openLab(fleet, "ada")
                let origin = try await tab.url().at("/")
                try await fleet.stop()
                let before = try await EdgeOfBefore(port: fleet.port, certificate: fleet.authority.edge)
                try await tab.go(to: origin.at("/before"))
                try await tab.wait(forText: "the worker watches")
                try await tab.go(to: origin.at("/.carrel/"))
                try await tab.wait(forText: "faked by the worker")
                await before.close()
                try await fleet.start()

                // The worker intercepts the click once more, with the code in it.
                try await tab.go(to: fleet.link("ada"))
                _ = try await JupyterLabPage(in: tab)
                try await tab.waitUntilNoWorkerIsThere()
                try await tab.go(to: origin.at("/.carrel/"))
                try await tab.wait(forText: "Your lab runs")

                let seen = try await tab.evaluate(
                    "caches.open('seen').then(cache => cache.keys()).then(all => all.map(one => one.url))"
                ).array.compactMap(\.string).filter { $0.contains("code=") }.compactMap(URL.init(string:))
                #expect(!seen.isEmpty, "the worker was there for the click")
                for code in seen {
                    let elsewhere = try await fleet.browser().visit(code)
                    #expect(elsewhere.response.status == 403, "a code that the worker saw opens the lab elsewhere")
                    #expect(elsewhere.response.first("Set-Cookie") == nil)
                }
                #expect(try await fleet.show(lab.session).session.state == "running")
            }
        }

        @Test("cannot be set over Carrel's own pages by a page of the lab")
        func registration() async throws {
            try await withChromium { fleet, chromium in
                let tab = try await chromium.open()
                _ = try await tab.openLab(fleet, "ada")
                // Whatever script the lab serves there, the browser gets a worker that unregisters itself.
                let scope = try await tab.evaluate(
                    "navigator.serviceWorker.register('/worker.js').then(one => new URL(one.scope).pathname)")
                #expect(scope == "/")
                try await tab.waitUntilNoWorkerIsThere()
                // Nor can a cached page of the lab's become one.
                let cached =
                    try await tab.evaluate(
                        "fetch('/lab').then(answer => answer.headers.get('Vary'))"
                    ).string ?? ""
                #expect(cached.contains("Service-Worker"))
            }
        }
    }
}

extension Tab {
    fileprivate func waitUntilNoWorkerIsThere() async throws {
        try await eventually("no service worker is registered", within: .seconds(30)) {
            try await self.evaluate("navigator.serviceWorker.getRegistrations().then(all => all.length === 0)").isTrue
        }
    }
}

/// A lab's hostname as it was before labs were kept from workers: it serves a worker whose scope is the whole hostname.
@ControlLoop
private final class EdgeOfBefore {
    private let server: HTTPServer

    init(port: Int, certificate: String) throws {
        let files = CertificateFiles(certificatePath: certificate + ".pem", keyPath: certificate + ".key")
        let tls = try TLSServerContext(store: try CertificateStore([files]))
        server = try HTTPServer(listen: .ip(address: "127.0.0.1", port: port), tls: tls) { request in
            let isScript = request.path == ["sw.js"]
            return HTTPResponse(
                status: 200,
                fields: ["Content-Type": isScript ? "text/javascript" : "text/html", "Cache-Control": "no-store"],
                body: .bytes(Array((isScript ? Self.worker : Self.page).utf8)))
        }
    }

    func close() { server.close() }

    nonisolated private static let page = """
        <p id="state">waiting</p>
        <script>
        navigator.serviceWorker.register('/sw.js').then(() => navigator.serviceWorker.ready)
          .then(() => { document.getElementById('state').textContent = 'the worker watches'; });
        </script>
        """

    /// The worker records what it sees of Carrel's paths, and answers there itself.
    nonisolated private static let worker = """
        addEventListener('install', () => skipWaiting());
        addEventListener('activate', (event) => event.waitUntil(clients.claim()));
        addEventListener('fetch', (event) => {
          if (!new URL(event.request.url).pathname.startsWith('/.carrel/')) return;
          event.respondWith((async () => {
            const cache = await caches.open('seen');
            await cache.put(event.request.url, new Response(''));
            return new Response('<h1>faked by the worker</h1>', { headers: { 'Content-Type': 'text/html' } });
          })());
        });
        """
}
