import BrokerCore
import Foundation
import Testing

@testable import Broker
@testable import DockerEngine

@Suite("What all labs of a host share")
struct KernelLimitsTests {
    @Test("The helper of the packet filter tells what the kernel has; one that does not, or cannot, tells nothing")
    func told() {
        let limits = KernelLimits(inotifyInstances: 128, inotifyWatches: 192_536, pipePages: 16_384)
        #expect(KernelLimits(helper: ["made", "kernel 128 192536 16384", "watching"]) == limits)
        for lines in [[], ["kept"], ["made", "kernel 128 -1 16384"], ["kernel 1 2"], ["kernel 1 2 x"]] {
            #expect(KernelLimits(helper: lines) == nil, "\(lines)")
        }
    }

    @Test("A setting is too small where it has less than each slot may need, and a pipe limit of 0 is none")
    func shortages() {
        let usual = KernelLimits(inotifyInstances: 128, inotifyWatches: 192_536, pipePages: 16_384)
        #expect(usual.shortages(slots: 4) == [])
        #expect(
            usual.shortages(slots: 40) == [
                "fs.inotify.max_user_instances is 128 and should be 1280",
                "fs.inotify.max_user_watches is 192536 and should be 327680",
                "fs.pipe-user-pages-soft is 16384 and should be 20480",
            ])
        let ample = KernelLimits(inotifyInstances: 1280, inotifyWatches: 327_680, pipePages: 0)
        #expect(ample.shortages(slots: 40) == [])
    }

    @Test("Of another Carrel, labs that run are counted with their memory, and its helpers are not")
    func others() throws {
        let listed = """
            [{"Id":"1","State":"running","Labels":
                {"carrel.instance":"i2","carrel.session":"s","carrel.epoch":"1","carrel.memory":"1024"}},
             {"Id":"2","State":"exited","Labels":
                {"carrel.instance":"i2","carrel.session":"t","carrel.epoch":"1","carrel.memory":"1024"}},
             {"Id":"3","State":"running","Labels":{"carrel.instance":"i2","carrel.role":"keeper"}},
             {"Id":"4","State":"running","Labels":{"carrel.instance":"i2","carrel.role":"holder"}}]
            """
        var others = OtherUse()
        for body in try JSONDecoder().decode([ContainerListBody].self, from: Data(listed.utf8)) {
            others.add(ContainerSummary(body))
        }
        #expect(others == OtherUse(containers: 1, memoryBytes: 1024))
    }
}
