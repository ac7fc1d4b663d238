import Testing

@testable import Portal

@Suite("A portal's own look")
struct BrandTests {
    private static let png: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 1, 2, 3]

    @Test(
        "A colour is six hexadecimal digits, and nothing else",
        arguments: [
            "", "#", "1c6357", "#1c635", "#1c63577",
            "#1c635g", "#+c6357", "red", "rgb(1,2,3)", "#1c6357;}",
        ])
    func noColours(text: String) { #expect(Colour(text) == nil) }

    @Test("Contrasts are those that the standard gives")
    func contrasts() {
        #expect(Colour.white.contrast(to: .black) == 21)
        #expect(Colour.white.contrast(to: .white) == 1)
        // The lightest grey that text may have on white, and the next lighter one.
        #expect(Colour("#767676")!.contrast(to: .white) >= 4.5)
        #expect(Colour("#777777")!.contrast(to: .white) < 4.5)
        #expect(Colour("#1C6357")!.text == "#1c6357")
    }

    @Test("The pages' own colours are those that contrasts are measured against")
    func pages() {
        let style = Embedded.text("carrel.css")
        #expect(style.contains("--paper: \(BrandColours.lightPage.text); --card: #ffffff"))
        #expect(style.contains("--card: \(BrandColours.darkPage.text);"))
    }

    @Test("A colour that text cannot be read in is refused, with what it must be instead")
    func refused() {
        #expect(throws: BrandColours.Fault.self) { try BrandColours(accent: Colour("#ffee00")!, dark: nil) }
        let fault = #expect(throws: BrandColours.Fault.self) {
            try BrandColours(accent: Colour("#1c6357")!, dark: Colour("#333333")!)
        }
        #expect(fault?.isDark == true && fault?.remedy == .lighter && (fault?.contrast ?? 9) < 2)
    }

    @Test(
        "Every colour that is taken can be read in light and in dark, on the page and on its button",
        arguments: ["#000000", "#1c6357", "#8b0000", "#0000ff", "#4b0082", "#6a5acd", "#5f5f00"])
    func readable(text: String) throws {
        let colours = try BrandColours(accent: try #require(Colour(text)), dark: nil)
        #expect(colours.light.contrast(to: BrandColours.lightPage) >= 4.5)
        #expect(colours.dark.contrast(to: BrandColours.darkPage) >= 4.5)
        for colour in [colours.light, colours.dark] {
            #expect(max(colour.contrast(to: .white), colour.contrast(to: .black)) >= 4.5)
        }
        #expect(colours.style.hasPrefix(":root{--accent:\(text);--on-accent:#ffffff;"))
    }

    @Test("Pages carry the logo and the colours, under a policy that allows just these")
    func page() throws {
        let brand = Brand(
            logo: Logo(Self.png), colours: try BrandColours(accent: Colour("#8b0000")!, dark: Colour("#ff9d92")!))
        let own = try PageRenderer(portalTitle: "Acme", labsOrigin: "https://*.labs.test", brand: brand)
        let plain = try PageRenderer(portalTitle: "Acme", labsOrigin: "https://*.labs.test")
        let html = String(decoding: own.html(NoticePage.home()), as: UTF8.self)
        #expect(html.contains(#"<img class="logo" src="data:image/png;base64,iVBORw0KGgoBAgM=" alt="">"#))
        #expect(html.contains("<style>:root{--accent:#8b0000;--on-accent:#ffffff;"))
        #expect(html.contains("@media (prefers-color-scheme:dark){:root{--accent:#ff9d92;--on-accent:#000000;"))
        #expect(!html.contains("<svg"))
        let hashes = { (policy: String) in policy.components(separatedBy: "'sha256-").count - 1 }
        #expect(hashes(own.contentSecurityPolicy) == hashes(plain.contentSecurityPolicy) + 1)
        #expect(own.contentSecurityPolicy.contains("img-src data:;"))
        #expect(String(decoding: plain.html(NoticePage.home()), as: UTF8.self).contains("<svg class=\"mark\""))
    }

    @Test("A logo is an SVG or a PNG image, whatever its name says")
    func logos() {
        #expect(Logo(Self.png)?.mediaType == "image/png")
        #expect(Logo(Array("<?xml version=\"1.0\"?><svg xmlns='x'/>".utf8))?.mediaType == "image/svg+xml")
        for bytes in [[], Array("GIF89a".utf8), Array("<html>".utf8), Array("<svg".utf8) + [0xFF]] {
            #expect(Logo(bytes) == nil)
        }
    }
}
