import Foundation
import Literals
import Portal
import Programs
import Testing

@testable import Configuration

@Suite("The portals of a configuration") struct PortalConfigurationTests {
    /// Two portals, of which the second has everything of its own.
    private static let two = """
        state: state
        labs_domain: labs.test
        tls: {certificate: tls/edge.pem, key: tls/edge.key}
        homes: /srv/homes
        portals:
          - {name: school, hostname: portal.test, title: The School}
          - name: acme
            hostname: learn.acme.test
            labs_domain: acme-labs.test
            tls: {certificate: acme/edge.pem, key: acme/edge.key}
            homes: Acme_files
            embedded_in: ["https://courses.acme.test"]
            instructor_extension: 1h
            contact: help@acme.test
            labs:
              - python
              - {name: r, image: acme/r:2, kind: rstudio, memory: 3GiB}
        hosts:
          - {name: one, endpoint: unix:///run/docker.sock, slots: 40, memory: 32GiB}
        labs:
          - {name: python, image: carrel/jupyterlab:1}
          - {name: r, image: rocker/rstudio, kind: rstudio}
        pools:
          - {portal: acme, lab: r, minimum: 2}
        """

    private func changed(_ from: String, _ to: String) -> [String] {
        #expect(Self.two.contains(from))
        return problems(Self.two.replacing(from, with: to))
    }

    @Test("each have a catalogue, a labs domain, a certificate, a homes directory and a frame policy")
    func both() throws {
        let read = try configuration(Self.two)
        let (school, acme) = (read.portals[0], read.portals[1])
        #expect(school.labs.map(\.lab.key) == ["school/python", "school/r"])
        #expect(acme.labs.map(\.lab.key) == ["acme/python", "acme/r"])
        #expect(school.labs[1].lab.image == "rocker/rstudio" && acme.labs[1].lab.image == "acme/r:2")
        #expect(read.labs.count == 4)
        #expect(school.labsDomain == "labs.test" && acme.labsDomain == "acme-labs.test")
        #expect(school.certificate == nil && acme.certificate?.key == "/etc/carrel/acme/edge.key")
        #expect(read.certificates.map(\.certificate) == ["/etc/carrel/tls/edge.pem", "/etc/carrel/acme/edge.pem"])
        #expect(school.homesDirectory == nil && acme.homesDirectory == "Acme_files")
        #expect(school.embeddedIn.isEmpty && acme.embeddedIn == ["https://courses.acme.test"])
        #expect(acme.instructorExtension == .seconds(3600) && acme.contact?.text == "help@acme.test")
        #expect(acme.title == "acme" && read.origin(of: acme) == "https://learn.acme.test:8443")
        #expect(read.pools.map(\.key) == ["acme/r"])
        #expect(read.name(of: "acme/r") == "acme/r")
        #expect(try configuration(goodConfiguration).name(of: "school/r") == "r")
    }

    @Test("may have a logo and colours of their own, and what cannot be shown is refused with its line")
    func brands() throws {
        let scratch = try Scratch()
        let files: [(name: String, bytes: [UInt8])] = [
            ("logo.svg", Array("<svg xmlns='http://www.w3.org/2000/svg'/>".utf8)), ("logo.gif", Array("GIF89a".utf8)),
            ("big.svg", Array("<svg>".utf8) + [UInt8](repeating: 0x20, count: PortalLimits.logoBytes)),
        ]
        for (name, bytes) in files { try Data(bytes).write(to: URL(fileURLWithPath: scratch.path + "/" + name)) }
        func text(_ logo: String, _ colours: String) -> String {
            Self.two.replacing(
                "title: The School", with: "title: The School, logo: \(scratch.path)/\(logo), colours: {\(colours)}")
        }
        let read = try configuration(text("logo.svg", "accent: \"#8b0000\"")).portals
        #expect(read[0].logo == Logo(files[0].bytes))
        #expect(try read[0].colours == BrandColours(accent: #require(Colour("#8b0000")), dark: nil))
        #expect(read[1].logo == nil && read[1].colours == nil)
        for (logo, colours, expected) in [
            (
                "logo.gif", "accent: \"#8b0000\"",
                "portals[0].logo: \(scratch.path)/logo.gif is neither an SVG nor a PNG"
            ),
            ("big.svg", "accent: \"#8b0000\"", "big.svg is larger than 48KiB"),
            ("none.svg", "accent: \"#8b0000\"", "none.svg cannot be read (No such file or directory)"),
            ("logo.svg", "accent: \"#ffee00\"", "portals[0].colours.accent has a contrast of 1.1"),
            ("logo.svg", "accent: \"#8b0000\", accent_dark: \"#333333\"", "accent_dark has a contrast of 1.3"),
            ("logo.svg", "accent: red", "must be a colour such as \"#1c6357\""),
            ("logo.svg", "", "portals[0].colours has no \"accent\""),
        ] {
            let found = problems(text(logo, colours))
            #expect(found.contains { $0.contains(expected) }, "\(found)")
        }
    }

    @Test("one portal may be given in short, and its pools need not name it")
    func short() throws {
        let read = try configuration(goodConfiguration + "\npools: [{lab: python, minimum: 1}]\n")
        #expect(read.portals.map(\.id) == ["school"] && read.pools.map(\.key) == ["school/python"])
    }

    @Test(
        "what cannot be meant is refused with the place and what would be right",
        arguments: [
            ("portals:", "portal: {name: a, hostname: a.test}\nportals:", "the file has portal and portals"),
            ("name: acme", "name: school", "portals[1].name is \"school\", the name of the portal in line 6 already"),
            ("hostname: learn.acme.test", "hostname: portal.test", "portals[1].hostname is \"portal.test\""),
            ("homes: Acme_files", "homes: school", "portals[1].homes is \"school\""),
            ("homes: Acme_files", "homes: ../acme", "but must be the name of a directory"),
            ("homes: /srv/homes\n", "", "the file has no homes"),
            ("labs_domain: acme-labs.test", "labs_domain: portal.test", "which is the portal's hostname"),
            ("labs_domain: acme-labs.test", "labs_domain: acme.test", "above the portal's hostname learn.acme.test"),
            (
                "labs_domain: labs.test", "labs_domain: labs.learn.acme.test",
                "below the portal's hostname learn.acme.test"
            ),
            ("- python", "- pyton", "but there is no shared lab of this name; did you mean \"python\"?"),
            ("- python", "- r", "is the lab \"r\" once more"),
            ("{portal: acme, lab: r", "{lab: r", "pools[0] has no \"portal\""),
            ("{portal: acme, lab: r", "{portal: none, lab: r", "must be the name of one of the portals"),
            ("{portal: acme, lab: r", "{portal: acme, lab: s", "one of the labs of the portal acme"),
            ("memory: 3GiB", "memory: 64GiB", "needs 64GiB of memory"),
            ("name: acme", "name: Acme", "portals[1].name is \"Acme\", but must be a name"),
            ("key: acme/edge.key", "kee: acme/edge.key", "unknown key \"kee\" in portals[1].tls"),
        ])
    func mistakes(from: String, to: String, words: String) {
        let found = changed(from, to)
        #expect(found.contains { $0.contains(words) }, "\(found)")
    }

    @Test("a file without shared labs needs labs of every portal's own")
    func ownLabsOnly() throws {
        let yaml = """
            state: state
            labs_domain: labs.test
            tls: {certificate: tls/edge.pem, key: tls/edge.key}
            portals:
              - {name: a, hostname: a.test, labs: [{name: python, image: "a:1"}]}
              - {name: b, hostname: b.test, labs: [{name: python, image: "b:1"}]}
            hosts:
              - {name: one, endpoint: unix:///run/docker.sock, slots: 40, memory: 32GiB}
            """
        #expect(try configuration(yaml).labs.map(\.lab.image) == ["a:1", "b:1"])
        let without = yaml.replacing(", labs: [{name: python, image: \"b:1\"}]", with: "")
        #expect(problems(without).contains { $0.contains("portals[1] has no \"labs\"") }, "\(problems(without))")
    }

    @Test("a reload says which portals are new, changed or taken out, and which labs are whose")
    func changes() throws {
        let old = try configuration(Self.two)
        let fresh = try configuration(
            Self.two.replacing("title: The School", with: "title: Our School").replacing(
                "memory: 3GiB", with: "memory: 2GiB"
            )
            .replacing("portals:\n", with: "portals:\n  - {name: new, hostname: new.test, labs: [python]}\n"))
        #expect(
            ConfigurationChanges(from: old, to: fresh).lines == [
                "portal new: new", "portal school: title \"The School\", now \"Our School\"", "lab new/python: new",
                "lab acme/r: memory 3GiB, now 2GiB; shared_memory_bytes 1.5GiB, now 1GiB",
            ])
        #expect(old.keysThatNeedARestart(comparedTo: fresh) == [])
        #expect(ConfigurationChanges(from: fresh, to: old).lines.contains("portal new: taken out"))
    }
}
