//! A run told line by line, as a terminal shows it.

use aegis_model::{RunEvent, Stamped};
use aegis_report::{Names, line};

/// Every event that has a line, with the names that objects have in the end.
#[must_use]
pub fn transcript(events: &[Stamped]) -> Vec<String> {
    let mut names = Names::default();
    for stamped in events {
        if let RunEvent::Observed(delta) = &stamped.event {
            names.read(delta);
        }
    }
    let told = events.iter().filter_map(|event| line(event, &names));
    told.map(|line| line.to_string()).collect()
}
