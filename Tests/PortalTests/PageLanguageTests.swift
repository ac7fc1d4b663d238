import BrokerCore
import Foundation
import HTTPTransport
import HTTPWire
import Testing
import Words

@testable import Broker
@testable import Portal

@Suite("Pages in the browser's language")
struct PageLanguageTests {
    private static let spanish = Language(rawValue: "es")

    @Test("Every text has words in every language, whole ones, and nothing is left in English")
    func everything() {
        let english = Set(LearnerTexts(.english).distinct().map(\.text))
        for (place, text) in LearnerTexts(Self.spanish).distinct() {
            #expect(!text.contains("{") && !text.contains("Algo ha ocurrido"), "\(place): \(text)")
            guard english.contains(text) else { continue }
            // Names, addresses and marks are the same in all languages.
            let words = text.replacing(#/<[^>]*>/#, with: " ").replacing(#/\S*[\/@]\S*/#, with: "")
                .split { !$0.isLetter }
            #expect(words.allSatisfy { Self.names.contains($0.lowercased()) }, "\(place): \(text)")
        }
    }

    private static let names: Set<String> = [
        "python", "for", "data", "science", "ada", "lovelace", "jupyterlab", "rstudio", "portal", "min", "h", "grace",
        "hopper", "open", "school", "of", "it", "failed", "middot", "about", "reference", "abcdefgh", "general", "b",
    ]

    @Test("The answer is in the language that the browser accepts, and says so", .timeLimit(.minutes(1)))
    func accepted() async throws {
        try await withDesk { desk in
            for (accepted, language, text) in [
                (nil, "en", "Labs open from your course"), ("fr", "en", "Labs open from your course"),
                ("es-MX,es;q=0.9,en;q=0.8", "es", "Los laboratorios se abren desde tu curso"),
            ] as [(String?, String, String)] {
                let fields = accepted.map { ["Accept-Language": $0] as HeaderFields } ?? [:]
                let page = try await desk.onPortal("/", fields: fields)
                #expect(page.text.hasPrefix("<!doctype html>\n<html lang=\"\(language)\">"))
                #expect(page.text.contains(">\(text)</h1>"))
                #expect(page.fields.first("Content-Language") == language)
                #expect(page.fields.all("Vary") == ["Accept-Language"])
            }
            let program = try await desk.onLab(
                slug.rawValue, "/api/contents", isNavigation: false, fields: ["Accept-Language": "es"])
            #expect(program.status == 404 && program.text.contains("No hay ningún laboratorio en esta dirección"))
            #expect(program.fields.first("Content-Language") == "es")
        }
    }

    @Test("The stream of a page goes on in the page's language", .timeLimit(.minutes(1)))
    func stream() async throws {
        try await withDesk { desk in
            let (id, ticket) = try await desk.launch()
            let spanish: HeaderFields = ["Accept-Language": "es"]
            let page = try await desk.onPortal("/sessions/\(id)", cookie: ticket, fields: spanish)
            #expect(page.text.contains("Tu laboratorio está en la cola") && page.text.contains("data-clock-one=\"la {"))
            let stream = try await desk.onPortal("/sessions/\(id)/events", cookie: ticket, fields: spanish)
            guard case .stream(let bytes) = stream.body else {
                Issue.record("no stream")
                return
            }
            for await event in bytes {
                let text = String(decoding: event, as: UTF8.self)
                guard text.hasPrefix("event: panel") else { continue }
                #expect(text.contains("Tu laboratorio está en la cola") && !text.contains("Your lab"))
                break
            }
            desk.portal.endStreams()
        }
    }

    @Test("What a program of a lab's page is told is in the browser's language, too")
    func programs() {
        PageLanguage.$current.withValue(Self.spanish) {
            var view = view("ended")
            view.endReason = .learnerEnded
            let status = StayStatus(view, contact: nil, now: Timestamp(milliseconds: 0))
            #expect(status.heading == "Tu laboratorio terminó" && status.action?.label == "Iniciar otra vez")
            #expect(status.paragraphs.map(\.plain) == ["Lo terminaste tú. Tus archivos se conservan."])
            #expect(status.language == Self.spanish && status.moments?.clockOne == "la {clock}")
            #expect(status.labels.back == "Volver a la página")
            #expect(LearnerView(view).reason == "Lo terminaste tú. Tus archivos se conservan.")
        }
    }

    @Test("The script is the same for all languages, so that one policy allows it")
    func policy() throws {
        let renderer = try renderer()
        let page = Page(view("queued"), at: .portal(slug))
        let scripts = Words.standard.languages.map { language in
            String(decoding: renderer.html(page, in: language), as: UTF8.self)
                .components(separatedBy: "<script>").last
        }
        #expect(Set(scripts).count == 1 && scripts.count > 1)
    }
}
