//! The catalogue of faults, as data.
//!
//! A fault is a composition of mechanisms and changes of objects, with what
//! betrays it, how it spreads and what mends it. To add one, add a row: neither
//! the simulator nor the reasoning knows any fault by name. Nothing here decides
//! whether a fault is present.

pub mod alike;
pub mod betrayal;
pub mod catalogue;
pub mod causes;
pub mod change;
pub mod event;
pub mod fault;
pub mod laying;
pub mod mistakes;
pub mod page;
pub mod parameter;
pub mod reach;
pub mod step;
pub mod words;

pub use alike::{alike, names, names_over};
pub use betrayal::{Betrayal, Turn};
pub use event::{EVENTS, Event, event};
pub use fault::{
    Act, Aim, Breadth, Candidacy, Direction, Expressed, Fault, Frequency, Harms, Lasting, Needs,
    On, Part, Remedy, Section, Show, Sign, Spread, TargetKind,
};
pub use laying::{Laying, overlay};
pub use parameter::{Parameter, Unit};
pub use reach::applicable;
pub use step::{Deed, Place, Step};

/// Id of a visible cause that no row names: the object and field say the rest.
pub const MISCONFIGURATION: &str = "misconfiguration";

/// All faults, in the order of the catalogue.
pub fn all() -> impl Iterator<Item = &'static Fault> {
    catalogue::SECTIONS
        .iter()
        .flat_map(|section| section.iter())
}

/// The fault of that id.
#[must_use]
pub fn by_id(id: &str) -> Option<&'static Fault> {
    all().find(|fault| fault.id == id)
}
