package import Statistics

/// Numbers for clusters and questions, as an aggregator uses them, and as its state names them.
package struct UnitPlaces {
    package var clusters: [Int: Int]
    package var questions: [Int: Int]

    package init(clusters: [Int: Int] = [:], questions: [Int: Int] = [:]) {
        self.clusters = clusters
        self.questions = questions
    }
}

extension Aggregator {
    /// Writes everything but the distribution of the scores: what `functions`, `kind` and the number of statistics say is not
    /// written.
    ///
    /// - Parameter places: the number in the state of each cluster and question.
    package func write(to writer: inout StateWriter, _ places: UnitPlaces) {
        counts.write(to: &writer)
        writer.append(count: nonNumeric)
        moments?.write(to: &writer)
        weighted?.write(to: &writer)
        numbers?.write(to: &writer)
        texts?.write(to: &writer)
        units?.write(to: &writer, places)
        corpus?.write(to: &writer)
    }

    /// Reads what `write` wrote into an aggregator that has seen no rows.
    ///
    /// - Parameter places: the number of each cluster and question of the state.
    package mutating func read(_ reader: inout StateReader, _ places: UnitPlaces) throws(StateFault) {
        counts = try OutcomeCounts(&reader)
        nonNumeric = try reader.count(limit: counts.scored)
        let numeric = counts.scored - nonNumeric
        if moments != nil {
            let read = try Moments(&reader)
            guard read.count == numeric else { throw .invalid }
            moments = read
        }
        if weighted != nil {
            let read = try WeightedMoments(&reader)
            guard read.count <= numeric else { throw .invalid }
            weighted = read
        }
        if numbers != nil { numbers = try NumberTally(&reader, total: numeric) }
        if texts != nil { texts = try TextTally(&reader, total: nonNumeric) }
        if let kinds = units?.kinds { units = try UnitTallies(kinds, &reader, places, total: numeric) }
        if let width = corpus?.width { corpus = try CorpusSums(width: width, &reader, rows: counts.scored) }
    }

    /// The fewest bytes that a state takes.
    package static let leastStateSize = RowOutcome.allCases.count + 1
}

extension OutcomeCounts {
    fileprivate func write(to writer: inout StateWriter) {
        for outcome in RowOutcome.allCases { writer.append(count: self[outcome]) }
    }

    fileprivate init(_ reader: inout StateReader) throws(StateFault) {
        self.init()
        for outcome in RowOutcome.allCases {
            add(outcome, count: try reader.count(limit: StateReader.mostRows - total))
        }
    }
}

extension NumberTally {
    fileprivate func write(to writer: inout StateWriter) {
        let runs = runs
        writer.append(count: runs.count)
        for run in runs {
            writer.append(number: run.value)
            writer.append(count: run.count)
        }
    }

    fileprivate init(_ reader: inout StateReader, total: Int) throws(StateFault) {
        self.init()
        var left = total
        for _ in 0..<(try reader.length(ofElementsOf: 9)) {
            let number = try reader.number()
            let count = try reader.count(limit: left)
            guard number.isFinite, count > 0, add(number, count: count) else { throw .invalid }
            left -= count
        }
        guard left == 0 else { throw .invalid }
    }
}

extension TextTally {
    fileprivate func write(to writer: inout StateWriter) {
        let sorted = counts.sorted { $0.key < $1.key }
        writer.append(count: sorted.count)
        for (text, count) in sorted {
            writer.append(text: text.text)
            writer.append(count: count)
        }
    }

    fileprivate init(_ reader: inout StateReader, total: Int) throws(StateFault) {
        self.init()
        var left = total
        for _ in 0..<(try reader.length(ofElementsOf: 2)) {
            let text = try reader.text()
            let count = try reader.count(limit: left)
            guard count > 0, counts[ExactText(text)] == nil else { throw .invalid }
            add(text, count: count)
            left -= count
        }
        guard left == 0 else { throw .invalid }
    }
}
