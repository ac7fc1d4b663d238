import BrokerCore
import Foundation
import Testing

@testable import Broker

@Suite("What a Jupyter server says of its kernels")
struct KernelTests {
    private func report(
        _ json: String, skew: Duration = .zero, at now: Timestamp = Timestamp(milliseconds: 1_800_000_000_000)
    ) throws -> LabReport {
        Kernel.report(try JSONDecoder().decode([Kernel].self, from: Data(json.utf8)), skew: skew, at: now)
    }

    @Test("One busy kernel makes the lab busy")
    func busy() throws {
        let report = try report(
            """
            [{"id":"a","execution_state":"idle","last_activity":"2026-11-23T08:00:00.000000Z"},
             {"id":"b","execution_state":"busy","last_activity":"2026-11-23T07:00:00.000000Z"}]
            """)
        #expect(report == .busy)
    }

    @Test("Idle kernels are quiet since the last activity of any")
    func quiet() throws {
        let report = try report(
            """
            [{"execution_state":"idle","last_activity":"1970-01-01T00:00:01.500000Z"},
             {"execution_state":"idle","last_activity":"1970-01-01T00:00:03Z"}]
            """)
        #expect(report == .quiet(lastActivity: Timestamp(milliseconds: 3000)))
    }

    @Test("A kernel that was active in the year 9999 says nothing, and does not hide the others")
    func future() throws {
        let both = try report(
            """
            [{"execution_state":"idle","last_activity":"9999-12-31T23:59:59.999999Z"},
             {"execution_state":"idle","last_activity":"2026-11-23T08:00:00Z"}]
            """)
        #expect(both == .quiet(lastActivity: Timestamp(milliseconds: 1_795_420_800_000)))
        let alone = try report(
            """
            [{"execution_state":"idle","last_activity":"9999-12-31T23:59:59Z"}]
            """)
        #expect(alone == .quiet(lastActivity: nil))
    }

    @Test("What a lab says of its kernels is taken by our clock, not by its host's")
    func skewed() throws {
        let json = """
            [{"execution_state":"idle","last_activity":"1970-01-01T00:01:40Z"}]
            """
        let now = Timestamp(milliseconds: 71_000)
        #expect(try report(json, skew: .seconds(30), at: now) == .quiet(lastActivity: Timestamp(milliseconds: 70_000)))
        #expect(try report(json, at: now) == .quiet(lastActivity: nil))
    }

    @Test("No kernel at all is quiet without a moment")
    func none() throws {
        #expect(try report("[]") == .quiet(lastActivity: nil))
    }
}
