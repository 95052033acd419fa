//! What the host calls. Each function here catches panics, since none may pass into the host.

use crate::abi;
use crate::call::{chat, Aggregates, Call, Reply, Sums, Unscored};
use crate::parameters::{Parameters, Rejection};
use crate::{Column, Declaration, Scorer};
use std::any::Any;
use std::cell::Cell;
use std::ffi::{c_char, c_void, CString};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::ptr::null;
use std::sync::OnceLock;

/// What a plugin is, from its macro: id, version, description and scorers.
type Contents = (&'static str, &'static str, &'static str, Vec<*const Offered>);

/// The table of a plugin, made when it is first asked for.
pub struct PluginTable(OnceLock<Made>);

struct Made(abi::Plugin);

// SAFETY: the table and all that it points to is never changed after it was made.
unsafe impl Send for Made {}
unsafe impl Sync for Made {}

impl PluginTable {
    #[allow(clippy::new_without_default)]
    pub const fn new() -> PluginTable {
        PluginTable(OnceLock::new())
    }

    pub fn get(&'static self, host_major: u32, contents: impl Fn() -> Contents) -> *const abi::Plugin {
        if host_major != abi::ABI_MAJOR {
            return null();
        }
        let make = || {
            let (id, version, description, scorers) = contents();
            Made(abi::Plugin {
                struct_size: std::mem::size_of::<abi::Plugin>() as u32,
                abi_major: abi::ABI_MAJOR,
                abi_minor: abi::ABI_MINOR,
                reserved: 0,
                id: c_string(id),
                version: c_string(version),
                description: c_string(description),
                scorers: list(scorers.into_iter().map(|offered| offered as *const abi::Scorer)),
                create,
                describe: None,
                destroy,
                step,
                call_free: Some(call_free),
                get_extension: None,
                finalize,
            })
        };
        catch_unwind(AssertUnwindSafe(|| &self.0.get_or_init(make).0 as *const abi::Plugin)).unwrap_or(null())
    }
}

/// A scorer's table with what makes its instances behind it, where `create` finds it by the table's address.
#[repr(C)]
pub struct Offered {
    table: abi::Scorer,
    make: fn(&mut Parameters) -> Result<Box<dyn Instance>, Rejection>,
}

/// The host's functions of a plugin, for a host in its own tests.
pub(crate) const FUNCTIONS: Functions = Functions { create, destroy, step, call_free, finalize };

pub(crate) struct Functions {
    pub create: unsafe extern "C" fn(
        *const abi::Scorer, *const abi::Host, *mut abi::Creation, abi::Str, *mut *mut c_void,
    ) -> abi::Status,
    pub destroy: unsafe extern "C" fn(*mut c_void),
    pub step: unsafe extern "C" fn(
        *mut c_void, *mut abi::HostCall, *mut *mut c_void, i32, *const abi::Batch, *const *const abi::Reply, u64,
    ) -> abi::Status,
    pub call_free: unsafe extern "C" fn(*mut c_void, *mut abi::HostCall, *mut c_void),
    pub finalize: unsafe extern "C" fn(*mut c_void, *mut abi::HostFinalization, *const abi::Sums) -> abi::Status,
}

/// A scorer as a plugin offers it. Kept for the life of the process.
pub fn offer<S: Scorer>() -> *const Offered {
    let Declaration { id, description, inputs, outputs, roles, parameters_schema, statistics, aggregations } =
        S::DECLARATION;
    Box::leak(Box::new(Offered {
        table: abi::Scorer {
            struct_size: std::mem::size_of::<abi::Scorer>() as u32,
            concurrency: 0,
            id: c_string(id),
            description: c_string(description),
            inputs: list(inputs.iter().map(column_spec)),
            outputs: list(outputs.iter().map(column_spec)),
            roles: list(roles.iter().map(|role| c_string(role))),
            parameters_schema: parameters_schema.map_or(null(), c_string),
            statistics: list(statistics.iter().map(|name| c_string(name))),
            aggregations: list(aggregations.iter().map(|(name, description)| {
                Box::leak(Box::new(abi::Aggregation {
                    struct_size: std::mem::size_of::<abi::Aggregation>() as u32,
                    reserved: 0,
                    name: c_string(name),
                    description: c_string(description),
                })) as *const abi::Aggregation
            })),
        },
        make: |parameters| Ok(Box::new(S::new(parameters)?)),
    }))
}

fn c_string(text: &str) -> *const c_char {
    CString::new(text.replace('\0', "")).unwrap_or_default().into_raw()
}

fn list<Item>(items: impl Iterator<Item = *const Item>) -> *const *const Item {
    let items: Vec<*const Item> = items.chain([null()]).collect();
    Box::leak(items.into_boxed_slice()).as_ptr()
}

fn column_spec(column: &Column) -> *const abi::ColumnSpec {
    Box::leak(Box::new(abi::ColumnSpec {
        struct_size: std::mem::size_of::<abi::ColumnSpec>() as u32,
        kind: column.kind as u32,
        flags: column.flags,
        reserved: 0,
        name: c_string(column.name),
        description: c_string(column.description),
        minimum: column.range.0,
        maximum: column.range.1,
    }))
}

/// What is kept of a call between its steps: how many replies are awaited, and the memories of the rows.
struct State {
    awaited: Cell<u64>,
    memories: Box<dyn Any + Send>,
}

/// A scorer of any type.
trait Instance: Send + Sync {
    fn begin(&self, rows: usize) -> Box<dyn Any + Send>;
    fn score(&self, call: &Call, row: usize);
    fn receive(&self, call: &Call, reply: &Reply, memories: &mut dyn Any);
    fn finalize(&self, sums: &Sums, aggregates: &Aggregates);
    fn statistics(&self) -> usize;
}

impl<S: Scorer> Instance for S {
    fn begin(&self, rows: usize) -> Box<dyn Any + Send> {
        let memories: Vec<S::Memory> = (0..rows).map(|_| S::Memory::default()).collect();
        Box::new(memories)
    }

    fn score(&self, call: &Call, row: usize) {
        Scorer::score(self, call, row)
    }

    fn receive(&self, call: &Call, reply: &Reply, memories: &mut dyn Any) {
        if let Some(memory) = memories.downcast_mut::<Vec<S::Memory>>().and_then(|all| all.get_mut(reply.row)) {
            Scorer::receive(self, call, reply, memory)
        }
    }

    fn finalize(&self, sums: &Sums, aggregates: &Aggregates) {
        Scorer::finalize(self, sums, aggregates)
    }

    fn statistics(&self) -> usize {
        S::DECLARATION.statistics.len()
    }
}

/// An instance as the host holds it.
struct Held {
    host: *const abi::Host,
    scorer: Box<dyn Instance>,
}

unsafe extern "C" fn create(
    scorer: *const abi::Scorer, host: *const abi::Host, creation: *mut abi::Creation, config: abi::Str,
    out: *mut *mut c_void,
) -> abi::Status {
    let make = || {
        let offered = &*(scorer as *const Offered);
        let mut parameters = Parameters::new(config.get())?;
        if !offered.table.roles.is_null() && !(*offered.table.roles).is_null() && chat(&*host).is_none() {
            return Err(Rejection { pointer: "".into(), message: "the host makes no model requests".into() });
        }
        let instance = (offered.make)(&mut parameters)?;
        parameters.finish()?;
        Ok(instance)
    };
    let rejection = match catch_unwind(AssertUnwindSafe(make)) {
        Ok(Ok(scorer)) => {
            *out = Box::into_raw(Box::new(Held { host, scorer })) as *mut c_void;
            return abi::OK;
        }
        Ok(Err(rejection)) => rejection,
        Err(panic) => Rejection { pointer: "".into(), message: message(&*panic) },
    };
    ((*host).reject)(host, creation, abi::Str::new(&rejection.pointer), abi::Str::new(&rejection.message));
    abi::E_INVALID
}

unsafe extern "C" fn destroy(instance: *mut c_void) {
    let _ = catch_unwind(|| drop(Box::from_raw(instance as *mut Held)));
}

unsafe extern "C" fn step(
    instance: *mut c_void, host_call: *mut abi::HostCall, state: *mut *mut c_void, reason: i32,
    batch: *const abi::Batch, replies: *const *const abi::Reply, n_replies: u64,
) -> abi::Status {
    catch_unwind(|| {
        let held = &*(instance as *const Held);
        if reason == abi::STEP_START {
            let memories = held.scorer.begin((*batch).n_rows as usize);
            *state = Box::into_raw(Box::new(State { awaited: Cell::new(0), memories })) as *mut c_void;
        }
        let State { awaited, memories } = &mut *(*state as *mut State);
        let call = Call { host: &*held.host, call: host_call, batch: &*batch, awaited, statistics: held.scorer.statistics() };
        if reason == abi::STEP_START {
            for row in 0..call.rows() {
                if call.is_cancelled() {
                    return abi::E_CANCELLED;
                }
                guard(&call, row, || held.scorer.score(&call, row));
            }
        }
        for index in 0..n_replies as usize {
            // Not as a reference: the struct of an older host is shorter.
            let given = *replies.add(index);
            let failure = match (*given).status {
                abi::OK => None,
                abi::E_CANCELLED => Some(Unscored::NotAsked),
                _ => Some(Unscored::ModelError),
            };
            let tag = (*given).tag;
            let (row, question) = ((tag >> 16) as usize, tag as u16);
            awaited.set(awaited.get().saturating_sub(1));
            let (text, response_json) = ((*given).text.get(), (*given).response_json.get());
            let size = (*given).struct_size as usize;
            let is_long = size >= std::mem::offset_of!(abi::Reply, vectors);
            let (finish_reason, reasoning) =
                if is_long { ((*given).finish_reason.get(), (*given).reasoning.get()) } else { ("", "") };
            let mut vectors = Vec::new();
            if size >= std::mem::size_of::<abi::Reply>() && !(*given).vectors.is_null() {
                let width = (*given).n_dimensions as usize;
                for text in 0..(*given).n_vectors as usize {
                    vectors.push(std::slice::from_raw_parts((*given).vectors.add(text * width), width));
                }
            }
            let reply = Reply { row, question, failure, text, response_json, finish_reason, reasoning, vectors };
            guard(&call, row, || held.scorer.receive(&call, &reply, &mut **memories));
        }
        if awaited.get() > 0 { abi::PENDING } else { abi::OK }
    })
    .unwrap_or(abi::E_INTERNAL)
}

unsafe extern "C" fn finalize(
    instance: *mut c_void, finalization: *mut abi::HostFinalization, sums: *const abi::Sums,
) -> abi::Status {
    let compute = || {
        let held = &*(instance as *const Held);
        let values = std::slice::from_raw_parts((*sums).values, (*sums).n_sums as usize);
        let aggregates = Aggregates { host: &*held.host, finalization };
        held.scorer.finalize(&Sums { rows: (*sums).n_rows, values }, &aggregates);
    };
    match catch_unwind(AssertUnwindSafe(compute)) {
        Ok(()) => abi::OK,
        Err(panic) => {
            let host = (*(instance as *const Held)).host;
            let severity = crate::Severity::Error as i32;
            ((*host).log)(host, severity, abi::Str::new(&message(&*panic)));
            abi::E_INTERNAL
        }
    }
}

unsafe extern "C" fn call_free(_: *mut c_void, _: *mut abi::HostCall, state: *mut c_void) {
    if !state.is_null() {
        let _ = catch_unwind(|| drop(Box::from_raw(state as *mut State)));
    }
}

/// Runs what belongs to a row; a panic is the row's end only.
fn guard(call: &Call, row: usize, body: impl FnOnce()) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(body)) {
        call.fail(row, Unscored::ScorerError, &message(&*panic));
    }
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| text.to_string());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    format!("the scorer panicked: {}", text.unwrap_or_default())
}
