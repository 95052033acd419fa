import Testing

@testable import ScoringEngine

@Suite("Chunks that are done out of order are written in order")
struct ChunkOrderTests {
    private func counts(_ rows: Int, _ lines: Int, _ selected: Int) -> ChunkCounts {
        ChunkCounts(rows: rows, lines: lines, selected: selected)
    }

    /// Claims all places that there are.
    private func claims(_ order: inout ChunkOrder<String>) -> Int {
        var count = 0
        while order.claim() { count += 1 }
        return count
    }

    @Test("as many chunks are claimed as the window has places")
    func window() {
        var order = ChunkOrder<String>(window: 2)
        #expect(claims(&order) == 2)
        order.finish(1, "b")
        #expect(claims(&order) == 0, "a chunk behind one that is not done keeps its place")
        order.finish(0, "a")
        #expect(claims(&order) == 0, "and so does one that is not written")
        #expect(order.outputToWrite() == "a")
        #expect(claims(&order) == 0)
        order.wrote()
        #expect(claims(&order) == 1)
        #expect(order.outputToWrite() == "b")
        order.wrote()
        #expect(claims(&order) == 1)
    }

    @Test("outputs come one at a time, each once")
    func writing() {
        var order = ChunkOrder<String>(window: 3)
        #expect(order.outputToWrite() == nil)
        for _ in 0..<3 { _ = order.claim() }
        order.finish(2, "c")
        #expect(order.outputToWrite() == nil)
        order.finish(0, "a")
        #expect(order.outputToWrite() == "a")
        #expect(order.outputToWrite() == nil, "somebody is writing")
        order.finish(1, "b")
        #expect(order.outputToWrite() == nil)
        order.wrote()
        #expect(order.outputToWrite() == "b")
        order.wrote()
        #expect(order.outputToWrite() == "c")
        order.wrote()
        #expect(order.outputToWrite() == nil)
    }

    @Test("what stands before a chunk is known once all chunks before it are counted")
    func bases() {
        var order = ChunkOrder<String>(window: 4)
        for _ in 0..<4 { _ = order.claim() }
        #expect(order.base(of: 0) == nil)
        order.count(2, counts(100, 200, 50))
        order.count(1, counts(10, 20, 5))
        #expect(order.base(of: 1) == nil && order.base(of: 2) == nil)
        #expect(order.total == counts(0, 0, 0))
        order.count(0, counts(1, 2, 1))
        #expect(order.base(of: 0) == counts(0, 0, 0))
        #expect(order.base(of: 1) == counts(1, 2, 1))
        #expect(order.base(of: 2) == counts(11, 22, 6))
        #expect(order.base(of: 3) == nil)
        #expect(order.total == counts(111, 222, 56))
        order.finish(1, "b")
        #expect(order.base(of: 1) == nil && order.base(of: 2) == counts(11, 22, 6))
    }

    @Test("any order of work gives the same output and the same counts", arguments: 0..<20)
    func anyOrder(seed: UInt64) {
        var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
        func random(_ bound: Int) -> Int {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return Int(state % UInt64(bound))
        }
        var order = ChunkOrder<Int>(window: 5)
        var written: [Int] = []
        var working: [(index: Int, isCounted: Bool)] = []
        var next = 0
        while written.count < 50 {
            switch random(3) {
            case 0:
                if next < 50, order.claim() {
                    working.append((next, false))
                    next += 1
                }
            case 1:
                if !working.isEmpty {
                    let place = random(working.count)
                    let index = working[place].index
                    if working[place].isCounted {
                        if let base = order.base(of: index) {
                            #expect(base == counts(3 * index, 4 * index, index))
                            order.finish(index, index)
                            working.remove(at: place)
                        }
                    } else {
                        order.count(index, counts(3, 4, 1))
                        working[place].isCounted = true
                    }
                }
            default:
                if let output = order.outputToWrite() {
                    written.append(output)
                    order.wrote()
                }
            }
            #expect(next - written.count <= 5)
        }
        #expect(written == Array(0..<50))
        #expect(order.total == counts(150, 200, 50))
    }
}
