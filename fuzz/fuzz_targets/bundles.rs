//! Any bytes as a support bundle: read and diagnosed without panic or hang, and what is not read is
//! told. A bundle is one text: each file stands behind a line `=== PATH`.
#![no_main]

use aegis_inspect::{Scope, inspect};
use aegis_runner::bundle::{Files, assemble};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut files = Files::default();
    let text = String::from_utf8_lossy(bytes);
    for part in text.split("=== ").skip(1) {
        let (path, content) = part.split_once('\n').unwrap_or((part, ""));
        files
            .read
            .insert(path.trim().to_owned(), content.as_bytes().to_vec());
    }
    let bundle = assemble(files);
    let told = bundle.unread.len();
    let found = inspect(&bundle, &Scope::default());
    assert_eq!(found.unread.len(), told);
});
