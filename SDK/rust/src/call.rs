use crate::abi;
use crate::json::Value;
use crate::Kind;
use std::cell::Cell;
use std::ffi::c_void;
use std::mem::size_of;

/// Why a row has no score.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(i32)]
pub enum Unscored {
    /// The answer contains nothing to score.
    Unparsed = 1,
    /// A cell is not valid for the scorer.
    InputError = 2,
    ScorerError = abi::ROW_SCORER_ERROR,
    /// A model request failed after all retries.
    ModelError = abi::ROW_MODEL_ERROR,
    /// A model request was never sent.
    NotAsked = abi::ROW_NOT_ASKED,
}

/// The severity of a log message.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(i32)]
pub enum Severity {
    Debug = 0,
    Info = 1,
    Warning = 2,
    Error = 3,
}

/// The result of a model request.
pub struct Reply<'a> {
    pub row: usize,
    pub question: u16,
    /// The outcome of the row; none if the model replied.
    pub failure: Option<Unscored>,
    /// The assistant's message without its reasoning, or what went wrong.
    pub text: &'a str,
    /// The whole response body as JSON; empty if there is none.
    pub response_json: &'a str,
    /// Why the model stopped: "stop", "length", "content_filter", "tool_calls"; empty where that is not known.
    pub finish_reason: &'a str,
    /// What the model thought before its message; empty where it shows nothing.
    pub reasoning: &'a str,
    /// The vectors of embedded texts, in their order; empty for other requests.
    pub vectors: Vec<&'a [f64]>,
}

impl Reply<'_> {
    /// The response as a value, for its other contents: tool calls, log probabilities, usage.
    pub fn response(&self) -> Option<Value> {
        Value::parse(self.response_json).ok()
    }

    /// Whether the message is cut off because it reached its maximum length.
    pub fn is_cut_off(&self) -> bool {
        self.finish_reason == "length"
    }
}

/// A batch that is being scored: its rows, and the destination of their results. Inputs and outputs are identified by their
/// index in the declaration; an index that does not exist, or of another kind, panics.
pub struct Call<'a> {
    pub(crate) host: &'a abi::Host,
    pub(crate) call: *mut abi::HostCall,
    pub(crate) batch: &'a abi::Batch,
    pub(crate) awaited: &'a Cell<u64>,
    /// The number of statistics of a row.
    pub(crate) statistics: usize,
}

/// The sums of a scorer's statistics over `rows` scored rows.
pub struct Sums<'a> {
    pub rows: u64,
    pub values: &'a [f64],
}

/// Receives the values of a scorer's aggregations.
pub struct Aggregates<'a> {
    pub(crate) host: &'a abi::Host,
    pub(crate) finalization: *mut abi::HostFinalization,
}

impl Aggregates<'_> {
    /// Sets the value of an aggregation: the text of a JSON object.
    pub fn give_json(&self, aggregation: usize, json: &str) {
        let host = self.host as *const abi::Host as *const abi::CorpusHost;
        // SAFETY: only a host of version 1.3 or later calls finalize, and it copies the text.
        let status = unsafe {
            ((*host).emit_aggregate)(self.host, self.finalization, aggregation as u32, abi::Str::new(json))
        };
        assert!(status == abi::OK, "aggregation {aggregation} does not accept {json}");
    }
}

impl<'a> Call<'a> {
    pub fn rows(&self) -> usize {
        self.batch.n_rows as usize
    }

    /// The text of an input of kind `Text` or `Json`.
    pub fn text(&self, input: usize, row: usize) -> Option<&'a str> {
        let column = self.column(input, &[Kind::Text, Kind::Json]);
        let present = self.has(column, row);
        // SAFETY: the column has a cell for each row, valid UTF-8 that stays until the call is over.
        present.then(|| unsafe { (*(column.values as *const abi::Str).add(row)).get() })
    }

    pub fn number(&self, input: usize, row: usize) -> Option<f64> {
        let column = self.column(input, &[Kind::Number]);
        // SAFETY: the column has a cell for each row.
        self.has(column, row).then(|| unsafe { *(column.values as *const f64).add(row) })
    }

    pub fn integer(&self, input: usize, row: usize) -> Option<i64> {
        let column = self.column(input, &[Kind::Integer]);
        // SAFETY: as above.
        self.has(column, row).then(|| unsafe { *(column.values as *const i64).add(row) })
    }

    pub fn boolean(&self, input: usize, row: usize) -> Option<bool> {
        let column = self.column(input, &[Kind::Boolean]);
        // SAFETY: as above.
        self.has(column, row).then(|| unsafe { *(column.values as *const u8).add(row) != 0 })
    }

    pub fn texts(&self, input: usize, row: usize) -> Option<Vec<&'a str>> {
        let column = self.column(input, &[Kind::Texts]);
        if !self.has(column, row) {
            return None;
        }
        // SAFETY: the offsets of each row, and of one more, are there, and lie within the cells.
        unsafe {
            let (start, end) = (*column.list_offsets.add(row), *column.list_offsets.add(row + 1));
            Some((start..end).map(|index| (*(column.values as *const abi::Str).add(index as usize)).get()).collect())
        }
    }

    fn column(&self, input: usize, kinds: &[Kind]) -> &'a abi::Column {
        assert!(input < self.batch.n_columns as usize, "there is no input {input}");
        // SAFETY: the batch has n_columns columns, which stay until the call is over.
        let column = unsafe { &**self.batch.columns.add(input) };
        assert!(kinds.iter().any(|kind| *kind as u32 == column.kind), "input {input} is declared with another type");
        column
    }

    fn has(&self, column: &abi::Column, row: usize) -> bool {
        assert!(row < self.rows(), "there is no row {row}");
        // SAFETY: the bitmap has a bit for each row.
        column.validity.is_null() || unsafe { *column.validity.add(row / 8) >> (row % 8) & 1 != 0 }
    }

    pub fn give_number(&self, output: usize, row: usize, number: f64) {
        self.give(output, row, Kind::Number, &number);
    }

    pub fn give_integer(&self, output: usize, row: usize, integer: i64) {
        self.give(output, row, Kind::Integer, &integer);
    }

    pub fn give_boolean(&self, output: usize, row: usize, truth: bool) {
        self.give(output, row, Kind::Boolean, &(truth as u8));
    }

    pub fn give_text(&self, output: usize, row: usize, text: &str) {
        self.give(output, row, Kind::Text, &abi::Str::new(text));
    }

    pub fn give_json(&self, output: usize, row: usize, json: &str) {
        self.give(output, row, Kind::Json, &abi::Str::new(json));
    }

    fn give<Cell>(&self, output: usize, row: usize, kind: Kind, cell: &Cell) {
        let column = abi::Column {
            struct_size: size_of::<abi::Column>() as u32,
            kind: kind as u32,
            validity: std::ptr::null(),
            values: cell as *const Cell as *const c_void,
            list_offsets: std::ptr::null(),
        };
        // SAFETY: the cell is of the kind that it is said to be; the host copies it.
        let status = unsafe { (self.host.emit)(self.host, self.call, output as u32, row as u64, 1, &column) };
        assert!(status == abi::OK, "output {output} does not accept such a value in row {row}");
    }

    /// Sets the statistics of a row: one number for each of the declaration's.
    pub fn give_statistics(&self, row: usize, values: &[f64]) {
        assert!(values.len() == self.statistics, "expected {} statistics, found {}", self.statistics, values.len());
        // The table of a host before version 1.3 is shorter.
        if (self.host.struct_size as usize) < size_of::<abi::CorpusHost>() {
            return;
        }
        let host = self.host as *const abi::Host as *const abi::CorpusHost;
        // SAFETY: the call is being stepped; the host copies as many numbers as the scorer declares statistics.
        let status = unsafe { ((*host).emit_statistics)(self.host, self.call, row as u64, 1, values.as_ptr()) };
        assert!(status == abi::OK, "the host does not accept these statistics of row {row}");
    }

    /// Marks a row as having no score, with the reason.
    pub fn fail(&self, row: usize, outcome: Unscored, message: &str) {
        // A host of version 1.0 does not know the outcome `NotAsked`.
        let is_new = outcome == Unscored::NotAsked && self.host.abi_minor < 1;
        let outcome = if is_new { Unscored::ModelError } else { outcome };
        // SAFETY: the call is being stepped; the host copies the message.
        unsafe { (self.host.fail)(self.host, self.call, row as i64, outcome as i32, abi::Str::new(message)) };
    }

    /// Writes a line to the host's log, which shows it with the plugin's id. Standard output belongs to the results.
    pub fn log(&self, severity: Severity, message: &str) {
        // SAFETY: the host copies the message.
        unsafe { (self.host.log)(self.host, severity as i32, abi::Str::new(message)) };
    }

    /// Whether the run was cancelled. Checked before each row; useful in long loops within a row.
    pub fn is_cancelled(&self) -> bool {
        // SAFETY: the call is being stepped.
        unsafe { (self.host.is_cancelled)(self.host, self.call) != 0 }
    }

    /// Sends a request about a row to the model of a role; the reply is passed to `receive`.
    ///
    /// `question` distinguishes the requests of a row that are open at once. `request` is the body of an OpenAI-compatible
    /// chat completion request without "model".
    pub fn ask(&self, row: usize, question: u16, role: &str, request: &str) {
        self.ask_sample(row, question, role, request, 0)
    }

    /// The same for one of several requests that are otherwise equal (repeated votes), so that each gets an answer of its
    /// own: their samples differ. Hosts before version 1.2 take no sample but 0.
    pub fn ask_sample(&self, row: usize, question: u16, role: &str, request: &str, sample: u32) {
        let tag = (row as u64) << 16 | question as u64;
        let (role, json) = (abi::Str::new(role), abi::Str::new(request));
        let status = match chat(self.host) {
            None => abi::E_UNSUPPORTED,
            // SAFETY: the call is being stepped; the host copies the texts. Its table has `ask` where it is long enough.
            Some(chat) => unsafe {
                if (*chat).struct_size as usize >= size_of::<abi::HostChat>() {
                    let struct_size = size_of::<abi::Request>() as u32;
                    let request = abi::Request { struct_size, sample, tag, role, json };
                    ((*chat).ask)(self.host, self.call, &request)
                } else if sample == 0 {
                    ((*chat).request)(self.host, self.call, tag, role, json)
                } else {
                    abi::E_UNSUPPORTED
                }
            },
        };
        self.note(row, status);
    }

    /// Has texts embedded by the model of a role; the reply has a vector for each of them. Since version 1.4.
    pub fn embed(&self, row: usize, question: u16, role: &str, texts: &[&str]) {
        self.send(row, question, role, texts, abi::EXT_EMBED)
    }

    /// Has texts checked by the moderation model of a role; the reply's `response_json` has the "results". Since version 1.4.
    pub fn moderate(&self, row: usize, question: u16, role: &str, texts: &[&str]) {
        self.send(row, question, role, texts, abi::EXT_MODERATE)
    }

    fn send(&self, row: usize, question: u16, role: &str, texts: &[&str], extension: &[u8]) {
        let texts: Vec<abi::Str> = texts.iter().map(|text| abi::Str::new(text)).collect();
        let request = abi::Texts {
            struct_size: size_of::<abi::Texts>() as u32,
            reserved: 0,
            tag: (row as u64) << 16 | question as u64,
            role: abi::Str::new(role),
            texts: texts.as_ptr(),
            n_texts: texts.len() as u64,
        };
        // SAFETY: the call is being stepped; the host copies the texts. The table of an extension lives as long as the host.
        let status = unsafe {
            let table = (self.host.get_extension)(self.host, extension.as_ptr().cast()) as *const abi::HostTexts;
            if table.is_null() { abi::E_UNSUPPORTED } else { ((*table).send)(self.host, self.call, &request) }
        };
        self.note(row, status);
    }

    fn note(&self, row: usize, status: abi::Status) {
        if status == abi::OK {
            self.awaited.set(self.awaited.get() + 1);
        } else {
            self.fail(row, Unscored::ScorerError, &format!("the host did not accept the request ({status})"));
        }
    }
}

/// The host's model requests, if it makes any. Not as a reference: the table of an older host is shorter.
pub(crate) fn chat(host: &abi::Host) -> Option<*const abi::HostChat> {
    let least = std::mem::offset_of!(abi::HostChat, ask);
    // SAFETY: the table of an extension lives as long as the host.
    unsafe {
        let chat = (host.get_extension)(host, abi::EXT_CHAT.as_ptr().cast()) as *const abi::HostChat;
        (!chat.is_null() && (*chat).struct_size as usize >= least).then_some(chat)
    }
}
