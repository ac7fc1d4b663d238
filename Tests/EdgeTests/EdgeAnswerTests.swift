import Foundation
import Testing

@testable import Edge

struct EdgeAnswerTests {
    @Test("a navigation gets a page that needs nothing else, a program a sentence", arguments: EdgeAnswer.allCases)
    func answers(answer: EdgeAnswer) throws {
        let page = answer.response(isNavigation: true)
        let text = answer.response(isNavigation: false)
        #expect(page.head.status == answer.status)
        guard ![.options, .workerEnd].contains(answer) else { return }
        let html = String(decoding: page.body, as: UTF8.self)
        #expect(html.hasPrefix("<!doctype html>"))
        #expect(html.contains("prefers-color-scheme:dark"))
        for outside in ["src=", "href=", "url(", "@import", "<script"] {
            #expect(!html.contains(outside), "\(outside)")
        }
        #expect(page.head.fields.first("Content-Type") == "text/html; charset=utf-8")
        #expect(page.head.fields.contains("Content-Security-Policy"))
        #expect(text.head.fields.first("Content-Type") == "text/plain; charset=utf-8")
        #expect(text.body.last == 0x0A && text.body.count > 20)
        for head in [page.head, text.head] { #expect(head.fields.first("Cache-Control") == "no-store") }
    }

    @Test("a service worker that may not be is replaced by one that listens to nothing and ends itself")
    func endingWorker() {
        let answer = EdgeAnswer.workerEnd.response(isNavigation: false)
        #expect(answer.head.fields.first("Content-Type") == "text/javascript; charset=utf-8")
        // The predecessor may have had any scope, and without this field the browser would reject this script.
        #expect(answer.head.fields.first("Service-Worker-Allowed") == "/")
        let script = String(decoding: answer.body, as: UTF8.self)
        #expect(script.contains("registration.unregister()") && script.contains("skipWaiting()"))
        #expect(!script.contains("'fetch'") && !script.contains("onfetch"))
    }

    @Test("a lab that does not answer is asked again: by the page itself, and by Retry-After")
    func asksAgain() {
        let page = EdgeAnswer.notAnswering.response(isNavigation: true)
        #expect(String(decoding: page.body, as: UTF8.self).contains("http-equiv=\"refresh\""))
        #expect(EdgeAnswer.notAnswering.response(isNavigation: false).head.fields.first("Retry-After") == "3")
        let forbidden = EdgeAnswer.forbidden.response(isNavigation: true)
        #expect(!String(decoding: forbidden.body, as: UTF8.self).contains("refresh"))
    }

    @Test("A page that a learner reads has no operator's or engineer's words in it", arguments: EdgeAnswer.allCases)
    func learnersWords(answer: EdgeAnswer) throws {
        guard answer != .options else { return }
        let page = try String(decoding: #require(FriendlyPage.pages[answer]), as: UTF8.self)
        let main = try #require(page.components(separatedBy: "<main>").last)
        let words = main.replacing(/<[^>]*>/, with: " ")
        let technical =
            /(?i)\b(hosts?|container|image|engine|upstream|websocket|request|proxy|carrel|body|port|code \d+)\b/
        #expect(words.firstMatch(of: technical) == nil, "\(words)")
    }
}
