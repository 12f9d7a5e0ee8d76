//! Every fault of the catalogue can be printed as a scenario that is right.

use aegis_scenario::bundled;
use aegis_scenario::load::load;
use aegis_scenario::rehearsal::scenario;

/// Rows that no bundled application has anything to get wrong for.
const NOWHERE: [&str; 2] = ["autoscaler_max_too_low", "configuration_missing"];

#[test]
fn every_fault_has_a_scenario_that_is_right() {
    for fault in aegis_faults::all() {
        let Some(text) = scenario(fault) else {
            assert!(NOWHERE.contains(&fault.id), "{}", fault.id);
            continue;
        };
        let loaded = load("fault.yaml", &text, &bundled::file);
        let loaded = loaded.unwrap_or_else(|errors| panic!("{}: {errors:#?}", fault.id));
        assert!(!loaded.scenario.spec.chaos.is_empty(), "{}", fault.id);
    }
}
