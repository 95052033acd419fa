import Glibc
import JSON
import ScoringCore
import Synchronization
import Testing

@testable import ScoringEngine

@Suite("A run does not need a large stack of its caller")
struct ThreadStackTests {
    /// What a thread of another program does.
    private final class Work: Sendable {
        let scored = Mutex<Int?>(nil)

        func run() {
            let nested = String(repeating: "[", count: 400) + "1" + String(repeating: "]", count: 400)
            let row = "{\"generated_answer\": \(nested)}\n"
            // Checking a value goes down as deep as the value.
            let scoring = try? Scoring(row, "braintrust::valid-json", ["schema": ["items": ["$ref": "#"]]]) {
                $0.jobs = 1
            }
            let counts = scoring?.results["braintrust::valid-json"]?.aggregates.counts
            scored.withLock { $0 = counts?.scored }
        }
    }

    @Test("a deep value is checked for a caller whose stack has half a megabyte")
    func smallStack() throws {
        let work = Work()
        let attributes = UnsafeMutablePointer<pthread_attr_t>.allocate(capacity: 1)
        defer { attributes.deallocate() }
        pthread_attr_init(attributes)
        pthread_attr_setstacksize(attributes, 512 << 10)
        var thread = pthread_t()
        let status = pthread_create(
            &thread, attributes,
            { work in
                guard let work else { return nil }
                Unmanaged<Work>.fromOpaque(work).takeUnretainedValue().run()
                return nil
            }, Unmanaged.passUnretained(work).toOpaque())
        try #require(status == 0)
        pthread_join(thread, nil)
        #expect(work.scored.withLock { $0 } == 1)
    }
}
