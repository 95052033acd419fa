//! Scorer plugins for Assay in Rust, without other crates.
//!
//! A scorer is a type with the trait [`Scorer`]; [`plugin!`] makes the one function that the shared object exports:
//!
//! ```ignore
//! struct Shouting;
//! impl Scorer for Shouting {
//!     const DECLARATION: Declaration = Declaration {
//!         id: "shouting",
//!         description: "1.0 for an answer without lower-case letters",
//!         inputs: &[Column::required("generated_answer", Kind::Text, "the answer")],
//!         outputs: &[Column::output("score", Kind::Number, "1.0 or 0.0").within(0.0, 1.0)],
//!         ..Declaration::NOTHING
//!     };
//!     type Memory = ();
//!     fn new(_: &mut Parameters) -> Result<Self, Rejection> { Ok(Shouting) }
//!     fn score(&self, call: &Call, row: usize) {
//!         let answer = call.text(0, row).unwrap_or("");
//!         call.give_number(0, row, if answer.chars().any(char::is_lowercase) { 0.0 } else { 1.0 });
//!     }
//! }
//! assay_scorer::plugin!("org.example.style", "1.0", "How answers are written", Shouting);
//! ```
//!
//! No panic leaves the plugin. One that leaves `score` or `receive` makes its row a scorer error; the others go on.

pub mod abi;
mod boundary;
mod call;
pub mod json;
mod parameters;
pub mod testing;

pub use boundary::{offer, Offered, PluginTable};
pub use call::{Aggregates, Call, Reply, Severity, Sums, Unscored};
pub use parameters::{Parameters, Rejection};

/// A scorer, with its parameters. Threads share an instance.
pub trait Scorer: Send + Sync + Sized + 'static {
    const DECLARATION: Declaration;

    /// The state of a row between the replies of models; `()` for scorers that ask none.
    type Memory: Default + Send + 'static;

    /// Creates an instance. Parameters that it does not read are rejected afterwards.
    fn new(parameters: &mut Parameters) -> Result<Self, Rejection>;

    /// Scores a row: sets its results, fails it, or asks a model about it.
    fn score(&self, call: &Call, row: usize);

    /// Handles a reply about a row: sets results, fails the row, or asks more. Replies arrive in any order.
    fn receive(&self, call: &Call, reply: &Reply, memory: &mut Self::Memory) {
        let _ = (call, reply, memory);
    }

    /// Computes the aggregations of some rows from the sums of their statistics, and gives a value to each. A pure function.
    fn finalize(&self, sums: &Sums, aggregates: &Aggregates) {
        let _ = (sums, aggregates);
    }
}

/// The declaration of a scorer: its id, inputs, outputs and models. Columns are identified by their index here.
pub struct Declaration {
    pub id: &'static str,
    /// One line.
    pub description: &'static str,
    pub inputs: &'static [Column],
    /// One is named "score".
    pub outputs: &'static [Column],
    /// The roles of its models. The host reads the model of "judge" from the parameter "judge_model".
    pub roles: &'static [&'static str],
    /// JSON Schema of the parameters.
    pub parameters_schema: Option<&'static str>,
    /// The names of the numbers that it gives for each row beside its outputs, for corpus scores.
    pub statistics: &'static [&'static str],
    /// The aggregations that it computes from their sums: names, such as "corpus_f1", and descriptions.
    pub aggregations: &'static [(&'static str, &'static str)],
}

impl Declaration {
    pub const NOTHING: Declaration = Declaration {
        id: "",
        description: "",
        inputs: &[],
        outputs: &[],
        roles: &[],
        parameters_schema: None,
        statistics: &[],
        aggregations: &[],
    };
}

/// The types of cells.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(u32)]
pub enum Kind {
    Text = 1,
    Number = 2,
    Integer = 3,
    Boolean = 4,
    Json = 5,
    /// Inputs only.
    Texts = 6,
}

/// An input or output.
pub struct Column {
    name: &'static str,
    kind: Kind,
    description: &'static str,
    flags: u32,
    range: (f64, f64),
}

impl Column {
    const fn new(name: &'static str, kind: Kind, description: &'static str, flags: u32) -> Column {
        Column { name, kind, description, flags, range: (0.0, 0.0) }
    }

    /// A required input; rows without it are not passed to the scorer.
    pub const fn required(name: &'static str, kind: Kind, description: &'static str) -> Column {
        Column::new(name, kind, description, 0)
    }

    /// An optional input.
    pub const fn optional(name: &'static str, kind: Kind, description: &'static str) -> Column {
        Column::new(name, kind, description, 1)
    }

    /// An optional input; a value of another type counts as missing.
    pub const fn lenient(name: &'static str, kind: Kind, description: &'static str) -> Column {
        Column::new(name, kind, description, 3)
    }

    pub const fn output(name: &'static str, kind: Kind, description: &'static str) -> Column {
        Column::new(name, kind, description, 0)
    }

    /// An output that results leave out of rows without a value, instead of writing null.
    pub const fn optional_output(name: &'static str, kind: Kind, description: &'static str) -> Column {
        Column::new(name, kind, description, 1)
    }

    /// An output that is a score of its own beside "score", such as one of several criteria: results have aggregates and an
    /// outcome for it, under FUNCTION/NAME. Since version 1.4.
    pub const fn further_score(name: &'static str, kind: Kind, description: &'static str) -> Column {
        Column::new(name, kind, description, 1 | 4)
    }

    /// The range of an output of numbers.
    pub const fn within(mut self, minimum: f64, maximum: f64) -> Column {
        self.range = (minimum, maximum);
        self
    }
}

/// Defines the entry of a plugin: its id, version and description, and the types of its scorers. The version may be
/// `env!("CARGO_PKG_VERSION")`, so that it is only set in Cargo.toml.
#[macro_export]
macro_rules! plugin {
    ($id:expr, $version:expr, $description:expr, $($scorer:ty),+ $(,)?) => {
        static ASSAY_PLUGIN: $crate::PluginTable = $crate::PluginTable::new();

        #[no_mangle]
        pub extern "C" fn assay_plugin_entry(host_major: u32, _host_minor: u32) -> *const $crate::abi::Plugin {
            ASSAY_PLUGIN.get(host_major, || ($id, $version, $description, vec![$($crate::offer::<$scorer>()),+]))
        }
    };
}
