import JSON
import ScoringCore
import ScoringEngine

/// The samples of one task, as rows.
///
/// lm_eval writes a line for each filter and document, filter after filter; a row is what all filters made of a document.
/// The file is read at one place for each filter, so that memory holds a line of each.
struct HarnessSamples {
    let task: String
    let path: String
    /// The task's metrics.
    let metrics: [HarnessResults.Metric]
    /// Whether rows say which task they are of.
    let namesTask: Bool

    /// Gives all rows to a sink.
    ///
    /// - Returns: how many rows there were, and how many of them each metric has a value of.
    func write(to sink: RowSink) throws(EvaluationError) -> (rows: Int, outcomes: [OutcomeCounts]) {
        let sections = try sections()
        var outcomes = [OutcomeCounts](repeating: OutcomeCounts(), count: metrics.count)
        var rows = 0
        var text = ""
        while let samples = try next(sections) {
            text += row(samples, &outcomes).text + "\n"
            rows += 1
            if text.utf8.count > 1 << 16 { try flush(&text, sink) }
        }
        try flush(&text, sink)
        return (rows, outcomes)
    }

    private func flush(_ text: inout String, _ sink: RowSink) throws(EvaluationError) {
        guard !text.isEmpty else { return }
        do {
            try text.withUTF8 { try sink(UnsafeRawBufferPointer($0)) }
        } catch {
            throw error as? EvaluationError ?? EvaluationError(.output, "\(error)")
        }
        text = ""
    }

    private func row(_ samples: [Sample], _ outcomes: inout [OutcomeCounts]) -> JSONValue {
        var row = samples[0].json["doc"]?.object ?? [:]
        if namesTask { row["task"] = .string(task) }
        let generation = Self.unwrapped(samples[0].json["resps"])
        let answer = Self.unwrapped(samples[0].json["filtered_resps"])
        row[GeneratedColumn.generatedAnswer.rawValue] = answer
        row[GeneratedColumn.generation.rawValue] = answer == generation ? nil : generation
        row["expected_answer"] = samples[0].json["target"] ?? .null
        var scores: JSONObject = [:]
        for (index, metric) in metrics.enumerated() {
            let sample = samples.first { $0.filter == metric.filter }?.json
            var score: JSONObject = ["score": .null]
            if let value = sample?[metric.name], value != .null {
                score["score"] = value
                outcomes[index].add(.scored)
            } else {
                score["outcome"] = .string(RowOutcome.scorerError.name)
                score["message"] = "lm_eval has no value for this row"
                outcomes[index].add(.scorerError)
            }
            if samples.count > 1 { score["parsed_answer"] = Self.unwrapped(sample?["filtered_resps"]) }
            scores[metric.id] = .object(score)
        }
        row["scores"] = .object(scores)
        return .object(row)
    }

    /// The answer of a document that was asked once: lists of one element stand for the element.
    private static func unwrapped(_ value: JSONValue?) -> JSONValue {
        guard let elements = value?.array, elements.count == 1 else { return value ?? .null }
        return unwrapped(elements[0])
    }

    // MARK: Reading

    private struct Sample {
        var filter: String
        var json: JSONValue
    }

    /// The lines of one filter, from the next one on.
    private final class Section {
        let filter: String
        var file: LineFile

        init(filter: String, file: consuming LineFile) {
            self.filter = filter
            self.file = file
        }
    }

    private func sections() throws(EvaluationError) -> [Section] {
        guard var file = LineFile(path) else { throw fault("cannot be read") }
        var sections: [Section] = []
        while true {
            let offset = file.offset
            guard let sample = try next(&file) else { return sections }
            if sections.last?.filter == sample.filter { continue }
            guard !sections.contains(where: { $0.filter == sample.filter }) else {
                throw fault("has lines of the filter \(sample.filter) in several places")
            }
            guard let own = LineFile(path, from: offset) else { throw fault("cannot be read") }
            sections.append(Section(filter: sample.filter, file: own))
        }
    }

    /// What all filters made of the next document; nil at the end.
    private func next(_ sections: [Section]) throws(EvaluationError) -> [Sample]? {
        var samples: [Sample] = []
        for section in sections {
            if let sample = try next(&section.file), sample.filter == section.filter { samples.append(sample) }
        }
        if samples.isEmpty { return nil }
        guard samples.count == sections.count, samples.allSatisfy({ $0.json["doc_id"] == samples[0].json["doc_id"] })
        else { throw fault("does not have the same documents for each filter") }
        return samples
    }

    private func next(_ file: inout LineFile) throws(EvaluationError) -> Sample? {
        guard let line = file.next() else { return nil }
        guard let json = try? JSONValue(parsingPython: line), json["doc"]?.object != nil else {
            throw fault("has a line that is not a sample: \(String(decoding: line.prefix(80), as: UTF8.self))")
        }
        return Sample(filter: json["filter"]?.string ?? "none", json: json)
    }

    private func fault(_ message: String) -> EvaluationError {
        HarnessResults.fault("wrote samples of \(task) whose file \(message)")
    }
}
