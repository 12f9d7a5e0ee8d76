//! A rehearsal for people and for tools: text, markdown, a page, SARIF.
//!
//! All are made of [`crate::rehearsal::Rehearsal`] and of nothing else; names that came from manifests are only ever text.

pub mod html;
pub mod markdown;
pub mod sarif;
pub mod text;
pub mod words;
