import Testing

@testable import Inference

struct BudgetTests {
    private var tickets = Ticket.Roll()

    private mutating func reserve(
        _ cost: Double, _ name: String, in budget: inout Budget<String>
    ) -> (granted: [String], refused: [String]) {
        let actions = budget.reserve(Cost(fixed: cost), waiter: name, ticket: tickets.issue())
        return (actions.granted.map(\.waiter), actions.refused.map(\.waiter))
    }

    @Test("without limits all go")
    mutating func unlimited() {
        var budget = Budget<String>(limits: BudgetLimits())
        for name in ["a", "b", "c"] { #expect(reserve(1e9, name, in: &budget).granted == [name]) }
    }

    @Test("no more requests are sent than allowed; one that was not sent makes room for another")
    mutating func requests() {
        var budget = Budget<String>(limits: BudgetLimits(maxRequests: 2))
        for name in ["a", "b"] { #expect(reserve(0, name, in: &budget).granted == [name]) }
        for name in ["c", "d", "e"] { #expect(reserve(0, name, in: &budget) == ([], [])) }
        #expect(budget.settle(0, actual: 0, wasSent: false).granted.map(\.waiter) == ["c"])
        #expect(budget.settle(0, actual: 0, wasSent: true).granted.isEmpty)
        let last = budget.settle(0, actual: 0, wasSent: true)
        #expect(last.refused.map(\.waiter) == ["d", "e"])
        #expect(last.refused[0].reason == "the limit of 2 requests is reached")
        #expect(reserve(0, "f", in: &budget).refused == ["f"])
    }

    @Test("requests under way cannot overshoot the cost; what they did not cost is there for others")
    mutating func cost() {
        var budget = Budget<String>(limits: BudgetLimits(maxCost: 1))
        #expect(reserve(0.6, "a", in: &budget).granted == ["a"])
        #expect(reserve(0.6, "b", in: &budget) == ([], []))
        #expect(reserve(0.1, "c", in: &budget) == ([], []), "b comes first")
        let settled = budget.settle(0.6, actual: 0.3, wasSent: true)
        #expect(settled.granted.map(\.waiter) == ["b", "c"])
        #expect(reserve(0.8, "d", in: &budget).refused == ["d"], "what is spent leaves too little already")
        _ = budget.settle(0.6, actual: 0.4, wasSent: true)
        _ = budget.settle(0.1, actual: 0.1, wasSent: true)
        let actions = budget.reserve(Cost(fixed: 0.3), waiter: "e", ticket: tickets.issue())
        #expect(
            actions.refused.first?.reason
                == "the limit of 1.0 on the cost is reached: 0.8 is spent, and the request may cost 0.3")
        #expect(reserve(0.15, "f", in: &budget).granted == ["f"])
    }

    @Test("what an answer may cost is learnt from the answers before it, also by those who wait already")
    mutating func learning() {
        var budget = Budget<String>(limits: BudgetLimits(maxCost: 1))
        let cost = Cost(fixed: 0.01, perToken: 0.002)
        let first = budget.reserve(cost, waiter: "a", ticket: tickets.issue())
        #expect(first.granted.map(\.reserved) == [0.01 + 0.002 * 256])
        for name in ["b", "c", "d"] {
            #expect(budget.reserve(cost, waiter: name, ticket: tickets.issue()).granted.isEmpty)
        }
        budget.expectedOutput = 100
        let settled = budget.settle(first.granted[0].reserved, actual: 0.2, wasSent: true)
        #expect(settled.granted.map(\.waiter) == ["b", "c", "d"])
        let refused = budget.reserve(cost, waiter: "e", ticket: tickets.issue())
        #expect(refused.granted.isEmpty && refused.refused.isEmpty)
        var last: [String] = []
        for grant in settled.granted {
            last += budget.settle(grant.reserved, actual: 0.25, wasSent: true).refused.map(\.reason)
        }
        #expect(
            last == [
                "the limit of 1.0 on the cost is reached: 0.95 is spent, and the request may cost 0.21 "
                    + "(max_tokens would limit that)"
            ])
    }

    @Test("who leaves the line makes way for those behind")
    mutating func leaving() {
        var budget = Budget<String>(limits: BudgetLimits(maxCost: 1))
        #expect(reserve(0.5, "a", in: &budget).granted == ["a"])
        let ticket = tickets.issue()
        #expect(budget.reserve(Cost(fixed: 0.9), waiter: "b", ticket: ticket).granted.isEmpty)
        #expect(reserve(0.5, "c", in: &budget) == ([], []))
        let left = budget.leave(ticket)
        #expect(left?.0 == "b")
        #expect(left?.1.granted.map(\.waiter) == ["c"])
        #expect(budget.leave(ticket) == nil)
    }
}
