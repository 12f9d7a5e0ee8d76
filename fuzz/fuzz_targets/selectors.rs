//! A selector that reads answers for any labels, and reads again as it prints.
#![no_main]

use aegis_model::kubernetes::{LabelSelector, Labels};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(selector) = serde_json::from_str::<LabelSelector>(text) {
        let printed = serde_json::to_string(&selector).unwrap_or_default();
        let again = serde_json::from_str::<LabelSelector>(&printed).ok();
        assert_eq!(again.as_ref(), Some(&selector), "{printed}");
        let _ = selector.matches(&Labels::new());
    }
});
