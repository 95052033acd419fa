import Evaluation
import Testing

@Suite("Which job runs when")
struct JobScheduleTests {
    @Test("jobs run in the order in which they were asked for")
    func order() {
        var schedule = JobSchedule(maxWaiting: 10)
        add(["a", "b", "c"], to: &schedule)
        #expect(schedule.next() == "a" && schedule.next() == "b")
        #expect(schedule.waitingCount == 1)
        schedule.end("a")
        #expect(schedule.next() == "c" && schedule.next() == nil)
    }

    @Test("jobs of an earlier process run first, and may be more than may wait")
    func resumption() {
        var schedule = JobSchedule(maxWaiting: 1, waiting: ["a", "b", "c"])
        #expect(schedule.reserve() == .full)
        #expect(schedule.next() == "a" && schedule.next() == "b")
        #expect(schedule.reserve() == .full)
        #expect(schedule.next() == "c")
        #expect(schedule.reserve() == .granted)
    }

    @Test("a job is pending until it has ended or was cancelled before it ran")
    func pending() {
        var schedule = JobSchedule(maxWaiting: 10)
        #expect(!schedule.isPending("a"))
        add(["a", "b"], to: &schedule)
        #expect(schedule.isPending("a") && schedule.next() == "a" && schedule.isPending("a"))
        _ = schedule.cancel("a")
        #expect(schedule.isPending("a"))
        schedule.end("a")
        _ = schedule.cancel("b")
        #expect(!schedule.isPending("a") && !schedule.isPending("b"))
    }

    @Test("who is being stored takes a place, and gives it back where that fails")
    func places() {
        var schedule = JobSchedule(maxWaiting: 2)
        #expect(schedule.reserve() == .granted && schedule.reserve() == .granted)
        #expect(schedule.reserve() == .full)
        #expect(schedule.next() == nil)
        schedule.giveUp()
        #expect(schedule.reserve() == .granted)
        schedule.add("a")
        #expect(schedule.waitingCount == 2)
        #expect(schedule.next() == "a")
        #expect(schedule.waitingCount == 1)
    }

    @Test("a job that waits never runs once it is cancelled, one that runs is interrupted")
    func cancelling() {
        var schedule = JobSchedule(maxWaiting: 10)
        add(["a", "b"], to: &schedule)
        #expect(schedule.next() == "a")
        #expect(schedule.cancel("b") == .removed)
        #expect(schedule.next() == nil)
        #expect(schedule.cancel("a") == .interrupted)
        #expect(schedule.cancel("a") == .interrupted)
        schedule.end("a")
        #expect(schedule.cancel("a") == .absent)
        #expect(schedule.cancel("b") == .absent)
    }

    @Test("when the process ends, what runs is interrupted and goes on later, unless somebody cancelled it")
    func stopping() {
        var schedule = JobSchedule(maxWaiting: 10)
        add(["a", "b", "c"], to: &schedule)
        _ = (schedule.next(), schedule.next())
        _ = schedule.cancel("b")
        #expect(!schedule.isInterruptedByStop("a"))
        #expect(schedule.stop() == ["a"])
        #expect(schedule.isInterruptedByStop("a") && !schedule.isInterruptedByStop("b"))
        #expect(schedule.next() == nil)
        #expect(schedule.reserve() == .stopping)
    }

    @Test("a job that is cancelled after the process began to end does not go on later")
    func cancellingAtTheEnd() {
        var schedule = JobSchedule(maxWaiting: 10)
        add(["a"], to: &schedule)
        _ = schedule.next()
        _ = schedule.stop()
        #expect(schedule.cancel("a") == .interrupted)
        #expect(!schedule.isInterruptedByStop("a"))
    }

    private func add(_ ids: [String], to schedule: inout JobSchedule) {
        for id in ids {
            #expect(schedule.reserve() == .granted)
            schedule.add(id)
        }
    }
}
