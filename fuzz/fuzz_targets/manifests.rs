//! Any bytes: read without panic, hang or much memory; what reads is checked, has places
//! within its text, and survives being written as YAML.
#![no_main]

use aegis_check::check_all;
use aegis_kube::{read, read_bytes, yaml};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let documents = match read_bytes("fuzz", bytes) {
        Ok(documents) => documents,
        Err(errors) => {
            assert!(!errors.is_empty());
            for error in errors {
                assert!(error.span.start <= error.span.end && error.span.end <= bytes.len());
                assert!(error.place.line >= 1 && error.place.column >= 1);
            }
            return;
        }
    };
    for error in check_all(&documents) {
        assert!(error.span.end <= bytes.len());
        let _ = error.diagnostic();
    }
    for document in &documents {
        let text = yaml::to_string(&document.value);
        // Values of which YAML has no plain form (control characters) are escaped, so all come back.
        let back = read("back", &text).unwrap_or_else(|errors| panic!("{errors:?}\n{text}"));
        assert_eq!(back.len(), 1, "{text}");
        assert_eq!(back[0].value, document.value, "{text}");
    }
});
