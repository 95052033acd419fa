//! A host for unit tests: a scorer scores rows in the test's own process, and models say what the test says.
//!
//! ```ignore
//! let results = Host::of::<Shouting>("{}").unwrap().score(&[vec![Cell::text("HELLO")], vec![Cell::text("hello")]]);
//! assert_eq!(results[0].number("score"), Some(1.0));
//! ```

use crate::abi;
use crate::boundary::{offer, Offered, FUNCTIONS};
use crate::{Column, Declaration, Kind, Scorer, Unscored};
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::ffi::{c_char, c_void, CStr};
use std::ptr::{null, null_mut};

/// A value that a row has in an input or output.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// The value is missing. For optional inputs.
    Missing,
    Text(String),
    Number(f64),
    Integer(i64),
    Boolean(bool),
    /// The JSON text of a value.
    Json(String),
    Texts(Vec<String>),
}

impl Cell {
    pub fn text(text: &str) -> Cell {
        Cell::Text(text.to_owned())
    }

    pub fn json(text: &str) -> Cell {
        Cell::Json(text.to_owned())
    }
}

/// The result of a row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RowResult {
    /// The values, by the name of the output.
    pub given: HashMap<&'static str, Cell>,
    /// Why the row has no score: the outcome, as in `Unscored`, and the message.
    pub failure: Option<(i32, String)>,
    /// The statistics for corpus scores.
    pub statistics: Vec<f64>,
}

impl RowResult {
    pub fn number(&self, output: &str) -> Option<f64> {
        if let Some(Cell::Number(number)) = self.given.get(output) { Some(*number) } else { None }
    }

    pub fn integer(&self, output: &str) -> Option<i64> {
        if let Some(Cell::Integer(integer)) = self.given.get(output) { Some(*integer) } else { None }
    }

    pub fn text(&self, output: &str) -> Option<&str> {
        match self.given.get(output) {
            Some(Cell::Text(text) | Cell::Json(text)) => Some(text),
            _ => None,
        }
    }

    /// Whether the row was failed with this outcome.
    pub fn is(&self, outcome: Unscored) -> bool {
        matches!(self.failure, Some((code, _)) if code == outcome as i32)
    }
}

/// A model's reply to a request: its text, or the reason why there is none.
pub type Answer = Result<String, String>;

/// What happened while a scorer ran.
#[derive(Default)]
struct Record {
    outputs: &'static [Column],
    statistics: usize,
    aggregates: Vec<(usize, String)>,
    rows: Vec<RowResult>,
    requests: Vec<(u64, String, String)>,
    rejections: Vec<(String, String)>,
    lines: Vec<String>,
}

/// An instance of a scorer, with its host.
pub struct Host {
    table: Box<abi::CorpusHost>,
    // Reached by the functions of the table, through `host_data`.
    record: Box<RefCell<Record>>,
    instance: *mut c_void,
    inputs: &'static [Column],
}

impl Host {
    /// Creates an instance with parameters, a JSON object. A rejection is an error: the JSON Pointer and the message.
    pub fn of<S: Scorer>(parameters: &str) -> Result<Host, (String, String)> {
        let Declaration { inputs, outputs, statistics, .. } = S::DECLARATION;
        let statistics = statistics.len();
        let record = Box::new(RefCell::new(Record { outputs, statistics, ..Record::default() }));
        let host = abi::Host {
            struct_size: std::mem::size_of::<abi::CorpusHost>() as u32,
            abi_major: abi::ABI_MAJOR,
            abi_minor: abi::ABI_MINOR,
            reserved: 0,
            host_data: &*record as *const RefCell<Record> as *mut c_void,
            log,
            reject,
            emit,
            fail,
            is_cancelled,
            get_extension,
        };
        let table = Box::new(abi::CorpusHost { host, emit_statistics, emit_aggregate });
        let mut host = Host { table, record, instance: null_mut(), inputs };
        let configuration = format!(
            "{{\"identifier\": \"test\", \"return_type\": {{\"type\": \"number\"}}, \"params\": {parameters}}}"
        );
        let offered: *const Offered = offer::<S>();
        // SAFETY: the table and what it points to live as long as the host, which destroys the instance first.
        let status = unsafe {
            (FUNCTIONS.create)(
                offered.cast(), &host.table.host, null_mut(), abi::Str::new(&configuration), &mut host.instance,
            )
        };
        if status == abi::OK {
            return Ok(host);
        }
        let rejections = std::mem::take(&mut host.record.borrow_mut().rejections);
        Err(rejections.into_iter().next().unwrap_or_default())
    }

    /// Scores rows, each with a cell for each input, in the declaration's order.
    pub fn score(&self, rows: &[Vec<Cell>]) -> Vec<RowResult> {
        self.score_with(rows, |_, _| Err("the test has no model".to_owned()))
    }

    /// Scores rows with a model: a function from a role and a request, as JSON, to a reply. The request to embed texts is
    /// `{"input": […]}`, and its reply the vectors as JSON: `[[1, 0.5], …]`.
    pub fn score_with(&self, rows: &[Vec<Cell>], model: impl Fn(&str, &str) -> Answer) -> Vec<RowResult> {
        self.record.borrow_mut().rows = vec![RowResult::default(); rows.len()];
        let columns: Vec<ColumnMemory> =
            self.inputs.iter().enumerate().map(|(index, input)| ColumnMemory::new(input, rows, index)).collect();
        let tables: Vec<abi::Column> = columns.iter().map(ColumnMemory::table).collect();
        let pointers: Vec<*const abi::Column> = tables.iter().map(|table| table as *const abi::Column).collect();
        let batch = abi::Batch {
            struct_size: std::mem::size_of::<abi::Batch>() as u32,
            n_columns: pointers.len() as u32,
            n_rows: rows.len() as u64,
            columns: pointers.as_ptr(),
        };
        let mut state = null_mut();
        let mut status = self.step(&mut state, abi::STEP_START, &batch, &[]);
        while status == abi::PENDING {
            let requests = std::mem::take(&mut self.record.borrow_mut().requests);
            assert!(!requests.is_empty(), "the scorer waits for replies, and has asked nothing");
            let answers: Vec<_> = requests.iter().map(|(_, role, request)| model(role, request)).collect();
            let responses: Vec<_> = answers.iter().map(response).collect();
            let vectors: Vec<_> = answers.iter().map(vectors).collect();
            let replies: Vec<abi::Reply> = (0..requests.len())
                .map(|index| abi::Reply {
                    struct_size: std::mem::size_of::<abi::Reply>() as u32,
                    status: if answers[index].is_ok() { abi::OK } else { abi::E_INTERNAL },
                    tag: requests[index].0,
                    text: abi::Str::new(answers[index].as_ref().unwrap_or_else(|message| message)),
                    response_json: abi::Str::new(&responses[index]),
                    finish_reason: abi::Str::new(if answers[index].is_ok() { "stop" } else { "" }),
                    reasoning: abi::Str::new(""),
                    vectors: if vectors[index].0 > 0 { vectors[index].1.as_ptr() } else { null() },
                    n_vectors: vectors[index].0 as u64,
                    n_dimensions: (vectors[index].1.len() / vectors[index].0.max(1)) as u64,
                })
                .collect();
            status = self.step(&mut state, abi::STEP_START + 1, &batch, &replies);
        }
        // SAFETY: the call's last step has returned.
        unsafe { (FUNCTIONS.call_free)(self.instance, null_mut(), state) };
        assert_eq!(status, abi::OK, "step gave up on the batch");
        std::mem::take(&mut self.record.borrow_mut().rows)
    }

    /// The values of the aggregations of these results, by their number in the declaration, as JSON.
    pub fn aggregate(&self, results: &[RowResult]) -> BTreeMap<usize, String> {
        let scored: Vec<&RowResult> = results.iter().filter(|row| row.failure.is_none()).collect();
        let count = self.record.borrow().statistics;
        let values: Vec<f64> = (0..count).map(|index| scored.iter().map(|row| row.statistics[index]).sum()).collect();
        let sums = abi::Sums {
            struct_size: std::mem::size_of::<abi::Sums>() as u32,
            n_sums: count as u32,
            n_rows: scored.len() as u64,
            values: values.as_ptr(),
        };
        // SAFETY: all that is pointed to lives until it returns.
        let status = unsafe { (FUNCTIONS.finalize)(self.instance, null_mut(), &sums) };
        assert_eq!(status, abi::OK, "finalize failed: {:?}", self.log());
        std::mem::take(&mut self.record.borrow_mut().aggregates).into_iter().collect()
    }

    /// The lines that the scorer has written to the log.
    pub fn log(&self) -> Vec<String> {
        self.record.borrow().lines.clone()
    }

    fn step(&self, state: &mut *mut c_void, reason: i32, batch: &abi::Batch, replies: &[abi::Reply]) -> abi::Status {
        let pointers: Vec<*const abi::Reply> = replies.iter().map(|reply| reply as *const abi::Reply).collect();
        // SAFETY: all that is pointed to lives until the step returns, the batch until the call is freed.
        unsafe {
            (FUNCTIONS.step)(
                self.instance, null_mut(), state, reason, batch, pointers.as_ptr(), pointers.len() as u64,
            )
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        if !self.instance.is_null() {
            // SAFETY: no call of the instance is live.
            unsafe { (FUNCTIONS.destroy)(self.instance) }
        }
    }
}

/// The number of vectors in a reply, and all their numbers; none for a reply in words.
fn vectors(answer: &Answer) -> (usize, Vec<f64>) {
    let list = answer.as_ref().ok().and_then(|text| crate::json::Value::parse(text).ok());
    let vectors: Option<Vec<Vec<f64>>> = list.as_ref().and_then(|list| list.as_list()).and_then(|list| {
        list.iter().map(|vector| vector.as_list()?.iter().map(|number| number.as_f64()).collect()).collect()
    });
    let vectors = vectors.unwrap_or_default();
    (vectors.len(), vectors.concat())
}

fn response(answer: &Answer) -> String {
    let Ok(text) = answer else { return String::new() };
    let mut response = r#"{"choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "#.to_owned();
    crate::json::write_quoted(&mut response, text);
    response + "}}]}"
}

/// The cells of an input as the plugin header lays them out.
struct ColumnMemory {
    kind: Kind,
    validity: Vec<u8>,
    texts: Vec<abi::Str>,
    numbers: Vec<f64>,
    integers: Vec<i64>,
    booleans: Vec<u8>,
    offsets: Vec<i64>,
}

impl ColumnMemory {
    fn new(input: &Column, rows: &[Vec<Cell>], index: usize) -> ColumnMemory {
        let mut memory = ColumnMemory {
            kind: input.kind,
            validity: vec![0; (rows.len() + 7) / 8],
            texts: Vec::new(),
            numbers: Vec::new(),
            integers: Vec::new(),
            booleans: Vec::new(),
            offsets: vec![0],
        };
        for (row, cells) in rows.iter().enumerate() {
            let cell = cells.get(index).unwrap_or(&Cell::Missing);
            if *cell != Cell::Missing {
                memory.validity[row / 8] |= 1 << (row % 8);
            }
            memory.add(cell, input, row);
        }
        memory
    }

    fn add(&mut self, cell: &Cell, input: &Column, row: usize) {
        match (self.kind, cell) {
            (Kind::Text, Cell::Text(text)) | (Kind::Json, Cell::Json(text)) => self.texts.push(abi::Str::new(text)),
            (Kind::Text | Kind::Json, Cell::Missing) => self.texts.push(abi::Str::new("")),
            (Kind::Number, Cell::Number(number)) => self.numbers.push(*number),
            (Kind::Integer, Cell::Integer(integer)) => self.integers.push(*integer),
            (Kind::Boolean, Cell::Boolean(truth)) => self.booleans.push(*truth as u8),
            (Kind::Texts, Cell::Texts(texts)) => self.texts.extend(texts.iter().map(|text| abi::Str::new(text))),
            (_, Cell::Missing) => {
                self.numbers.push(0.0);
                self.integers.push(0);
                self.booleans.push(0);
            }
            (kind, cell) => panic!("row {row}: the input {} is declared as {kind:?}, and is {cell:?}", input.name),
        }
        self.offsets.push(self.texts.len() as i64);
    }

    fn table(&self) -> abi::Column {
        let values: *const c_void = match self.kind {
            Kind::Text | Kind::Json | Kind::Texts => self.texts.as_ptr().cast(),
            Kind::Number => self.numbers.as_ptr().cast(),
            Kind::Integer => self.integers.as_ptr().cast(),
            Kind::Boolean => self.booleans.as_ptr().cast(),
        };
        abi::Column {
            struct_size: std::mem::size_of::<abi::Column>() as u32,
            kind: self.kind as u32,
            validity: self.validity.as_ptr(),
            values,
            list_offsets: if self.kind == Kind::Texts { self.offsets.as_ptr() } else { null() },
        }
    }
}

// What the scorer calls. The host's data is the record, which nobody else borrows meanwhile.

unsafe fn record<'a>(host: *const abi::Host) -> &'a RefCell<Record> {
    &*((*host).host_data as *const RefCell<Record>)
}

unsafe extern "C" fn log(host: *const abi::Host, _: i32, message: abi::Str) {
    record(host).borrow_mut().lines.push(message.get().to_owned());
}

unsafe extern "C" fn reject(host: *const abi::Host, _: *mut abi::Creation, pointer: abi::Str, message: abi::Str) {
    record(host).borrow_mut().rejections.push((pointer.get().to_owned(), message.get().to_owned()));
}

unsafe extern "C" fn emit(
    host: *const abi::Host, _: *mut abi::HostCall, output: u32, first: u64, count: u64, column: *const abi::Column,
) -> abi::Status {
    let mut record = record(host).borrow_mut();
    let (column, rows) = (&*column, record.rows.len() as u64);
    let Some(declared) = record.outputs.get(output as usize) else { return abi::E_INVALID };
    if count != 1 || first >= rows || column.kind != declared.kind as u32 {
        return abi::E_INVALID;
    }
    let cell = match declared.kind {
        Kind::Number => Cell::Number(*(column.values as *const f64)),
        Kind::Integer => Cell::Integer(*(column.values as *const i64)),
        Kind::Boolean => Cell::Boolean(*(column.values as *const u8) != 0),
        Kind::Text => Cell::text((*(column.values as *const abi::Str)).get()),
        Kind::Json | Kind::Texts => Cell::json((*(column.values as *const abi::Str)).get()),
    };
    if matches!(cell, Cell::Number(number) if !number.is_finite()) {
        return abi::E_INVALID;
    }
    let name = declared.name;
    record.rows[first as usize].given.insert(name, cell);
    abi::OK
}

unsafe extern "C" fn fail(
    host: *const abi::Host, _: *mut abi::HostCall, row: i64, outcome: i32, message: abi::Str,
) -> abi::Status {
    let mut record = record(host).borrow_mut();
    let Some(result) = record.rows.get_mut(row as usize) else { return abi::E_INVALID };
    result.failure = Some((outcome, message.get().to_owned()));
    abi::OK
}

unsafe extern "C" fn emit_statistics(
    host: *const abi::Host, _: *mut abi::HostCall, first: u64, count: u64, values: *const f64,
) -> abi::Status {
    let mut record = record(host).borrow_mut();
    let width = record.statistics;
    let Some(result) = record.rows.get_mut(first as usize) else { return abi::E_INVALID };
    let values = std::slice::from_raw_parts(values, width);
    if count != 1 || values.iter().any(|value| !value.is_finite()) {
        return abi::E_INVALID;
    }
    result.statistics = values.to_vec();
    abi::OK
}

unsafe extern "C" fn emit_aggregate(
    host: *const abi::Host, _: *mut abi::HostFinalization, aggregation: u32, json: abi::Str,
) -> abi::Status {
    record(host).borrow_mut().aggregates.push((aggregation as usize, json.get().to_owned()));
    abi::OK
}

unsafe extern "C" fn is_cancelled(_: *const abi::Host, _: *const abi::HostCall) -> i32 {
    0
}

unsafe extern "C" fn request(
    host: *const abi::Host, _: *mut abi::HostCall, tag: u64, role: abi::Str, request: abi::Str,
) -> abi::Status {
    record(host).borrow_mut().requests.push((tag, role.get().to_owned(), request.get().to_owned()));
    abi::OK
}

unsafe extern "C" fn ask(host: *const abi::Host, _: *mut abi::HostCall, asked: *const abi::Request) -> abi::Status {
    request(host, null_mut(), (*asked).tag, (*asked).role, (*asked).json)
}

unsafe extern "C" fn send_texts(host: *const abi::Host, _: *mut abi::HostCall, asked: *const abi::Texts) -> abi::Status {
    let asked = &*asked;
    let mut json = "{\"input\": [".to_owned();
    for (index, text) in std::slice::from_raw_parts(asked.texts, asked.n_texts as usize).iter().enumerate() {
        if index > 0 {
            json += ", ";
        }
        crate::json::write_quoted(&mut json, text.get());
    }
    request(host, null_mut(), asked.tag, asked.role, abi::Str::new(&(json + "]}")))
}

unsafe extern "C" fn get_extension(_: *const abi::Host, id: *const c_char) -> *const c_void {
    static CHAT: abi::HostChat =
        abi::HostChat { struct_size: std::mem::size_of::<abi::HostChat>() as u32, reserved: 0, request, ask };
    static TEXTS: abi::HostTexts =
        abi::HostTexts { struct_size: std::mem::size_of::<abi::HostTexts>() as u32, reserved: 0, send: send_texts };
    match CStr::from_ptr(id).to_bytes_with_nul() {
        abi::EXT_CHAT => &CHAT as *const abi::HostChat as *const c_void,
        abi::EXT_EMBED | abi::EXT_MODERATE => &TEXTS as *const abi::HostTexts as *const c_void,
        _ => null(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Call, Parameters, Rejection, Reply, Severity};

    /// Gives the length of a text, and what a model says about it, if one is named.
    struct Length {
        limit: i64,
        words: Vec<String>,
    }

    impl Scorer for Length {
        const DECLARATION: Declaration = Declaration {
            id: "length",
            description: "how long a text is",
            inputs: &[
                Column::required("text", Kind::Text, ""),
                Column::optional("number", Kind::Number, ""),
                Column::optional("list", Kind::Texts, ""),
            ],
            outputs: &[Column::output("score", Kind::Number, ""), Column::output("said", Kind::Text, "")],
            roles: &["judge"],
            ..Declaration::NOTHING
        };
        type Memory = u32;

        fn new(parameters: &mut Parameters) -> Result<Self, Rejection> {
            let limit = parameters.integer("limit", 10, 1..=100)?;
            Ok(Length { limit, words: parameters.texts("words")?.unwrap_or_default() })
        }

        fn score(&self, call: &Call, row: usize) {
            let text = call.text(0, row).unwrap_or("");
            if text.len() as i64 > self.limit {
                return call.fail(row, Unscored::InputError, "too long");
            }
            let more = call.number(1, row).unwrap_or(0.0) + call.texts(2, row).map_or(0, |list| list.len()) as f64;
            call.give_number(0, row, text.len() as f64 + more);
            if self.words.iter().any(|word| word == text) {
                call.ask(row, 0, "judge", "{\"messages\": []}");
                call.log(Severity::Info, "it asks");
            }
        }

        fn receive(&self, call: &Call, reply: &Reply, turns: &mut u32) {
            if let Some(failure) = reply.failure {
                return call.fail(reply.row, failure, reply.text);
            }
            *turns += 1;
            assert_eq!(reply.finish_reason, "stop");
            if *turns == 2 { call.give_text(1, reply.row, reply.text) } else { call.ask(reply.row, 1, "judge", "again") }
        }
    }

    #[test]
    fn rows_are_scored() {
        let host = Host::of::<Length>("{\"limit\": 5}").unwrap();
        let list = Cell::Texts(vec!["a".into(), "b".into()]);
        let results = host.score(&[
            vec![Cell::text("abc")],
            vec![Cell::text("abcdef")],
            vec![Cell::text(""), Cell::Number(0.5), list],
        ]);
        assert_eq!(results[0].number("score"), Some(3.0));
        assert!(results[1].is(Unscored::InputError));
        assert_eq!(results[2].number("score"), Some(2.5));
    }

    #[test]
    fn models_say_what_the_test_says() {
        let host = Host::of::<Length>("{\"words\": [\"ask\"]}").unwrap();
        let rows = [vec![Cell::text("ask")], vec![Cell::text("not")]];
        let results = host.score_with(&rows, |role, request| Ok(format!("{role}: {request}")));
        assert_eq!(results[0].text("said"), Some("judge: again"));
        assert_eq!(results[1].text("said"), None);
        assert_eq!(host.log(), ["it asks"]);
        let results = host.score_with(&rows, |_, _| Err("gone".into()));
        assert!(results[0].is(Unscored::ModelError));
    }

    /// Gives the first numbers of the vectors of a text and of "x".
    struct Embedded;

    impl Scorer for Embedded {
        const DECLARATION: Declaration = Declaration {
            id: "embedded",
            description: "",
            inputs: &[Column::required("text", Kind::Text, "")],
            outputs: &[Column::output("score", Kind::Number, ""), Column::further_score("other", Kind::Number, "")],
            roles: &["embedding"],
            ..Declaration::NOTHING
        };
        type Memory = ();

        fn new(_: &mut Parameters) -> Result<Self, Rejection> {
            Ok(Embedded)
        }

        fn score(&self, call: &Call, row: usize) {
            call.embed(row, 0, "embedding", &[call.text(0, row).unwrap_or(""), "x"]);
        }

        fn receive(&self, call: &Call, reply: &Reply, _: &mut ()) {
            if let Some(failure) = reply.failure {
                return call.fail(reply.row, failure, reply.text);
            }
            call.give_number(0, reply.row, reply.vectors[0][0]);
            call.give_number(1, reply.row, reply.vectors[1][0]);
        }
    }

    #[test]
    fn texts_are_embedded() {
        let host = Host::of::<Embedded>("{}").unwrap();
        let results = host.score_with(&[vec![Cell::text("a\"")]], |role, request| {
            assert_eq!((role, request), ("embedding", "{\"input\": [\"a\\\"\", \"x\"]}"));
            Ok("[[0.5, 1], [2, 3]]".into())
        });
        assert_eq!(results[0].number("score"), Some(0.5));
        assert_eq!(results[0].number("other"), Some(2.0));
    }

    #[test]
    fn parameters_are_rejected_with_their_place() {
        let rejection = |parameters| Host::of::<Length>(parameters).err().map(|(pointer, _)| pointer);
        assert_eq!(rejection("{\"limit\": 0}").as_deref(), Some("/params/limit"));
        assert_eq!(rejection("{\"limit\": 1.5}").as_deref(), Some("/params/limit"));
        assert_eq!(rejection("{\"words\": [\"a\", 1]}").as_deref(), Some("/params/words/1"));
        assert_eq!(rejection("{\"words\": \"a\"}").as_deref(), Some("/params/words"));
        assert_eq!(rejection("{\"other\": 1}").as_deref(), Some("/params/other"));
        assert_eq!(rejection("{\"limit\": 3.0}"), None);
    }
}
