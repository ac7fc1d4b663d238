import BrokerCore
import Foundation
import Testing

@testable import Broker

@Suite("What a Jupyter server says of its kernels")
struct KernelTests {
    private func report(_ json: String) throws -> LabReport {
        Kernel.report(try JSONDecoder().decode([Kernel].self, from: Data(json.utf8)))
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

    @Test("No kernel at all is quiet without a moment")
    func none() throws {
        #expect(try report("[]") == .quiet(lastActivity: nil))
    }
}
