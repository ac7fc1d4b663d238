import Broker
import BrokerCore
import Foundation
import Literals
import Testing

@testable import Configuration

func configuration(_ yaml: String) throws -> Configuration {
    try Configuration(yaml: yaml, file: "carrel.yaml", folder: "/etc/carrel")
}

func problems(_ yaml: String) -> [String] {
    do {
        _ = try configuration(yaml)
        return []
    } catch let error as InvalidConfiguration {
        return error.problems.map(\.description)
    } catch {
        return ["\(error)"]
    }
}

@Suite("The configuration file") struct ConfigurationTests {
    @Test("gives hosts labels, and labs what they ask of a host; truth values and numbers count as they are written")
    func labels() throws {
        let yaml = goodConfiguration.replacing(
            "    slots: 40", with: "    slots: 40\n    labels: {gpu: true, rack/row: 7}"
        )
        .replacing("idle_timeout: 20m", with: "placement: {requires: {gpu: \"true\"}}")
        let read = try configuration(yaml)
        #expect(read.hosts.map(\.spec.labels) == [["gpu": "true", "rack/row": "7"], [:]])
        #expect(read.labs.map(\.lab.requires) == [["gpu": "true"], [:]])
        let bad = problems(
            goodConfiguration.replacing("    slots: 40", with: "    slots: 40\n    labels: {GPU: yes, disk: \"a b\"}")
                .replacing("idle_timeout: 20m", with: "placement: {prefers: {gpu: x}}"))
        #expect(bad.count == 3)
        #expect(bad[0].contains("hosts[0].labels has the key \"GPU\""))
        #expect(bad[1].contains("hosts[0].labels.disk is \"a b\", but must be 1 to 63 letters"))
        #expect(bad[2].contains("unknown key \"prefers\" in labs[0].placement"))
    }

    @Test("is read with its defaults and absolute paths")
    func complete() throws {
        let read = try configuration(goodConfiguration)
        #expect(read.stateDirectory == "/etc/carrel/state")
        #expect(read.controlSocketPath == "/etc/carrel/state/control.sock")
        #expect(read.listen == [Configuration.ListenAddress(address: "0.0.0.0", port: 8443)])
        #expect(read.publicPort == 8443)
        #expect(read.origin(of: read.portals[0]) == "https://portal.test:8443")
        #expect(read.portals[0].title == "The School")
        #expect(read.homes == nil)
        #expect(read.certificate.key == "/etc/carrel/tls/edge.key")
        #expect(
            read.hosts.map(\.spec) == [
                HostSpec(name: "one", slots: 40, memoryBytes: 32 << 30, overcommit: 1, maximumStarts: 8),
                HostSpec(name: "two", slots: 20, memoryBytes: 16 << 30, overcommit: 1.5, maximumStarts: 4),
            ])
        #expect(read.hosts[0].endpoint == .unix(path: "/run/docker.sock"))
        #expect(read.hosts[0].publishAddress == "127.0.0.1")
        #expect(read.hosts[0].line == 7)
        #expect(read.hosts[1].endpoint.description == "tcp://10.0.0.5:2376")
        let python = read.labs[0].lab
        #expect(python.title == "python")
        #expect(python.kind == .jupyter)
        #expect(python.idleTimeout == .seconds(1200))
        #expect(python.maximumLifetime == .seconds(28_800))
        #expect(python.memoryBytes == 1 << 30)
        #expect(python.egress == Egress.none)
        let r = read.labs[1].lab
        #expect(r.port == 8787)
        #expect(r.homePath == "/home/learner")
        #expect(r.environment == ["MODE": "course"])
    }

    @Test(
        "warns as the lab says; otherwise five minutes before, or half of a short idle timeout, or not at all",
        arguments: [
            ("20m", 300), ("4m", 120), ("50s", 0), ("20m\n    idle_warning: 0s", 0),
            ("20m\n    idle_warning: 20m", 1200),
            ("20m\n    idle_warning: 30s", 30),
        ])
    func idleWarning(text: String, seconds: Int) throws {
        let yaml = goodConfiguration.replacingOccurrences(of: "idle_timeout: 20m", with: "idle_timeout: \(text)")
        #expect(try configuration(yaml).labs[0].lab.idleWarning == .seconds(seconds))
    }

    @Test(
        "gives /dev/shm half of the memory, or what the lab says, up to all of it",
        arguments: [("", 512), ("\n    shm_size: 64MiB", 64), ("\n    memory: 2GiB", 1024)])
    func sharedMemory(text: String, mebibytes: Int64) throws {
        let yaml = goodConfiguration.replacingOccurrences(of: "idle_timeout: 20m", with: "idle_timeout: 20m\(text)")
        #expect(try configuration(yaml).labs[0].lab.sharedMemoryBytes == mebibytes << 20)
    }

    @Test("lets instructors give more time within a bound of the portal's")
    func instructorExtension() throws {
        #expect(try configuration(goodConfiguration).portals[0].instructorExtension == .seconds(4 * 3600))
        let yaml = goodConfiguration.replacingOccurrences(
            of: "title: The School}", with: "title: The School, instructor_extension: 90m}")
        #expect(try configuration(yaml).portals[0].instructorExtension == .seconds(5400))
        #expect(throws: InvalidConfiguration.self) {
            try configuration(yaml.replacingOccurrences(of: "90m", with: "25h"))
        }
    }

    @Test("says whom learners turn to: a mail address, an https address or text, and nothing that a click would run")
    func contact() throws {
        #expect(try configuration(goodConfiguration).portals[0].contact == nil)
        func portal(_ contact: String) -> String {
            goodConfiguration.replacingOccurrences(
                of: "title: The School}", with: "title: The School, contact: \"\(contact)\"}")
        }
        #expect(
            try configuration(portal("help@school.example")).portals[0].contact?.target == "mailto:help@school.example")
        #expect(try configuration(portal("The desk in room 12")).portals[0].contact?.text == "The desk in room 12")
        for bad in ["", "javascript:alert(1)", "http://school.example/", "a\\nb"] {
            #expect(problems(portal(bad)).first?.contains("portal.contact") == true, "\(bad)")
        }
    }

    @Test("parks an idle lab for as long as it says, and otherwise ends it")
    func parksFor() throws {
        #expect(try configuration(goodConfiguration).labs[0].lab.parksFor == .zero)
        let yaml = goodConfiguration.replacingOccurrences(
            of: "idle_timeout: 20m", with: "idle_timeout: 20m\n    parks_for: 7d")
        #expect(try configuration(yaml).labs[0].lab.parksFor == .seconds(7 * 86_400))
    }

    @Test("reads what labs with egress reach, and from where the broker comes")
    func egress() throws {
        #expect(try configuration(goodConfiguration).egress == EgressRanges())
        let read = try configuration(
            goodConfiguration.replacingOccurrences(of: "slots: 40", with: "slots: 40\n    broker_addresses: [10.0.0.1]")
                + "\negress: {closed: [203.0.113.0/24], open: [10.20.0.0/16, \"fd00:20::/32\"]}\n")
        #expect(read.egress.closed.map(\.description) == ["203.0.113.0/24"])
        #expect(read.egress.open.map(\.description) == ["10.20.0.0/16", "fd00:20::/32"])
        #expect(read.hosts.contains { $0.brokerAddresses.map(\.description) == ["10.0.0.1"] })
        #expect(throws: InvalidConfiguration.self) {
            try configuration(goodConfiguration + "\negress: {closed: [10.0.0.0/40]}\n")
        }
        #expect(throws: InvalidConfiguration.self) {
            try configuration(goodConfiguration + "\negress: {closed: [10.0.0.0/8], open: [10.0.0.0/8]}\n")
        }
    }

    @Test("leaves the port that browsers assume out of URLs")
    func standardPort() throws {
        let read = try configuration(goodConfiguration + "\npublic_port: 443\n")
        #expect(read.origin(of: read.portals[0]) == "https://portal.test")
    }

    @Test(
        "names the place of a mistake, what is there and what would be right",
        arguments: [
            (
                "state: state", "stat: state",
                [
                    "carrel.yaml:1:1: unknown key \"stat\"; did you mean \"state\"?",
                    "carrel.yaml:1:1: the file has no \"state\"; add it: a path",
                ]
            ),
            (
                "    slots: 40", "    slots: many",
                ["carrel.yaml:9:12: hosts[0].slots is \"many\", but must be a whole number from 1 to 1000"]
            ),
            (
                "    slots: 40", "    slots: 0",
                ["carrel.yaml:9:12: hosts[0].slots is the number 0, but must be a whole number from 1 to 1000"]
            ),
            (
                "    memory: 32GiB", "    memory: 32GB",
                [
                    "carrel.yaml:10:13: hosts[0].memory is \"32GB\", but must be a size from 64MiB to 64TiB, such as 512MiB or 2GiB"
                ]
            ),
            (
                "idle_timeout: 20m", "idle_timeout: 20",
                [
                    "carrel.yaml:22:19: labs[0].idle_timeout is the number 20, but must be a duration from 1s to 365d, such as 90s, 30m, 8h or 1h30m"
                ]
            ),
            (
                "idle_timeout: 20m", "idle_timeout: 9h",
                [
                    "carrel.yaml:22:19: labs[0].idle_timeout is 9h, but must not be longer than maximum_lifetime, 8h"
                ]
            ),
            (
                "idle_timeout: 20m", "idle_timeout: 20m\n    idle_warning: 21m",
                [
                    "carrel.yaml:23:19: labs[0].idle_warning is 21m, but must be 0s, which is none, or from 30s to the idle_timeout, 20m"
                ]
            ),
            (
                "idle_timeout: 20m", "idle_timeout: 20m\n    shm_size: 2GiB",
                [
                    "carrel.yaml:23:15: labs[0].shm_size is 2GiB, but must not be more than the lab's memory, 1GiB, in which it counts"
                ]
            ),
            (
                "idle_timeout: 20m", "idle_timeout: 20m\n    parks_for: 7d\n    files: none",
                [
                    "carrel.yaml:23:16: labs[0].parks_for is 7d, but must be 0s with files: none: what goes with the container cannot be come back to"
                ]
            ),
            (
                "idle_timeout: 20m", "idle_timeout: 20m\n    idle_warning: 29s",
                [
                    "carrel.yaml:23:19: labs[0].idle_warning is 29s, but must be 0s, which is none, or from 30s to the idle_timeout, 20m"
                ]
            ),
            (
                "  - name: two", "  - name: one",
                [
                    "carrel.yaml:11:11: hosts[1].name is \"one\", the name of the host in line 7 already; each host must have a name of its own"
                ]
            ),
            (
                "  - name: r\n", "  - name: python\n",
                [
                    "carrel.yaml:23:11: labs[1].name is \"python\", the name of the lab in line 20 already; each lab must have a name of its own"
                ]
            ),
            (
                "name: python", "name: Python 3",
                [
                    "carrel.yaml:20:11: labs[0].name is \"Python 3\", but must be a name of 1 to 63 lower-case letters, digits and inner hyphens"
                ]
            ),
            (
                "kind: rstudio", "kind: rstudoi",
                ["carrel.yaml:25:11: labs[1].kind is \"rstudoi\", but must be jupyter, rstudio or http"]
            ),
            (
                "title: The School", "title: 2026",
                [
                    "carrel.yaml:3:54: portal.title is the number 2026, but must be text of 1 to 200 characters in one line (in quotes where it looks like a number or a truth value)"
                ]
            ),
            (
                "portal: {name: school, hostname: portal.test, title: The School}", "portal: school",
                ["carrel.yaml:3:9: portal is \"school\", but must be a mapping of keys to values"]
            ),
            (
                "labs_domain: labs.test", "labs_domain: labs.portal.test",
                [
                    "carrel.yaml:4:14: labs_domain is \"labs.portal.test\", which is below the portal's hostname portal.test, but must be a domain of its own, so that no lab can reach the portal's cookies, such as labs.example.net"
                ]
            ),
            (
                "labs_domain: labs.test", "labs_domain: test",
                [
                    "carrel.yaml:4:14: labs_domain is \"test\", which is above the portal's hostname portal.test, but must be a domain of its own, so that no lab can reach the portal's cookies, such as labs.example.net"
                ]
            ),
            (
                "labs_domain: labs.test", "labs_domain: portal.test",
                [
                    "carrel.yaml:4:14: labs_domain is \"portal.test\", which is the portal's hostname, but must be a domain of its own, so that no lab can reach the portal's cookies, such as labs.example.net"
                ]
            ),
            (
                "    image: carrel/jupyterlab:1", "    image: carrel/jupyterlab:1\n    memory: 64GiB",
                [
                    "carrel.yaml:22:13: labs[0] (python) needs 64GiB of memory, but the largest host has 32GiB (memory × overcommit); lower the lab's memory or add a host"
                ]
            ),
            (
                "    tls: {ca: tls/ca.pem, certificate: tls/client.pem, key: tls/client.key}\n", "",
                [
                    "carrel.yaml:11:5: hosts[1] has no \"tls\"; add it: a mapping with ca, certificate and key, for whoever reaches a bare tcp:// engine owns its host"
                ]
            ),
            (
                "tcp://10.0.0.5:2376", "http://10.0.0.5",
                [
                    "carrel.yaml:12:15: hosts[1].endpoint is \"http://10.0.0.5\", but must be unix:///PATH or tcp://HOST:PORT, such as unix:///var/run/docker.sock or tcp://10.0.0.5:2376"
                ]
            ),
            (
                "0.0.0.0:8443", "localhost:8443",
                [
                    "carrel.yaml:2:10: listen[0] is \"localhost:8443\", but must be an IP address and a port such as 0.0.0.0:8443 or [::]:8443, in quotes"
                ]
            ),
            (
                "environment: {MODE: course}", "environment: {MODE: 1, 2B: x}",
                [
                    "carrel.yaml:27:25: labs[1].environment.MODE is the number 1, but must be text of 1 to 4096 characters in one line (in quotes where it looks like a number or a truth value)",
                    "carrel.yaml:27:28: labs[1].environment has the name \"2B\", but a name must be letters, digits and _, such as MODE",
                ]
            ),
        ])
    func mistakes(found: String, replacement: String, expected: [String]) {
        #expect(problems(replacing(found, with: replacement)) == expected)
    }

    @Test("refuses a state directory whose sockets would have too long a name")
    func longState() {
        let folder = String(repeating: "x", count: 90)
        #expect(
            problems(replacing("state: state", with: "state: /\(folder)/abcd"))
                == [
                    "carrel.yaml:1:8: state is /\(folder)/abcd, which has 96 bytes, but must have at most 93, because sockets lie in it"
                ])
        #expect(problems(replacing("state: state", with: "state: /\(folder)/a")) == [])
    }

    @Test("shows every mistake at once, repeated keys too, in the order of the lines")
    func collected() {
        let yaml = goodConfiguration.replacing("    slots: 40", with: "    slots: 40\n    slots: 50\n    slotz: 3")
            .replacing("labs_domain: labs.test", with: "labs_domain: labs.test\n\"state\": other\nstate: third")
        #expect(
            problems(yaml) == [
                "carrel.yaml:6:1: state is given again; it stands in line 1 already: keep one of them",
                "carrel.yaml:12:5: hosts[0].slots is given again; it stands in line 11 already: keep one of them",
                "carrel.yaml:13:5: unknown key \"slotz\" in hosts[0]; did you mean \"slots\"?",
            ])
    }

    @Test(
        "that is no YAML, empty or not a mapping is one clear problem",
        arguments: [
            ("", "carrel.yaml:1:1: the file is empty; the README shows a configuration to begin with"),
            ("- a\n- b\n", "carrel.yaml:1:1: the file is a list, but must be a mapping of keys to values"),
            (
                "state: [",
                "carrel.yaml:2:1: this is not YAML: did not find expected node content while parsing a flow node; look for a missing colon, quote or bracket, or a tab at the start of a line"
            ),
        ])
    func shapeless(yaml: String, expected: String) {
        #expect(problems(yaml).first == expected)
    }

    @Test("that does not exist is named")
    func missingFile() {
        #expect(
            throws: InvalidConfiguration(problems: [
                ConfigurationProblem(
                    file: "/nonexistent/carrel.yaml", line: 0, column: 0,
                    message:
                        "the configuration cannot be read (No such file or directory); name another file with --config")
            ])
        ) { try Configuration(contentsOf: "/nonexistent/carrel.yaml") }
    }

    private func replacing(_ found: String, with replacement: String) -> String {
        #expect(goodConfiguration.contains(found))
        return goodConfiguration.replacing(found, with: replacement)
    }
}
