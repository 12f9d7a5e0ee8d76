//! A path that reads prints as one that is equal, and setting what it gets changes nothing.
#![no_main]

use aegis_model::FieldPath;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|input: (&str, &str)| {
    let (text, document) = input;
    let Ok(path) = text.parse::<FieldPath>() else {
        return;
    };
    assert_eq!(path.to_string().parse(), Ok(path.clone()), "{text}");
    let Ok(before) = serde_json::from_str::<Value>(document) else {
        return;
    };
    let Some(found) = path.get(&before).cloned() else {
        return;
    };
    let mut after = before.clone();
    path.set(&mut after, Some(found));
    assert_eq!(after, before, "{text}");
});
