import Testing

@testable import Inference

struct BudgetTests {
    private var tickets = Ticket.Roll()

    private mutating func reserve(
        _ cost: Cost, _ name: String, in budget: inout Budget<String>
    ) -> (granted: [String], refused: [String]) {
        let actions = budget.reserve(cost, waiter: name, ticket: tickets.issue())
        return (actions.granted, actions.refused.map(\.waiter))
    }

    /// A request whose prompt costs nothing, and whose reply at most `cost`.
    private func bounded(_ cost: Double) -> Cost { Cost(model: "m", bound: cost) }

    @Test("without limits all go")
    mutating func unlimited() {
        var budget = Budget<String>(limits: BudgetLimits())
        for name in ["a", "b", "c"] { #expect(reserve(bounded(1e9), name, in: &budget).granted == [name]) }
    }

    @Test("no more requests are sent than allowed; one that was not sent makes room for another")
    mutating func requests() {
        var budget = Budget<String>(limits: BudgetLimits(maxRequests: 2))
        let cost = Cost(model: "m")
        for name in ["a", "b"] { #expect(reserve(cost, name, in: &budget).granted == [name]) }
        for name in ["c", "d", "e"] { #expect(reserve(cost, name, in: &budget) == ([], [])) }
        #expect(budget.release(cost).granted == ["c"])
        #expect(budget.start(cost, isHeld: true).1.refused.isEmpty)
        let last = budget.start(cost, isHeld: true)
        #expect(last.0 == .allowed)
        #expect(last.1.refused.map(\.waiter) == ["d", "e"])
        #expect(budget.settle(cost, .nothing).granted.isEmpty)
        #expect(reserve(cost, "f", in: &budget).refused == ["f"])
        #expect(
            budget.start(cost, isHeld: false).0 == .refused(reason: "the limit of 2 requests is reached"))
        #expect(budget.sent == 2)
    }

    @Test("a request that is repeated takes no reservation of another's")
    mutating func repetition() {
        var budget = Budget<String>(limits: BudgetLimits(maxRequests: 2))
        let cost = Cost(model: "m")
        for name in ["a", "b"] { #expect(reserve(cost, name, in: &budget).granted == [name]) }
        #expect(budget.start(cost, isHeld: true).0 == .allowed)
        _ = budget.settle(cost, .nothing)
        #expect(budget.start(cost, isHeld: false).0 == .deferred, "b has the last one")
        #expect(budget.start(cost, isHeld: true).0 == .allowed)
    }

    @Test("replies that cannot exceed what is left are asked for at once; what they did not cost is there for others")
    mutating func bounds() {
        var budget = Budget<String>(limits: BudgetLimits(maxCost: 1))
        #expect(reserve(bounded(0.6), "a", in: &budget).granted == ["a"])
        #expect(reserve(bounded(0.6), "b", in: &budget) == ([], []))
        #expect(reserve(bounded(0.1), "c", in: &budget) == ([], []), "b comes first")
        #expect(budget.start(bounded(0.6), isHeld: true).0 == .allowed)
        #expect(budget.settle(bounded(0.6), .reply(0.3)).granted == ["b", "c"])
        for cost in [0.6, 0.1] { #expect(budget.start(bounded(cost), isHeld: true).0 == .allowed) }
        #expect(budget.spent == 0.3)
    }

    @Test("a model of which nothing is known is asked one thing, whatever its replies may cost")
    mutating func firstGuess() {
        var budget = Budget<String>(limits: BudgetLimits(maxCost: 1))
        let cost = Cost(model: "m", prompt: 0.01, bound: 500)
        #expect(reserve(cost, "a", in: &budget).granted == ["a"])
        for name in ["b", "c", "d", "e"] { #expect(reserve(cost, name, in: &budget) == ([], [])) }
        #expect(budget.start(cost, isHeld: true).0 == .allowed)
        #expect(budget.settle(cost, .reply(0.05)).granted == ["b"])
        #expect(budget.start(cost, isHeld: true).0 == .allowed)
        #expect(budget.settle(cost, .reply(0.05)).granted == ["c", "d"], "after two replies, two at once")
        #expect(budget.start(cost, isHeld: true).0 == .allowed)
        #expect(budget.start(cost, isHeld: true).0 == .allowed)
        #expect(budget.settle(cost, .reply(0.05)).granted == ["e"])
    }

    @Test("what a model's replies cost says nothing of another's")
    mutating func models() {
        var budget = Budget<String>(limits: BudgetLimits(maxCost: 1))
        #expect(reserve(Cost(model: "m"), "a", in: &budget).granted == ["a"])
        #expect(budget.start(Cost(model: "m"), isHeld: true).0 == .allowed)
        _ = budget.settle(Cost(model: "m"), .reply(0.001))
        #expect(reserve(Cost(model: "m"), "b", in: &budget).granted == ["b"])
        #expect(reserve(Cost(model: "other"), "c", in: &budget) == ([], []), "it goes alone")
    }

    @Test("a reservation is looked at again when its turn comes")
    mutating func secondLook() {
        var budget = Budget<String>(limits: BudgetLimits(maxCost: 0.1))
        let cost = Cost(model: "m")
        #expect(reserve(cost, "a", in: &budget).granted == ["a"])
        #expect(budget.start(cost, isHeld: true).0 == .allowed)
        _ = budget.settle(cost, .reply(0.002))
        #expect(reserve(cost, "b", in: &budget).granted == ["b"])
        #expect(budget.start(cost, isHeld: true).0 == .allowed)
        _ = budget.settle(cost, .reply(0.002))
        for name in ["c", "d"] { #expect(reserve(cost, name, in: &budget).granted == [name]) }
        #expect(budget.start(cost, isHeld: true).0 == .allowed)
        _ = budget.settle(cost, .reply(0.08))
        #expect(
            budget.start(cost, isHeld: true).0
                == .refused(
                    reason: "the limit of 0.1 on the cost is reached: 0.084 is spent, and the request may cost 0.118067"
                )
        )
    }

    @Test("one that does not fit beside those under way reserves again, for they may turn out to be cheap")
    mutating func deferral() {
        var budget = Budget<String>(limits: BudgetLimits(maxCost: 1))
        #expect(reserve(bounded(0.5), "a", in: &budget).granted == ["a"])
        #expect(reserve(bounded(0.5), "b", in: &budget).granted == ["b"])
        #expect(budget.start(bounded(0.5), isHeld: true).0 == .allowed)
        // A repeated request, which has no reservation, was first.
        #expect(budget.start(bounded(0.5), isHeld: false).0 == .allowed)
        #expect(budget.start(bounded(0.5), isHeld: true).0 == .deferred)
        #expect(reserve(bounded(0.5), "b", in: &budget) == ([], []))
        #expect(budget.settle(bounded(0.5), .reply(0)).granted == ["b"])
    }

    @Test("a server that does not keep to what requests allow is not believed")
    mutating func beyondBounds() {
        var budget = Budget<String>(limits: BudgetLimits(maxCost: 1))
        #expect(reserve(bounded(0.01), "a", in: &budget).granted == ["a"])
        #expect(budget.start(bounded(0.01), isHeld: true).0 == .allowed)
        _ = budget.settle(bounded(0.01), .reply(0.2))
        #expect(reserve(bounded(0.01), "b", in: &budget).granted == ["b"])
        #expect(reserve(bounded(0.01), "c", in: &budget) == ([], []), "ten more would have been within 0.01 each")
    }

    @Test("once the limit is reached nothing is sent, whatever is under way")
    mutating func reached() {
        var budget = Budget<String>(limits: BudgetLimits(maxCost: 1))
        for name in ["a", "b"] { #expect(reserve(bounded(0.5), name, in: &budget).granted == [name]) }
        for _ in 0..<2 { #expect(budget.start(bounded(0.5), isHeld: true).0 == .allowed) }
        #expect(reserve(Cost(model: "m", prompt: 0.01), "c", in: &budget) == ([], []))
        #expect(budget.settle(bounded(0.5), .reply(1)).refused.map(\.waiter) == ["c"])
        #expect(budget.settle(bounded(0.5), .reply(0.5)).granted.isEmpty)
        #expect(budget.spent == 1.5)
    }

    @Test("who leaves the line makes way for those behind")
    mutating func leaving() {
        var budget = Budget<String>(limits: BudgetLimits(maxCost: 1))
        #expect(reserve(bounded(0.5), "a", in: &budget).granted == ["a"])
        let ticket = tickets.issue()
        #expect(budget.reserve(bounded(0.9), waiter: "b", ticket: ticket).granted.isEmpty)
        #expect(reserve(bounded(0.5), "c", in: &budget) == ([], []))
        let left = budget.leave(ticket)
        #expect(left?.0 == "b")
        #expect(left?.1.granted == ["c"])
        #expect(budget.leave(ticket) == nil)
    }
}

/// Budgets of any kind of replies, simulated: requests that are under way end in any order.
struct BudgetBoundTests {
    /// How much each reply costs, by its number.
    enum Replies: String, CaseIterable {
        case equal, growing, shrinking, oneLong, free

        func cost(_ number: Int) -> Double {
            switch self {
            case .equal: 0.0201
            case .growing: 0.0005 * Double(number + 1)
            case .shrinking: 0.05 / Double(number + 1)
            case .oneLong: number == 20 ? 0.08 : 0.002
            case .free: 0
            }
        }
    }

    @Test(
        "the limit is exceeded at most by those under way when it is reached, and little is left unused",
        arguments: Replies.allCases, [1, 4, 64])
    func bound(_ replies: Replies, _ concurrency: Int) {
        for bound in [nil, 0.2] as [Double?] {
            let limit = 0.1
            var budget = Budget<Int>(limits: BudgetLimits(maxCost: limit))
            var tickets = Ticket.Roll()
            let cost = Cost(model: "m", prompt: 0.00001, bound: bound)
            var underWay: [Double] = []
            var waiting: [Int] = []
            var refused = 0
            var started = 0
            func take(_ actions: Budget<Int>.Actions) {
                waiting += actions.granted
                refused += actions.refused.count
            }
            for number in 0..<500 { take(budget.reserve(cost, waiter: number, ticket: tickets.issue())) }
            while !waiting.isEmpty || !underWay.isEmpty {
                while !waiting.isEmpty, underWay.count < concurrency {
                    let number = waiting.removeFirst()
                    let (admission, actions) = budget.start(cost, isHeld: true)
                    switch admission {
                    case .allowed:
                        #expect(budget.spent <= limit)
                        underWay.append(replies.cost(started))
                        started += 1
                    case .deferred: take(budget.reserve(cost, waiter: number, ticket: tickets.issue()))
                    case .refused: refused += 1
                    }
                    take(actions)
                }
                if !underWay.isEmpty { take(budget.settle(cost, .reply(underWay.removeFirst()))) }
            }
            #expect(started + refused == 500)
            if replies == .free {
                #expect(started == 500)
            } else {
                // Nobody could expect the long one. Where each costs more than those before, the guess is always too low.
                #expect(budget.spent <= limit + (replies == .oneLong ? 0.08 : replies == .growing ? 0.02 : 0))
                #expect(budget.spent >= 0.06, "\(replies) \(concurrency): \(budget.spent)")
            }
        }
    }
}
