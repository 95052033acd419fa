//! The plugin header, `assay_scorer_plugin.h` of version 1.4, as Rust sees it. What the fields mean is said there; the
//! names are the header's.

use std::os::raw::{c_char, c_void};

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Str {
    pub ptr: *const u8,
    pub len: u64,
}

pub type Status = i32;
pub const OK: Status = 0;
pub const PENDING: Status = 1;
pub const E_INVALID: Status = -1;
pub const E_UNSUPPORTED: Status = -2;
pub const E_CANCELLED: Status = -3;
pub const E_INTERNAL: Status = -6;

pub const STEP_START: i32 = 0;
pub const ROW_SCORER_ERROR: i32 = 3;
pub const ROW_MODEL_ERROR: i32 = 4;
pub const ROW_NOT_ASKED: i32 = 7;
pub const ABI_MAJOR: u32 = 1;
pub const ABI_MINOR: u32 = 4;
pub const EXT_CHAT: &[u8] = b"assay.chat/1\0";
pub const EXT_EMBED: &[u8] = b"assay.embed/1\0";
pub const EXT_MODERATE: &[u8] = b"assay.moderate/1\0";

#[repr(C)]
pub struct Column {
    pub struct_size: u32,
    pub kind: u32,
    pub validity: *const u8,
    pub values: *const c_void,
    pub list_offsets: *const i64,
}

#[repr(C)]
pub struct Batch {
    pub struct_size: u32,
    pub n_columns: u32,
    pub n_rows: u64,
    pub columns: *const *const Column,
}

#[repr(C)]
pub struct HostCall {
    _private: [u8; 0],
}

#[repr(C)]
pub struct Creation {
    _private: [u8; 0],
}

#[repr(C)]
pub struct HostFinalization {
    _private: [u8; 0],
}

#[repr(C)]
pub struct Aggregation {
    pub struct_size: u32,
    pub reserved: u32,
    pub name: *const c_char,
    pub description: *const c_char,
}

#[repr(C)]
pub struct Sums {
    pub struct_size: u32,
    pub n_sums: u32,
    pub n_rows: u64,
    pub values: *const f64,
}

/// What every host has. Those since version 1.3 continue as in [`CorpusHost`].
#[repr(C)]
pub struct Host {
    pub struct_size: u32,
    pub abi_major: u32,
    pub abi_minor: u32,
    pub reserved: u32,
    pub host_data: *mut c_void,
    pub log: unsafe extern "C" fn(*const Host, i32, Str),
    pub reject: unsafe extern "C" fn(*const Host, *mut Creation, Str, Str),
    pub emit: unsafe extern "C" fn(*const Host, *mut HostCall, u32, u64, u64, *const Column) -> Status,
    pub fail: unsafe extern "C" fn(*const Host, *mut HostCall, i64, i32, Str) -> Status,
    pub is_cancelled: unsafe extern "C" fn(*const Host, *const HostCall) -> i32,
    pub get_extension: unsafe extern "C" fn(*const Host, *const c_char) -> *const c_void,
}

#[repr(C)]
pub struct CorpusHost {
    pub host: Host,
    pub emit_statistics: unsafe extern "C" fn(*const Host, *mut HostCall, u64, u64, *const f64) -> Status,
    pub emit_aggregate: unsafe extern "C" fn(*const Host, *mut HostFinalization, u32, Str) -> Status,
}

#[repr(C)]
pub struct Request {
    pub struct_size: u32,
    pub sample: u32,
    pub tag: u64,
    pub role: Str,
    pub json: Str,
}

/// Hosts before version 1.2 have no `ask`.
#[repr(C)]
pub struct HostChat {
    pub struct_size: u32,
    pub reserved: u32,
    pub request: unsafe extern "C" fn(*const Host, *mut HostCall, u64, Str, Str) -> Status,
    pub ask: unsafe extern "C" fn(*const Host, *mut HostCall, *const Request) -> Status,
}

/// Texts to embed or to moderate. Since version 1.4.
#[repr(C)]
pub struct Texts {
    pub struct_size: u32,
    pub reserved: u32,
    pub tag: u64,
    pub role: Str,
    pub texts: *const Str,
    pub n_texts: u64,
}

/// The table of both extensions for texts.
#[repr(C)]
pub struct HostTexts {
    pub struct_size: u32,
    pub reserved: u32,
    pub send: unsafe extern "C" fn(*const Host, *mut HostCall, *const Texts) -> Status,
}

/// Replies of hosts before version 1.2 end with `response_json`, those of hosts before 1.4 with `reasoning`.

#[repr(C)]
pub struct Reply {
    pub struct_size: u32,
    pub status: Status,
    pub tag: u64,
    pub text: Str,
    pub response_json: Str,
    pub finish_reason: Str,
    pub reasoning: Str,
    pub vectors: *const f64,
    pub n_vectors: u64,
    pub n_dimensions: u64,
}

#[repr(C)]
pub struct ColumnSpec {
    pub struct_size: u32,
    pub kind: u32,
    pub flags: u32,
    pub reserved: u32,
    pub name: *const c_char,
    pub description: *const c_char,
    pub minimum: f64,
    pub maximum: f64,
}

#[repr(C)]
pub struct Scorer {
    pub struct_size: u32,
    pub concurrency: u32,
    pub id: *const c_char,
    pub description: *const c_char,
    pub inputs: *const *const ColumnSpec,
    pub outputs: *const *const ColumnSpec,
    pub roles: *const *const c_char,
    pub parameters_schema: *const c_char,
    pub statistics: *const *const c_char,
    pub aggregations: *const *const Aggregation,
}

#[repr(C)]
pub struct Plugin {
    pub struct_size: u32,
    pub abi_major: u32,
    pub abi_minor: u32,
    pub reserved: u32,
    pub id: *const c_char,
    pub version: *const c_char,
    pub description: *const c_char,
    pub scorers: *const *const Scorer,
    pub create:
        unsafe extern "C" fn(*const Scorer, *const Host, *mut Creation, Str, *mut *mut c_void) -> Status,
    pub describe: Option<unsafe extern "C" fn(*mut c_void) -> *const Scorer>,
    pub destroy: unsafe extern "C" fn(*mut c_void),
    pub step: unsafe extern "C" fn(
        *mut c_void, *mut HostCall, *mut *mut c_void, i32, *const Batch, *const *const Reply, u64,
    ) -> Status,
    pub call_free: Option<unsafe extern "C" fn(*mut c_void, *mut HostCall, *mut c_void)>,
    pub get_extension: Option<unsafe extern "C" fn(*const Plugin, *const c_char) -> *const c_void>,
    pub finalize: unsafe extern "C" fn(*mut c_void, *mut HostFinalization, *const Sums) -> Status,
}

impl Str {
    pub fn new(text: &str) -> Str {
        Str { ptr: text.as_ptr(), len: text.len() as u64 }
    }

    /// # Safety
    /// The text is the host's: valid UTF-8, and there for as long as `'a`.
    pub unsafe fn get<'a>(self) -> &'a str {
        if self.len == 0 {
            return "";
        }
        std::str::from_utf8_unchecked(std::slice::from_raw_parts(self.ptr, self.len as usize))
    }
}
