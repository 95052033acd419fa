import Testing

@testable import Inference

struct LineTests {
    private let now = ContinuousClock.now

    @Test("who waits is served in order, without those who left")
    func waitingLine() {
        var tickets = Ticket.Roll()
        var line = WaitingLine<Int>()
        var held: [Ticket] = []
        for number in 0..<6 {
            held.append(tickets.issue())
            line.append(number, ticket: held[number])
        }
        #expect(line.remove(held[0]) == 0)
        #expect(line.remove(held[3]) == 3)
        #expect(line.remove(held[3]) == nil)
        #expect(line.count == 4)
        #expect(line.first == 1)
        #expect(line.popFirst()?.waiter == 1)
        #expect(line.popFirst()?.ticket == held[2])
        #expect(line.remove(held[2]) == nil)
        #expect(line.removeAll() == [4, 5])
        #expect(line.isEmpty)
        #expect(line.first == nil)
        #expect(line.popFirst() == nil)
    }

    @Test("who waits for a time is served at it, the earlier ones first, without those who left")
    func delayLine() {
        var tickets = Ticket.Roll()
        var line = DelayLine<Int>()
        var held: [Ticket] = []
        for (number, second) in [5, 1, 3, 1, 4].enumerated() {
            held.append(tickets.issue())
            line.insert(number, ticket: held[number], until: now + .seconds(second))
        }
        #expect(line.earliest == now + .seconds(1))
        #expect(line.popDue(at: now)?.waiter == nil)
        #expect(line.remove(held[2]) == 2)
        #expect(line.remove(held[2]) == nil)
        #expect(line.popDue(at: now + .seconds(4))?.waiter == 1)
        #expect(line.popDue(at: now + .seconds(4))?.waiter == 3)
        #expect(line.popDue(at: now + .seconds(4))?.ticket == held[4])
        #expect(line.popDue(at: now + .seconds(4))?.waiter == nil)
        #expect(line.removeAll() == [0])
        #expect(line.earliest == nil)
    }

    @Test("a pace is kept also when timers are late, and no burst makes up for idle time")
    func pacing() {
        var pacing = Pacing(requestsPerMinute: 6_000)
        #expect(pacing.start(after: now) == nil)
        pacing.recordStart(at: now)
        #expect(pacing.start(after: now) == now + .milliseconds(10))
        #expect(pacing.start(after: now + .milliseconds(10)) == nil)
        pacing.recordStart(at: now + .milliseconds(17))
        #expect(pacing.start(after: now + .milliseconds(17)) == now + .milliseconds(20))
        let later = now + .seconds(60)
        var starts = 0
        while pacing.start(after: later) == nil {
            pacing.recordStart(at: later)
            starts += 1
        }
        // A tenth of a second's worth, and the one that is due.
        #expect(starts == 11)
    }
}
