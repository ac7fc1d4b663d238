import Foundation
import Identity
import Literals
import Words

@testable import Broker
@testable import BrokerCore
@testable import Doors
@testable import Portal

/// Every text that a learner or an instructor can read in one language, each with the case in which it is read.
struct LearnerTexts {
    let words: LearnerWords
    private let now = Timestamp(milliseconds: 1_700_000_000_000)

    init(_ language: Language) { words = LearnerWords(language) }

    func all() -> [(place: String, text: String)] {
        sessions() + waitings() + refusals() + others() + panels() + courses()
    }

    /// Each text once, where it is read first.
    func distinct() -> [(place: String, text: String)] {
        var seen: Set<String> = []
        return all().filter { seen.insert($0.text).inserted }
    }

    private func sessions() -> [(String, String)] {
        var all: [(String, String)] = []
        for code in EndReason.Code.allCases {
            for keeps in [true, false] {
                for (part, reason) in [
                    ("number", EndReason(ReasonParts(word: code.rawValue, number: 5400))),
                    ("text", EndReason(ReasonParts(word: code.rawValue, text: "The room closes"))),
                    ("stop", EndReason(ReasonParts(word: code.rawValue, text: "It closes!"))),
                    ("none", EndReason(ReasonParts(word: code.rawValue))),
                ] {
                    all.append(("ended \(code) \(part) \(keeps)", words.ended(reason, keepsFiles: keeps).plain))
                }
            }
        }
        for keeps in [true, false] {
            let used = words.ended(.exited(code: 137, outOfMemory: true), keepsFiles: keeps)
            all.append(("ended memory \(keeps)", used.plain))
        }
        for code in ParkReason.Code.allCases {
            for (part, reason) in [
                ("number", ParkReason(ReasonParts(word: code.rawValue, number: 604_740))),
                ("text", ParkReason(ReasonParts(word: code.rawValue, text: "The seat is needed"))),
                ("none", ParkReason(ReasonParts(word: code.rawValue))),
            ] {
                all.append(("parked \(code) \(part)", words.parked(reason).plain))
            }
        }
        for cause in EndReason.Cause.allCases {
            for (parks, delay) in [(true, 60), (false, 100_000), (false, 2_000_000), (true, 5_000_000)]
                as [(Bool, Int64)]
            {
                for (keeps, note) in [(true, "Lunch"), (false, ""), (true, "Lunch?")] {
                    let text = words.willEnd(
                        cause, at: now + .seconds(delay), parks: parks, keepsFiles: keeps, note: note, seen: now)
                    all.append(("ends \(cause) \(parks) \(delay) \(keeps) \(note)", text.plain))
                    if cause == .idle { all.append(("ends html \(delay)", text.html)) }
                }
            }
        }
        return all
    }

    private var causes: [Waiting.Cause] {
        [
            .previousContainer, .configuration, .hostsClosed, .hostsSilent, .sameEngine(as: "x"),
            .imageMissing(image: "x"), .seatsTaken, .memoryTaken(needed: 1 << 30),
            .seatsHeld(reservations: [], from: now, until: now + .seconds(60)),
            .hostsStrained, .startsPaced(underWay: 2), .largerLabFirst, .reservedSeatsGone, .reservedSeatsReleased,
            .hostsUnproved,
        ]
    }

    private func waitings() -> [(String, String)] {
        var all: [(String, String)] = [("waiting", words.waiting(view("queued"), seen: now).plain)]
        for (index, cause) in causes.enumerated() {
            for (reservation, free) in [(nil, nil), ("r", nil), (nil, 1800), ("r", 90_000), (nil, -5)]
                as [(String?, Int64?)]
            {
                var view = view("queued")
                view.waiting = Waiting(
                    cause: cause, reservation: reservation.map(ReservationID.init(rawValue:)),
                    seatBy: free.map { now + .seconds($0) })
                all.append(
                    (
                        "waiting \(index) \(reservation ?? "-") \(free ?? 0)",
                        words.waiting(view, seen: now).plain
                    ))
            }
        }
        return all
    }

    private func refusals() -> [(String, String)] {
        var all: [(String, String)] = []
        for code in BrokerError.Code.allCases {
            for wish in Wish.allCases {
                let refusal = words.refusal(code, of: wish)
                all.append(("refusal \(code) \(wish) \(refusal.needsHelp)", refusal.sentence))
            }
        }
        for code in LaunchError.Code.allCases {
            for aim in [LaunchAim.lab, .course] {
                let (page, status) = NoticePage.refusedLaunch(LaunchError(code, "x", "x"), to: aim, in: words)
                all += lines("link \(code) \(aim) \(status)", page.panel)
            }
        }
        return all
    }

    private func others() -> [(String, String)] {
        var all: [(String, String)] = []
        for keeps in [true, false] {
            all.append(("failed ours \(keeps)", words.failed(.ours, keepsFiles: keeps).plain))
            all.append(("failed lab \(keeps)", words.failed(.lab, keepsFiles: keeps).plain))
            all.append(("save \(keeps)", words.save(keepsFiles: keeps).plain))
        }
        all.append(("memory", words.outOfMemory.plain))
        all.append(("reach", words.outOfReach.plain))
        all.append(("kept", words.keptParked(until: now + .seconds(400_000), seen: now).plain))
        for contact in [nil, Contact("help@school.example"), Contact("Room 12")] {
            for help in [Page.Help.general, .about(reference: "abcdefgh")] {
                all.append(("help \(contact?.text ?? "-") \(help)", words.help(help, contact).html))
            }
        }
        for seconds: Int64 in [
            -3, 4, 5, 43, 58, 89, 90, 119, 150, 600, 5400, 7190, 7200, 9000, 10_800, 12_000, 12_600, 16_200, 86_400,
            129_600, 604_740,
        ] {
            all.append(("span \(seconds)", words.span(seconds)))
        }
        for (index, page) in notices.enumerated() { all += lines("notice \(index)", page.panel) }
        return all
    }

    private var notices: [Page] {
        [
            NoticePage.home(in: words), NoticePage.openByHand([], action: "/launch", in: words),
            NoticePage.openByHand([], action: "/instructor", to: .course, in: words),
            NoticePage.unknownLab("python", in: words),
            NoticePage.signInNeeded(in: words), NoticePage.courseLinkNeeded(in: words), NoticePage.notYours(in: words),
            NoticePage.noKeyNow(in: words),
            NoticePage.usedCode(in: words), NoticePage.unknownHostname(in: words), NoticePage.notFound(in: words),
            NoticePage.foreignForm(in: words),
            NoticePage.signOut(in: words), NoticePage.signedOut(in: words), NoticePage.foreignFields(in: words),
        ]
    }

    private func panels() -> [(String, String)] {
        var all: [(String, String)] = []
        let places: [SessionPlace] = [.portal(slug), .lab(path: "/lab"), .stay, .notice]
        for state in ["queued", "starting", "running", "ending", "parking", "parked", "ended", "failed"] {
            for place in places {
                for (name, view) in variants(state) {
                    all += lines("\(state) at \(place) \(name)", Page.Panel(view, at: place, in: words, now: now))
                }
            }
        }
        return all
    }

    private func variants(_ state: String) -> [(String, SessionView)] {
        var all: [(String, SessionView)] = [("plain", view(state))]
        all.append(("nobody", view(state, position: 2, kind: .rstudio, learnerName: "")))
        all.append(("placed", view(state, position: 3, length: 7, estimate: 43, kind: .http)))
        for step in ["creating", "starting", "waiting", "attaching"] where state == "starting" {
            all.append((step, view(state, step: step)))
        }
        var kept = view(state)
        kept.parkedUntil = now + .seconds(100_000)
        kept.endReason = state.hasPrefix("end") ? .learnerEnded : nil
        all.append(("kept", kept))
        var removed = kept
        removed.endReason = state.hasPrefix("end") ? .removed(what: "the lab python") : nil
        removed.fault = .lab
        all.append(("removed", removed))
        for cause in EndReason.Cause.allCases where state == "running" {
            for (index, (warned, parks, keeps)) in [(false, false, 4), (true, false, 4), (true, true, 0)].enumerated() {
                var view = view(state)
                view.endsAt = now + .seconds(1500)
                view.endsBy = cause
                view.isWarned = warned
                view.keepsLeft = keeps
                view.parksForSeconds = parks ? 7200 : nil
                view.lifetimeEndsAt = now + .seconds(90_000)
                all.append(("\(cause) \(index)", view))
                for delay: Int64 in [60, 8000] {
                    var announced = view
                    announced.announcedEndAt = now + .seconds(delay)
                    announced.announcedNote = "The room closes"
                    announced.isOutOfReach = warned
                    announced.memoryWarnedAt = now
                    all.append(("\(cause) \(index) announced \(delay)", announced))
                }
            }
        }
        return all
    }

    private func courses() -> [(String, String)] {
        var views: [SessionView] = []
        for (cause, parks) in [(EndReason.Cause.idle, nil), (.idle, 7200), (.lifetime, nil)]
            as [(EndReason.Cause, Int64?)]
        {
            var view = view("running")
            view.endsAt = now + .seconds(1500)
            view.endsBy = cause
            view.parksForSeconds = parks
            view.extendedSeconds = 3600
            views.append(view)
        }
        var parked = view("parked")
        parked.parkedUntil = now + .seconds(100_000)
        views += [parked, view("queued", position: 4), view("running", learnerName: "")]
        var all: [(String, String)] = []
        for (index, (shown, count, extended)) in [(0, 0, nil), (1, 1, 0), (6, 6, 1), (6, 9, 5)].enumerated()
            as EnumeratedSequence<[(Int, Int, Int?)]>
        {
            let page = CoursePage(
                course: Course(portal: "school", context: "101"), visitor: "Grace Hopper",
                sessions: Array(views.prefix(shown)), count: count,
                bound: .seconds(index == 1 ? 0 : 5400), extended: extended,
                failures: Array(repeating: Prose([.text("It failed.")]), count: index == 3 ? 12 : index),
                in: words, now: now)
            let html = Self.stripped(
                String(decoding: (try? renderer().html(page, in: words.language)) ?? [], as: UTF8.self))
            all += html.components(separatedBy: "\n").map { ("course \(index)", $0) }
        }
        return all
    }

    private func lines(_ name: String, _ panel: Page.Panel) -> [(String, String)] {
        let parts: [(String, String?)] =
            [
                ("over", panel.over?.html), ("heading", panel.heading), ("status", panel.status),
                ("problem", panel.problem?.plain),
            ] + panel.paragraphs.map { ("paragraph", $0.plain) }
            + panel.steps.map { ("step", "\($0.standing) \($0.label) \($0.detail ?? "-")") } + [
                ("form", panel.form.map { "\($0.action) \($0.label) \($0.next ?? "-") \($0.isQuiet)" }),
                ("link", panel.link.map { "\($0.target) \($0.label)" }), ("help", panel.help.map { "\($0)" }),
                ("fine", panel.fine?.html),
            ]
        return parts.compactMap { part, text in text.map { ("\(name) \(part)", $0) } }
    }

    /// A page without its style and its script, which are files.
    static func stripped(_ html: String) -> String {
        html.replacing(#/(?s)<style>.*?<\/style>/#, with: "<style></style>")
            .replacing(#/(?s)<script>.*?<\/script>/#, with: "<script></script>")
    }
}
