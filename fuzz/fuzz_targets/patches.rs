//! Two documents and a patch: differences lead from one to the other, patches never panic.
#![no_main]

use aegis_kube::patch::{apply, diff, json_patch, merge_patch, strategic};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

fuzz_target!(|input: (&str, &str)| {
    let read = serde_json::from_str::<Value>;
    let (Ok(before), Ok(after)) = (read(input.0), read(input.1)) else {
        return;
    };
    let (before, after) = (json!({"spec": before}), json!({"spec": after}));
    let mut document = before.clone();
    apply(&mut document, &diff(&before, &after));
    assert_eq!(document, after);
    let _ = merge_patch(&before, &after);
    let _ = strategic(&before, &after);
    let _ = json_patch(&before, &after["spec"]);
});
