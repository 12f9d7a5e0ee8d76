//! Any bytes as an export of a memory: read in whole or refused without a trace, and what is read in is written
//! out again.
#![no_main]

use aegis_memory::exchange::{Purpose, parse};
use aegis_memory::{Memory, MemoryError};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    for line in String::from_utf8_lossy(bytes).lines() {
        if let Ok(line) = parse(line) {
            let text = serde_json::to_string(&line).unwrap_or_default();
            assert_eq!(parse(&text).as_ref(), Ok(&line));
        }
    }
    let done = import(bytes);
    assert!(done.is_ok(), "{done:?}");
});

/// Reads bytes in; what is refused must leave nothing.
fn import(mut bytes: &[u8]) -> Result<(), MemoryError> {
    let mut memory = Memory::transient()?;
    let before = memory.digest()?;
    if memory
        .import(&mut bytes, Purpose::Learn, &|_| true)
        .is_err()
    {
        assert_eq!(memory.digest()?, before);
    }
    memory.export(&mut Vec::new()).map(drop)
}
