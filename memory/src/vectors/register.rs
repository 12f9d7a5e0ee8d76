//! Registers sqlite-vec with SQLite: the one `unsafe` block of the project.
//!
//! Why it is needed: SQLite takes an extension that is linked in as a C function pointer
//! (`sqlite3_auto_extension`); neither rusqlite nor sqlite-vec offers a safe way. Why it is sound:
//! `sqlite3_vec_init` is the entry point that sqlite-vec exports for this very call, its C signature is the
//! one that SQLite calls (database, error text, routines; returns a code), both libraries are linked into the
//! same program, and SQLite keeps the list of such functions behind a mutex of its own. `Once` makes the call
//! once, before a connection is opened.
#![allow(unsafe_code)]

use rusqlite::ffi::{sqlite3, sqlite3_api_routines, sqlite3_auto_extension};
use std::ffi::{c_char, c_int};
use std::sync::Once;

/// The signature of an extension's entry point, as `sqlite3ext.h` has it.
type Entry =
    unsafe extern "C" fn(*mut sqlite3, *mut *mut c_char, *const sqlite3_api_routines) -> c_int;

/// Makes `vec0` known to every connection that is opened from now on.
pub fn register() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: see above; the transmute only names the signature that the C function has.
        unsafe {
            let entry =
                std::mem::transmute::<*const (), Entry>(sqlite_vec::sqlite3_vec_init as *const ());
            sqlite3_auto_extension(Some(entry));
        }
    });
}
