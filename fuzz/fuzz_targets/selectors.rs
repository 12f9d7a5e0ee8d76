//! A selector that reads answers for any labels, and reads again as it prints.
#![no_main]

use aegis_model::kubernetes::{LabelSelector, Labels};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(selector) = serde_json::from_str::<LabelSelector>(text) {
        let printed = serde_json::to_string(&selector).expect("it prints");
        let again: LabelSelector = serde_json::from_str(&printed).expect("it reads again");
        assert_eq!(again, selector, "{printed}");
        let _ = selector.matches(&Labels::new());
    }
});
