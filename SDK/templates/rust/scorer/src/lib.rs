//! Scores how short answers are: 1.0 for at most max_words words, lower for longer answers.

use assay_scorer::{
    plugin, Aggregates, Call, Column, Declaration, Kind, Parameters, Rejection, Scorer, Sums, Unscored,
};

// Columns are identified by their index in the declaration.
const ANSWER: usize = 0;
const SCORE: usize = 0;
const WORDS: usize = 1;

/// One scoring function with its parameters. Threads share it.
struct ShortAnswer {
    max_words: f64,
}

impl Scorer for ShortAnswer {
    const DECLARATION: Declaration = Declaration {
        id: "@NAME@",
        description: "1.0 for an answer of at most max_words words, less for longer ones",
        inputs: &[Column::required("generated_answer", Kind::Text, "the answer")],
        outputs: &[
            Column::output("score", Kind::Number, "1.0, or max_words divided by the number of words").within(0.0, 1.0),
            Column::output("words", Kind::Integer, "the number of words in the answer"),
        ],
        parameters_schema: Some(
            r#"{"type": "object", "additionalProperties": false,
                "properties": {"max_words": {"type": "number", "minimum": 1, "maximum": 1000000}}}"#,
        ),
        // Its corpus score is computed from the sum of a number of each row.
        statistics: &["words"],
        aggregations: &[("words_per_answer", "the number of words of all answers, and their mean")],
        ..Declaration::NOTHING
    };

    /// For scorers that ask models.
    type Memory = ();

    fn new(parameters: &mut Parameters) -> Result<Self, Rejection> {
        Ok(ShortAnswer { max_words: parameters.number("max_words", 100.0, 1.0..=1_000_000.0)? })
    }

    fn score(&self, call: &Call, row: usize) {
        let answer = call.text(ANSWER, row).unwrap_or("");
        let words = answer.split([' ', '\t', '\n', '\r']).filter(|word| !word.is_empty()).count();
        if words == 0 {
            return call.fail(row, Unscored::Unparsed, "the answer is empty");
        }
        call.give_number(SCORE, row, (self.max_words / words as f64).min(1.0));
        call.give_integer(WORDS, row, words as i64);
        call.give_statistics(row, &[words as f64]);
    }

    /// Computes the aggregations of all scored rows, or of a group of them, from the sums of their statistics.
    fn finalize(&self, sums: &Sums, aggregates: &Aggregates) {
        let words = sums.values[0];
        let mean = words / sums.rows as f64;
        aggregates.give_json(0, &format!("{{\"words_per_answer\": {mean}, \"words\": {words}}}"));
    }
}

plugin!("org.example.@NAME@", env!("CARGO_PKG_VERSION"), "How short answers are", ShortAnswer);

#[cfg(test)]
mod tests {
    use super::*;
    use assay_scorer::testing::{Cell, Host};

    #[test]
    fn longer_answers_score_less() {
        let host = Host::of::<ShortAnswer>(r#"{"max_words": 2}"#).unwrap();
        let results = host.score(&[vec![Cell::text("two words")], vec![Cell::text("these are four words")]]);
        assert_eq!(results[0].number("score"), Some(1.0));
        assert_eq!(results[1].number("score"), Some(0.5));
    }

    #[test]
    fn an_empty_answer_has_no_score() {
        let host = Host::of::<ShortAnswer>("{}").unwrap();
        assert!(host.score(&[vec![Cell::text(" ")]])[0].is(Unscored::Unparsed));
    }

    #[test]
    fn the_corpus_has_a_score() {
        let host = Host::of::<ShortAnswer>("{}").unwrap();
        let results = host.score(&[vec![Cell::text("two words")], vec![Cell::text("one")], vec![Cell::text("")]]);
        assert_eq!(host.aggregate(&results)[&0], "{\"words_per_answer\": 1.5, \"words\": 3}");
    }

    #[test]
    fn parameters_are_checked() {
        let (pointer, _) = Host::of::<ShortAnswer>(r#"{"max_words": 0}"#).err().unwrap();
        assert_eq!(pointer, "/params/max_words");
    }
}
