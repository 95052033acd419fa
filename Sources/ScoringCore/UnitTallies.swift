import Statistics

/// What a row belongs to: scores of one cluster, or samples of one question, resemble one another.
package struct RowUnits: Sendable {
    /// A number for each row's cluster; empty without clusters.
    package var clusters: [Int]
    /// A number for each row's question; empty if rows are not samples.
    package var questions: [Int]

    package init(clusters: [Int] = [], questions: [Int] = []) {
        self.clusters = clusters
        self.questions = questions
    }

    package func selecting(_ rows: [Int]) -> RowUnits {
        RowUnits(
            clusters: clusters.isEmpty ? [] : rows.map { clusters[$0] },
            questions: questions.isEmpty ? [] : rows.map { questions[$0] })
    }
}

/// What is counted for clusters and questions. Memory grows with their number.
package struct UnitTallies: Sendable {
    /// Which of them a run has.
    package struct Kinds: Sendable, Equatable {
        package var hasClusters = false
        package var hasQuestions = false
        /// The lowest score at which a sample passes.
        package var passThreshold = 1.0

        package init(hasClusters: Bool = false, hasQuestions: Bool = false, passThreshold: Double = 1) {
            self.hasClusters = hasClusters
            self.hasQuestions = hasQuestions
            self.passThreshold = passThreshold
        }

        var isEmpty: Bool { !hasClusters && !hasQuestions }
    }

    /// The scored samples of a question.
    struct Samples: Sendable {
        var sum = ClusterSum()
        var passes = 0
        var least = Double.infinity
        var greatest = -Double.infinity
    }

    let kinds: Kinds
    private var clusters: [Int: ClusterSum] = [:]
    private var questions: [Int: Samples] = [:]

    init(_ kinds: Kinds) { self.kinds = kinds }

    mutating func add(_ scores: Span<Double>, _ units: RowUnits) {
        if kinds.hasClusters {
            for i in scores.indices { clusters[units.clusters[i], default: ClusterSum()].add(scores[i]) }
        }
        guard kinds.hasQuestions else { return }
        for i in scores.indices {
            let score = scores[i]
            var samples = questions[units.questions[i]] ?? Samples()
            samples.sum.add(score)
            samples.passes += score >= kinds.passThreshold ? 1 : 0
            samples.least = min(samples.least, score)
            samples.greatest = max(samples.greatest, score)
            questions[units.questions[i]] = samples
        }
    }

    mutating func merge(_ other: UnitTallies) {
        for (place, sum) in other.clusters { clusters[place, default: ClusterSum()].merge(sum) }
        for (place, theirs) in other.questions {
            var samples = questions[place] ?? Samples()
            samples.sum.merge(theirs.sum)
            samples.passes += theirs.passes
            samples.least = min(samples.least, theirs.least)
            samples.greatest = max(samples.greatest, theirs.greatest)
            questions[place] = samples
        }
    }

    /// The mean with the standard error that the units allow: by cluster, else by question.
    var mean: ClusteredMean {
        kinds.hasClusters ? ClusteredMean(clusters.values) : ClusteredMean(questions.values.lazy.map(\.sum))
    }

    /// What is known of the samples; nil if rows are not samples.
    var samples: AggregateResult.Samples? {
        guard kinds.hasQuestions else { return nil }
        let most = questions.values.map(\.sum.count).max() ?? 0
        return AggregateResult.Samples(
            questions: questions.count, least: questions.values.map(\.sum.count).min() ?? 0, most: most,
            consistent: questions.values.count { $0.least == $0.greatest },
            passes: Self.sizes(upTo: most).map(passes(of:)))
    }

    /// 1, 2, 4, 8 and so on, and the number of samples itself.
    private static func sizes(upTo most: Int) -> [Int] {
        var sizes: [Int] = []
        var size = 1
        while size < most {
            sizes.append(size)
            size *= 2
        }
        return most > 0 ? sizes + [most] : []
    }

    private func passes(of k: Int) -> AggregateResult.Passes {
        var (any, all) = (Moments(), Moments())
        for samples in questions.values {
            let (n, c) = (samples.sum.count, samples.passes)
            if let chance = passAtK(samples: n, correct: c, k: k) { any.add(chance) }
            if let chance = passHatK(samples: n, correct: c, k: k) { all.add(chance) }
        }
        return AggregateResult.Passes(
            k: k, anyPasses: .realMean(of: any), allPass: .realMean(of: all), leftOut: questions.count - any.count)
    }
}

// MARK: - States

extension UnitTallies {
    /// The most samples of a question in a state. The chance that some of k pass takes as many steps.
    private static let mostSamples = 1 << 20

    func write(to writer: inout StateWriter, _ places: UnitPlaces) {
        if kinds.hasClusters {
            let sorted = Self.sorted(clusters, by: places.clusters)
            writer.append(count: sorted.count)
            for (place, sum) in sorted {
                writer.append(count: place)
                sum.write(to: &writer)
            }
        }
        guard kinds.hasQuestions else { return }
        let sorted = Self.sorted(questions, by: places.questions)
        writer.append(count: sorted.count)
        for (place, samples) in sorted {
            writer.append(count: place)
            samples.sum.write(to: &writer)
            writer.append(count: samples.passes)
            // Of 0.0 and -0.0, the order of the rows decides which is kept.
            writer.append(number: samples.least + 0)
            writer.append(number: samples.greatest + 0)
        }
    }

    private static func sorted<Value>(_ units: [Int: Value], by places: [Int: Int]) -> [(Int, Value)] {
        units.compactMap { unit, value in places[unit].map { ($0, value) } }.sorted { $0.0 < $1.0 }
    }

    /// - Parameter total: the number of scores.
    init(
        _ kinds: Kinds, _ reader: inout StateReader, _ places: UnitPlaces, total: Int
    ) throws(StateFault) {
        self.init(kinds)
        var left = total
        if kinds.hasClusters {
            for _ in 0..<(try reader.length(ofElementsOf: 3)) {
                guard let place = places.clusters[try reader.count()], clusters[place] == nil else { throw .invalid }
                let sum = try ClusterSum(&reader, limit: left)
                left -= sum.count
                clusters[place] = sum
            }
            guard left == 0 else { throw .invalid }
        }
        guard kinds.hasQuestions else { return }
        left = total
        for _ in 0..<(try reader.length(ofElementsOf: 19)) {
            guard let place = places.questions[try reader.count()], questions[place] == nil else { throw .invalid }
            let sum = try ClusterSum(&reader, limit: min(left, Self.mostSamples))
            let passes = try reader.count(limit: sum.count)
            let (least, greatest) = (try reader.number(), try reader.number())
            guard least.isFinite, greatest.isFinite, least <= greatest else { throw .invalid }
            left -= sum.count
            questions[place] = Samples(sum: sum, passes: passes, least: least, greatest: greatest)
        }
        guard left == 0 else { throw .invalid }
    }
}
