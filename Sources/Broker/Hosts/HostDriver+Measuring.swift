import BrokerCore
import DockerEngine
import EventLoop

/// Measures the use of a host's labs, in rounds. Few readings run concurrently, on connections of their own, and the
/// next round begins a whole interval after the end of the last, so that a slow host is measured less often and starts
/// are not delayed.
extension HostDriver {
    func measure() async throws {
        while true {
            await measureOnce()
            try await Task.sleep(for: broker.configuration.sampleInterval)
        }
    }

    private func measureOnce() async {
        var waiting = broker.core.measurable(on: name)[...]
        var samples: [UsageSample] = []
        samples.reserveCapacity(waiting.count)
        await withTaskGroup(of: Reading.self) { group in
            var isSlow = false
            func next() {
                guard !isSlow, let run = waiting.popFirst() else { return }
                group.addTask { await self.read(run.session, epoch: run.epoch) }
            }
            for _ in 0..<BrokerLimits.samplesAtOnce { next() }
            while let reading = await group.next() {
                switch reading {
                case .sample(let sample): samples.append(sample)
                case .gone: break
                // Abandon the round, because more readings would slow the engine further; the heartbeat finds out
                // whether it is gone.
                case .failed: isSlow = true
                }
                next()
            }
            if isSlow { broker.metrics.failedRounds += 1 }
        }
        guard !Task.isCancelled else { return }
        broker.metrics.samples += UInt64(samples.count)
        broker.submit(.usageSampled(host: name, samples))
    }

    private enum Reading: Sendable {
        case sample(UsageSample)
        case gone
        case failed
    }

    private func read(_ session: SessionID, epoch: Int) async -> Reading {
        let container = LabContainer.name(instance: broker.instance, session: session, epoch: epoch)
        do throws(EngineError) {
            guard let use = try await engine.stats(container) else { return .gone }
            return .sample(
                UsageSample(
                    session: session, epoch: epoch, at: broker.now, memoryBytes: use.memoryBytes,
                    cpuNanoseconds: use.cpuNanoseconds))
        } catch {
            return error.code == .notFound ? .gone : .failed
        }
    }
}
