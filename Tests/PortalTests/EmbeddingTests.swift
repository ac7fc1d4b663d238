import Testing

@testable import Portal

@Suite("A portal in the frame of another site")
struct EmbeddingTests {
    private func responses(_ origins: [String]) throws -> PageResponses {
        PageResponses(
            renderer: try PageRenderer(
                portalTitle: "The School", labsOrigin: "https://*.labs.test", embeddedIn: origins),
            isEmbedded: !origins.isEmpty)
    }

    @Test("is refused everywhere unless the configuration names the site")
    func refused() throws {
        let responses = try responses([])
        let page = responses.page(NoticePage.home())
        #expect(page.fields.first("X-Frame-Options") == "DENY")
        #expect(page.fields.first("Content-Security-Policy")?.hasSuffix("frame-ancestors 'none'") == true)
        #expect(responses.cookie("a", "b") == "a=b; Priority=High; Path=/; Secure; HttpOnly; SameSite=Lax")
    }

    @Test("is shown by the sites that are named, with cookies that each of them has apart")
    func allowed() throws {
        let responses = try responses(["https://courses.example.org"])
        let page = responses.page(NoticePage.home())
        #expect(!page.fields.contains("X-Frame-Options"))
        #expect(
            page.fields.first("Content-Security-Policy")?.hasSuffix(
                "frame-ancestors 'self' https://courses.example.org") == true)
        #expect(
            responses.cookie("a", "b", maxAge: .seconds(60))
                == "a=b; Priority=High; Path=/; Secure; HttpOnly; SameSite=None; Partitioned; Max-Age=60")
    }
}
