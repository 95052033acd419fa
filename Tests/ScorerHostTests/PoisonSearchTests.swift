import Testing

@testable import ScorerHost

@Suite("After a worker was lost, the rows that are to blame are found")
struct PoisonSearchTests {
    /// Runs a search in which a try of rows with poison in them is lost.
    ///
    /// - Parameter sees: whether the first row of a try that is poison can be seen.
    private func search(
        _ count: Int, poison: Set<Int>, sees: Bool, isHang: Bool = false
    ) -> (poison: [Int], survived: [Int], lost: Int, attempts: [PoisonSearch.Attempt]) {
        var search = PoisonSearch(0..<count)
        var found: [Int] = []
        var survived: [Int] = []
        var attempts: [PoisonSearch.Attempt] = []
        var lost = 0
        while let attempt = search.next() {
            attempts.append(attempt)
            guard let row = attempt.rows.first(where: poison.contains) else {
                survived += attempt.rows
                search.survived()
                continue
            }
            lost += 1
            if let row = search.lost(suspect: sees ? row : nil, isHang: isHang) { found.append(row) }
        }
        return (found, survived, lost, attempts)
    }

    @Test(
        "every row that is poison is found, and every other one survives once",
        arguments: [
            (1, []), (1, [0]), (2, [1]), (1000, []), (1000, [0]), (1000, [999]), (1000, [500]),
            (7, [0, 1, 2, 3, 4, 5, 6]),
            (1024, [3, 4, 700, 1023]), (100, Array(stride(from: 0, to: 100, by: 3))),
        ], [true, false])
    func complete(rows: (count: Int, poison: [Int]), sees: Bool) {
        let result = search(rows.count, poison: Set(rows.poison), sees: sees)
        #expect(result.poison.sorted() == rows.poison)
        #expect(result.survived.sorted() == (0..<rows.count).filter { !rows.poison.contains($0) })
    }

    @Test("where it can be seen how far the worker had come, two are lost for a row", arguments: [0, 1, 511, 1023])
    func seen(row: Int) {
        #expect(search(1024, poison: [row], sees: true).lost == 2)
    }

    @Test("where it cannot, no more are lost than there are halvings", arguments: [0, 1, 511, 512, 1023])
    func halving(row: Int) {
        #expect(search(1024, poison: [row], sees: false).lost <= 12)
    }

    @Test("a wrong suspect is tried alone, and the rest is searched")
    func wrongSuspect() {
        var search = PoisonSearch(afterLossOf: 0..<8, suspect: 3, isHang: false)
        #expect(search.next()?.rows == 3..<4)
        search.survived()
        #expect(search.next()?.rows == 0..<3)
        search.survived()
        #expect(search.next()?.rows == 4..<8)
        #expect(search.lost(suspect: nil, isHang: false) == nil)
        #expect(search.next()?.rows == 4..<6)
        search.survived()
        #expect(search.next()?.rows == 6..<7, "that 4..<8 has the poison, and 4..<6 has not, says where it is")
        search.survived()
        #expect(search.next()?.rows == 7..<8)
        #expect(search.lost(suspect: nil, isHang: false) == 7)
        #expect(search.next() == nil)
    }

    @Test("what crashed only once is scored after all")
    func flicker() {
        var search = PoisonSearch(afterLossOf: 0..<4, suspect: nil, isHang: false)
        var survived: [Int] = []
        while let attempt = search.next() {
            survived += attempt.rows
            search.survived()
        }
        #expect(survived.sorted() == [0, 1, 2, 3])
    }

    @Test("among rows that hung, several at once are given little time, and each alone all of it")
    func hang() {
        let attempts = search(64, poison: [20], sees: false, isHang: true).attempts
        #expect(attempts[0].isHurried == false)
        for attempt in attempts.dropFirst() { #expect(attempt.isHurried == (attempt.rows.count > 1)) }
    }
}

@Suite("A plugin may cost so many workers and no more")
struct WorkerAllowanceTests {
    @Test("fifty crashes, or ten hangs", arguments: [(WorkerLoss.signal(11), 50), (.hang(.seconds(10)), 10)])
    func exhausted(loss: WorkerLoss, count: Int) {
        var allowance = WorkerAllowance()
        for _ in 0..<count {
            #expect(!allowance.isExhausted)
            allowance.lose(loss)
        }
        #expect(allowance.isExhausted)
        #expect(allowance.lost == count)
        #expect(allowance.lastLoss == loss)
    }

    @Test("ten rows that are scored earn one, and none is earned in advance")
    func earning() {
        var allowance = WorkerAllowance()
        allowance.score(rows: 1_000_000)
        for _ in 0..<50 { allowance.lose(.signal(6)) }
        allowance.score(rows: 9)
        #expect(allowance.isExhausted)
        allowance.score(rows: 1)
        #expect(!allowance.isExhausted)
        allowance.lose(.signal(6))
        #expect(allowance.isExhausted)
    }
}
