import Broker
import EventLoop
import Foundation
import Literals
import Programs
import TLS
import Testing

@testable import Configuration
@testable import carrel

extension Scratch {
    /// A configuration whose certificate covers `names`, and whose one engine does not exist.
    func configuration(certificateFor names: [String]) throws -> Configuration {
        let authority = try DevelopmentCA(directory: path + "/tls")
        _ = try authority.issue("edge", for: .server(names: names))
        let yaml = """
            state: state
            portal: {name: school, hostname: portal.test}
            labs_domain: labs.test
            tls: {certificate: tls/edge.pem, key: tls/edge.key}
            hosts:
              - {name: one, endpoint: unix://none.sock, slots: 4, memory: 4GiB}
            labs:
              - {name: python, image: carrel/jupyterlab}
            """
        return try Configuration(yaml: yaml, file: "carrel.yaml", folder: path)
    }
}

@Suite("The check before the start") struct PreflightTests {
    @Test("names both of two hosts that are one engine, and labs that no host has the labels for")
    func twins() throws {
        let yaml = goodConfiguration.replacing("idle_timeout: 20m", with: "placement: {requires: {gpu: yes}}")
        let configuration = try Configuration(yaml: yaml, file: "carrel.yaml", folder: "/etc/carrel")
        let hosts = configuration.hosts
        #expect(Preflight.twins([(hosts[0], "A"), (hosts[1], "B")], in: configuration).isEmpty)
        #expect(
            Preflight.twins([(hosts[0], "A"), (hosts[1], "A")], in: configuration).map(\.message) == [
                "host two is the same Docker Engine as host one in line 7; take one of the two out"
            ])
        let unserved = Preflight.unserved(configuration).map(\.message)
        #expect(unserved.count == 1 && unserved[0].hasPrefix("lab python asks for a host with gpu=yes"))
    }

    @Test("advises where the kernel of a host lets all its labs have too little together")
    func kernel() throws {
        let configuration = try Configuration(yaml: goodConfiguration, file: "carrel.yaml", folder: "/etc/carrel")
        var host = configuration.hosts[0]
        host.spec.slots = 40
        let little = KernelLimits(inotifyInstances: 128, inotifyWatches: 1 << 20, pipePages: 0)
        let advice = Preflight.kernel(little, of: host, in: configuration)
        #expect(advice.map(\.line) == [host.line])
        #expect(
            advice.first?.message.hasSuffix("fs.inotify.max_user_instances is 128 and should be 1280 (sysctl)") == true)
        host.spec.slots = 4
        #expect(Preflight.kernel(little, of: host, in: configuration).isEmpty)
        #expect(Preflight.kernel(nil, of: host, in: configuration).isEmpty)
    }

    @Test("names labs that a learner can never have both, unless homes are shared")
    func apart() throws {
        func problems(_ head: String) throws -> [String] {
            let yaml = """
                \(head)
                portal: {name: school, hostname: portal.test}
                labs_domain: labs.test
                tls: {certificate: edge.pem, key: edge.key}
                hosts:
                  - {name: one, endpoint: "unix:///one.sock", slots: 4, memory: 4GiB, labels: {disk: ssd}}
                  - {name: two, endpoint: "unix:///two.sock", slots: 4, memory: 4GiB, labels: {gpu: present}}
                labs:
                  - {name: fast, image: lab, placement: {requires: {disk: ssd}}}
                  - {name: vision, image: lab, placement: {requires: {gpu: present}}}
                """
            let configuration = try Configuration(yaml: yaml, file: "carrel.yaml", folder: "/etc/carrel")
            return Preflight.apart(configuration).map(\.message)
        }
        let found = try problems("state: state")
        #expect(found.count == 1 && found[0].hasPrefix("lab vision and lab fast ask for hosts with different labels"))
        #expect(found[0].hasSuffix("set homes, or label a host for both"))
        #expect(try problems("state: state\nhomes: /srv/homes").isEmpty)
    }

    @Test("is content with a certificate for the portal and every lab")
    func certificate() throws {
        let scratch = try Scratch()
        let store = try Preflight.certificates(
            try scratch.configuration(certificateFor: ["portal.test", "*.labs.test"]))
        #expect(store.covers(hostname: "abc.labs.test"))
    }

    @Test("names the line of a certificate that is missing, or that leaves a name out")
    func noCertificate() throws {
        let scratch = try Scratch()
        #expect(
            throws: InvalidConfiguration(problems: [
                ConfigurationProblem(
                    file: "carrel.yaml", line: 4, column: 0,
                    message:
                        "tls: \(scratch.path)/tls/edge.pem does not cover *.labs.test, but must cover the hostname "
                        + "of the portal school and *.labs.test")
            ])
        ) { try Preflight.certificates(try scratch.configuration(certificateFor: ["portal.test", "labs.test"])) }
        let configuration = try scratch.configuration(certificateFor: ["portal.test", "*.labs.test"])
        try FileManager.default.removeItem(atPath: scratch.path + "/tls/edge.key")
        #expect {
            try Preflight.certificates(configuration)
        } throws: { error in
            "\(error)".hasPrefix("carrel.yaml:4: tls: ") && "\(error)".contains("\(scratch.path)/tls/edge.key")
        }
    }

    @Test("warns of a certificate that ends soon, or has ended")
    func expiry() throws {
        let scratch = try Scratch()
        let configuration = try scratch.configuration(certificateFor: ["portal.test", "*.labs.test"])
        let store = try Preflight.certificates(configuration)
        let end = store.earliestExpiry
        #expect(Preflight.expiry(of: store, configuration) == nil)
        #expect(
            Preflight.expiry(of: store, configuration, now: end - 7200)?.description
                == "carrel.yaml:4: tls: \(scratch.path)/tls/edge.pem expires in 2h; renew it, and the new files are taken over"
        )
        #expect(Preflight.expiry(of: store, configuration, now: end)?.message.contains("has expired") == true)
    }

    @Test("names the line of an ACME webroot that is no directory")
    func webroot() throws {
        let scratch = try Scratch()
        var configuration = try scratch.configuration(certificateFor: ["portal.test", "*.labs.test"])
        #expect(Preflight.webroot(configuration) == nil)
        configuration.redirect = .init(listen: [], acmeWebroot: scratch.path, line: 9)
        #expect(Preflight.webroot(configuration) == nil)
        configuration.redirect?.acmeWebroot = scratch.path + "/none"
        #expect(
            Preflight.webroot(configuration)?.description
                == "carrel.yaml:9: redirect.acme_webroot is \(scratch.path)/none, which is no directory; make it, or take "
                + "the key out")
    }

    @Test("names the line of a host that does not answer")
    func unreachableHost() async throws {
        let scratch = try Scratch()
        let configuration = try scratch.configuration(certificateFor: ["portal.test", "*.labs.test"])
        let problems = await Preflight.hosts(configuration).problems
        #expect(problems.count == 1)
        let text = problems.first?.description ?? ""
        #expect(text.hasPrefix("carrel.yaml:6: host one cannot be used: unix://\(scratch.path)/none.sock: "))
        #expect(text.hasSuffix("; start its Docker Engine, or correct the endpoint"))
    }
}
