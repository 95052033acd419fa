import Glibc

/// Runs the tasks that ask models, on a thread of their own.
///
/// Swift's own pool has as many threads as there are cores. A caller of the engine may well hold all of them, as each
/// waits for a run to end; the runs' tasks would then wait for the callers, and the callers for the tasks.
final class TaskThread: TaskExecutor {
    /// Started with its first use, and there until the process ends.
    static let shared = TaskThread()

    private let jobs = Monitor<[UnownedJob]>([])

    private init() {
        var thread = pthread_t()
        let failure = pthread_create(
            &thread, nil,
            { _ in
                TaskThread.shared.run()
                return nil
            }, nil)
        // Where no thread can be started, the runs cannot either, and say so: their threads start after this one.
        if failure == 0 { pthread_detach(thread) }
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        jobs.update { $0.append(job) }
    }

    private func run() {
        while true {
            let ready: [UnownedJob] = jobs.wait { jobs in
                if jobs.isEmpty { return nil }
                defer { jobs = [] }
                return jobs
            }
            for job in ready { job.runSynchronously(on: asUnownedTaskExecutor()) }
        }
    }
}
