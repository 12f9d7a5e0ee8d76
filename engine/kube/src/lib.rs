//! Kubernetes documents in and out.
//!
//! In: [`read()`] takes manifests, dumps and Helm output apart into documents that
//! know where each of their fields stands. Between: [`patch`] turns patches and pairs of documents into
//! lists of field changes. Out: [`print`] shows a cluster as `kubectl` would, and
//! [`kubectl`] writes the commands that a person would type.
//!
//! Nothing here opens a file, reads a clock or simulates: text and values come
//! in, values and text go out.

pub mod codes;
pub mod error;
pub mod kubectl;
pub mod patch;
pub mod place;
pub mod print;
pub mod read;
pub mod spelling;
pub mod typed;
pub mod versions;
pub mod yaml;

pub use error::{Diagnostic, Problem, ReadError, Severity};
pub use place::{Place, Source, Span};
pub use read::{Document, read, read_bytes};
