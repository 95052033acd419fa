//! Tool-call match: whether an answer calls the tool that it should, with the arguments that it should.
//!
//! 0 if the answer calls no tool or another one; else the share of the arguments that are right, of those that are
//! expected and those that are there.

mod call;
mod compare;

use assay_scorer::json::{write_quoted, Value};
use assay_scorer::{plugin, Call, Column, Declaration, Kind, Parameters, Rejection, Scorer, Unscored};
use call::ToolCall;
use compare::same;

const ANSWER: usize = 0;
const EXPECTED: usize = 1;
const SCORE: usize = 0;
const MISMATCHES: usize = 1;

struct ToolCallMatch {
    ignore_extra_arguments: bool,
    partial_credit: bool,
}

impl Scorer for ToolCallMatch {
    const DECLARATION: Declaration = Declaration {
        id: "tool-call-match",
        description: "the share of the expected tool call's arguments that generated_answer has right",
        inputs: &[
            Column::required("generated_answer", Kind::Json, "a tool call, as an object or as text that holds one"),
            Column::required("expected_answer", Kind::Json, "the tool call that is right, likewise"),
        ],
        outputs: &[
            Column::output("score", Kind::Number, "the share of the arguments that are right").within(0.0, 1.0),
            Column::output("mismatches", Kind::Json, "what is wrong: where, and what was expected and found there"),
        ],
        parameters_schema: Some(
            r#"{"type": "object", "additionalProperties": false, "properties": {
                "ignore_extra_arguments": {"type": "boolean"}, "partial_credit": {"type": "boolean"}}}"#,
        ),
        ..Declaration::NOTHING
    };
    type Memory = ();

    fn new(parameters: &mut Parameters) -> Result<Self, Rejection> {
        Ok(ToolCallMatch {
            ignore_extra_arguments: parameters.boolean("ignore_extra_arguments", false)?,
            partial_credit: parameters.boolean("partial_credit", true)?,
        })
    }

    fn score(&self, call: &Call, row: usize) {
        let expected = match ToolCall::read(call.text(EXPECTED, row).unwrap_or("")) {
            Ok(expected) => expected,
            Err(fault) => return call.fail(row, Unscored::InputError, &format!("expected_answer: {fault}")),
        };
        let mut mismatches = Mismatches::default();
        let score = match ToolCall::read(call.text(ANSWER, row).unwrap_or("")) {
            // An answer that calls nothing did not do what it should: that is wrong, and not an error.
            Err(fault) => {
                mismatches.add("", &fault, None, None);
                0.0
            }
            Ok(found) => self.compare(&expected, &found, &mut mismatches),
        };
        call.give_number(SCORE, row, if self.partial_credit || score == 1.0 { score } else { 0.0 });
        call.give_json(MISMATCHES, row, &mismatches.into_json());
    }
}

impl ToolCallMatch {
    fn compare(&self, expected: &ToolCall, found: &ToolCall, mismatches: &mut Mismatches) -> f64 {
        if expected.name != found.name {
            let [expected, found] = [expected, found].map(|call| Value::Text(call.name.clone()));
            mismatches.add("/name", "another tool", Some(&expected), Some(&found));
            return 0.0;
        }
        let mut right = 0;
        let mut total = expected.arguments.len();
        for (name, value) in &expected.arguments {
            match found.argument(name) {
                None => mismatches.add(&pointer(name), "missing", Some(value), None),
                Some(other) if same(value, other) => right += 1,
                Some(other) => mismatches.add(&pointer(name), "different", Some(value), Some(other)),
            }
        }
        for (name, value) in &found.arguments {
            if self.ignore_extra_arguments || expected.argument(name).is_some() {
                continue;
            }
            total += 1;
            mismatches.add(&pointer(name), "not expected", None, Some(value));
        }
        if total == 0 { 1.0 } else { right as f64 / total as f64 }
    }
}

fn pointer(argument: &str) -> String {
    format!("/arguments/{}", argument.replace('~', "~0").replace('/', "~1"))
}

/// The output of that name, as it is written.
#[derive(Default)]
struct Mismatches(String);

impl Mismatches {
    fn add(&mut self, at: &str, problem: &str, expected: Option<&Value>, found: Option<&Value>) {
        self.0 += if self.0.is_empty() { "[" } else { ", " };
        self.0 += "{\"at\": ";
        write_quoted(&mut self.0, at);
        self.0 += ", \"problem\": ";
        write_quoted(&mut self.0, problem);
        for (key, value) in [(", \"expected\": ", expected), (", \"found\": ", found)] {
            if let Some(value) = value {
                self.0 += key;
                value.write(&mut self.0);
            }
        }
        self.0.push('}');
    }

    fn into_json(self) -> String {
        if self.0.is_empty() { "[]".to_owned() } else { self.0 + "]" }
    }
}

plugin!("org.example.tool-call-match", "1.0.0", "Whether answers call the right tool rightly", ToolCallMatch);
