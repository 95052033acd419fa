//! Scores how short answers are: 1.0 for at most max_words words, less the longer they are.

use assay_scorer::{plugin, Call, Column, Declaration, Kind, Parameters, Rejection, Scorer, Unscored};

// Columns are known by their index in the declaration.
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
            Column::output("score", Kind::Number, "1.0, or max_words by the number of words").within(0.0, 1.0),
            Column::output("words", Kind::Integer, "how many words the answer has"),
        ],
        parameters_schema: Some(
            r#"{"type": "object", "additionalProperties": false,
                "properties": {"max_words": {"type": "number", "minimum": 1, "maximum": 1000000}}}"#,
        ),
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
    }
}

plugin!("org.example.@NAME@", "0.1.0", "How short answers are", ShortAnswer);
