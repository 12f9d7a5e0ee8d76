//! Any text is a scenario or is refused at a place; never does reading it panic.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Err(errors) = aegis_scenario::load("fuzz.yaml", text, &|_| None) {
        assert!(!errors.is_empty());
    }
});
