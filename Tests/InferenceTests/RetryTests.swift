import Testing
import Web

@testable import Inference

struct RetryTests {
    private let now = ContinuousClock.now

    @Test("pauses double from half a second up to half a minute, and the retries end")
    func pauses() {
        var schedule = RetrySchedule(maximum: 9)
        var pauses: [Double] = []
        while let time = schedule.next(after: .failed, at: now, fraction: 1) {
            pauses.append((time - now) / .seconds(1))
        }
        #expect(pauses == [0.5, 1, 2, 4, 8, 16, 30, 30, 30])
        #expect(schedule.failures == 9)
        var other = RetrySchedule(maximum: 1)
        #expect(other.next(after: .timedOut, at: now, fraction: 0.25) == now + .milliseconds(125))
        #expect(other.next(after: .unreachable, at: now, fraction: 0.25) == nil)
    }

    @Test(
        "what cannot pass is not tried again",
        arguments: [AttemptOutcome.rejected, .refused, .hopeless, .abandoned, .answered(latency: .zero)])
    func hopeless(_ outcome: AttemptOutcome) {
        var schedule = RetrySchedule(maximum: 5)
        #expect(schedule.next(after: outcome, at: now, fraction: 0) == nil)
    }

    @Test("a server that says when to come again is asked at that time, four times for each retry beside these")
    func invitations() {
        var schedule = RetrySchedule(maximum: 1)
        let later = now + .seconds(60)
        for _ in 0..<4 {
            #expect(schedule.next(after: .throttled(status: 503, retryAt: later), at: now, fraction: 1) == later)
        }
        #expect(schedule.next(after: .throttled(status: 429, retryAt: later), at: now, fraction: 1) == nil)
        #expect(schedule.next(after: .throttled(status: 529, retryAt: later), at: now, fraction: 1) == later)
        #expect(schedule.next(after: .throttled(status: 429, retryAt: nil), at: now, fraction: 1) == nil)
    }

    @Test(
        "a server that wants to be left alone for longer than ten minutes is not waited for, and none where nothing is repeated"
    )
    func longPauses() {
        var patient = RetrySchedule(maximum: 5)
        let outcome = AttemptOutcome.throttled(status: 429, retryAt: now + .seconds(601))
        #expect(patient.next(after: outcome, at: now, fraction: 1) == nil)
        var impatient = RetrySchedule(maximum: 0)
        #expect(impatient.next(after: .throttled(status: 429, retryAt: now), at: now, fraction: 1) == nil)
    }

    @Test("a server that wants to be asked at once again and again is asked more and more slowly")
    func impatientServer() {
        var schedule = RetrySchedule(maximum: 1)
        let pauses = (0..<3).map { _ in
            schedule.next(after: .throttled(status: 429, retryAt: now), at: now, fraction: 1).map { $0 - now }
        }
        #expect(pauses == [.milliseconds(500), .seconds(1), .seconds(2)])
    }

    @Test(
        "statuses are told apart",
        arguments: [
            (200, AttemptOutcome.answered(latency: .seconds(1))), (301, .refused), (400, .rejected), (401, .refused),
            (403, .refused), (404, .refused), (405, .rejected), (408, .failed), (409, .failed), (413, .rejected),
            (422, .rejected), (425, .failed), (429, .throttled(status: 429, retryAt: nil)), (500, .failed),
            (502, .failed), (503, .throttled(status: 503, retryAt: nil)), (504, .failed),
            (529, .throttled(status: 529, retryAt: nil)),
        ])
    func statuses(_ status: Int, outcome: AttemptOutcome) {
        #expect(AttemptOutcome(status: status, latency: .seconds(1), retryAt: nil) == outcome)
    }

    @Test(
        "all forms of Retry-After are understood",
        arguments: [
            (nil, "7", Duration.seconds(7)), (nil, "0.5", .milliseconds(500)), ("250", "7", .milliseconds(250)),
            (nil, "99999", .seconds(99_999)), (nil, "Sun, 06 Nov 1994 08:49:37 GMT", .seconds(30)),
            (nil, "Sun, 06 Nov 1994 08:49:00 GMT", .zero), (nil, "-3", nil), (nil, "soon", nil), (nil, nil, nil),
            ("x", "3", .seconds(3)), (nil, "inf", .seconds(1_000_000)), (nil, "nan", nil),
            (nil, "", nil), (nil, "1.5", .milliseconds(1500)), (nil, "1 day", nil), ("", "2", .seconds(2)),
        ] as [(String?, String?, Duration?)])
    func retryAfter(_ milliseconds: String?, _ header: String?, pause: Duration?) {
        let read = RetryAfter(milliseconds: milliseconds, retryAfter: header, seconds: 784_111_747)
        #expect(read?.pause == pause)
    }

    @Test(
        "dates are read to the second",
        arguments: [
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0), ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777),
            ("Tue, 29 Feb 2000 23:59:59 GMT", 951_868_799), ("Wed, 01 Mar 2000 00:00:00 GMT", 951_868_800),
            ("Fri, 31 Dec 2100 12:00:00 GMT", 4_133_937_600), ("Sun Nov  6 08:49:37 1994", nil),
            ("Sun, 06 Now 1994 08:49:37 GMT", nil), ("Sun, 06 Nov 1994 25:49:37 GMT", nil),
        ] as [(String, Int?)])
    func dates(_ text: String, seconds: Int?) {
        #expect(secondsSince1970(ofHTTPDate: text) == seconds)
    }
}
