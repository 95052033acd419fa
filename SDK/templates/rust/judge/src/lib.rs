//! Asks a model a question about each answer, and reads yes or no.

use assay_scorer::json::write_quoted;
use assay_scorer::{plugin, Call, Column, Declaration, Kind, Parameters, Rejection, Reply, Scorer, Unscored};

// Columns are identified by their index in the declaration.
const ANSWER: usize = 0;
const SCORE: usize = 0;
const FEEDBACK: usize = 1;

/// One scoring function with its parameters. Threads share it.
struct Judge {
    question: String,
}

impl Scorer for Judge {
    const DECLARATION: Declaration = Declaration {
        id: "@NAME@",
        description: "1.0 if a model says yes to a question about generated_answer",
        inputs: &[Column::required("generated_answer", Kind::Text, "the answer")],
        outputs: &[
            Column::output("score", Kind::Number, "1.0 for yes, 0.0 for no").within(0.0, 1.0),
            Column::output("judge_feedback", Kind::Text, "the model's reply"),
        ],
        // The host reads the model of this role from the parameter judge_model, or from --judge-model.
        roles: &["judge"],
        parameters_schema: Some(
            r#"{"type": "object", "additionalProperties": false, "required": ["question"],
                "properties": {"question": {"type": "string"}, "judge_model": {"type": "string"}}}"#,
        ),
        ..Declaration::NOTHING
    };

    /// The state of a row between its replies: nothing, because there is only one reply.
    type Memory = ();

    fn new(parameters: &mut Parameters) -> Result<Self, Rejection> {
        parameters.get("judge_model"); // for the host; reading it makes it a known parameter
        match parameters.text("question")? {
            Some(question) => Ok(Judge { question }),
            None => Err(Rejection::of("question", "expected a question about the answer")),
        }
    }

    /// Sends a request about a row, without waiting. The reply is passed to `receive`.
    fn score(&self, call: &Call, row: usize) {
        let answer = call.text(ANSWER, row).unwrap_or("");
        let prompt = format!("{}\n\nAnswer: {answer}\n\nReply with one word, yes or no.", self.question);
        let mut request = r#"{"messages": [{"role": "user", "content": "#.to_owned();
        write_quoted(&mut request, &prompt);
        request += r#"}], "temperature": 0}"#;
        call.ask(row, 0, "judge", &request);
    }

    fn receive(&self, call: &Call, reply: &Reply, _: &mut ()) {
        if let Some(failure) = reply.failure {
            return call.fail(reply.row, failure, reply.text);
        }
        call.give_text(FEEDBACK, reply.row, reply.text);
        if reply.is_cut_off() {
            return call.fail(reply.row, Unscored::Unparsed, "the reply was cut off; raise max_tokens");
        }
        match yes_or_no(reply.text) {
            Some(is_yes) => call.give_number(SCORE, reply.row, if is_yes { 1.0 } else { 0.0 }),
            None => call.fail(reply.row, Unscored::Unparsed, "the reply is neither yes nor no"),
        }
    }
}

/// Reads "yes" or "no", ignoring everything except letters.
fn yes_or_no(reply: &str) -> Option<bool> {
    let letters: String = reply.chars().filter(char::is_ascii_alphabetic).collect();
    match letters.to_ascii_lowercase().as_str() {
        "yes" => Some(true),
        "no" => Some(false),
        _ => None,
    }
}

plugin!("org.example.@NAME@", env!("CARGO_PKG_VERSION"), "A judge that asks yes or no", Judge);

#[cfg(test)]
mod tests {
    use super::*;
    use assay_scorer::testing::{Cell, Host};

    #[test]
    fn replies_become_scores() {
        let host = Host::of::<Judge>(r#"{"question": "Is it polite?"}"#).unwrap();
        let answers = ["Thank you.", "Go away.", "Hm."].map(|answer| vec![Cell::text(answer)]);
        let results = host.score_with(&answers, |_, request| {
            let says = [("Thank you.", "**Yes**"), ("Go away.", "no"), ("Hm.", "Perhaps.")];
            Ok(says.iter().find(|(answer, _)| request.contains(answer)).unwrap().1.to_owned())
        });
        assert_eq!(results[0].number("score"), Some(1.0));
        assert_eq!(results[1].number("score"), Some(0.0));
        assert!(results[2].is(Unscored::Unparsed));
    }

    #[test]
    fn a_model_that_fails_gives_no_score() {
        let host = Host::of::<Judge>(r#"{"question": "Is it polite?"}"#).unwrap();
        let results = host.score_with(&[vec![Cell::text("Hm.")]], |_, _| Err("HTTP status 500".to_owned()));
        assert!(results[0].is(Unscored::ModelError));
        assert_eq!(results[0].number("score"), None);
    }
}
