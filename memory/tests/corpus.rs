//! The seeds of the fuzz target: each is read in whole, or refused without a trace.

use aegis_memory::Memory;
use aegis_memory::exchange::Purpose;
use std::path::Path;

/// Seeds that are exports.
const GOOD: [&str; 3] = ["ban.jsonl", "onset.jsonl", "text.jsonl"];

#[test]
fn every_seed_is_read_or_refused_and_a_refusal_leaves_nothing() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/seeds/memories");
    let mut read = Vec::new();
    let seeds = std::fs::read_dir(folder).expect("the seeds");
    for seed in seeds {
        let path = seed.expect("a file").path();
        let bytes = std::fs::read(&path).expect("readable");
        let mut memory = Memory::transient().expect("it opens");
        let before = memory.digest().expect("it answers");
        let imported = memory.import(&mut bytes.as_slice(), Purpose::Learn, &|_| true);
        match imported {
            Ok(_) => read.push(path.file_name().expect("a name").to_owned()),
            Err(why) => {
                assert_eq!(memory.digest().expect("it answers"), before);
                assert!(
                    why.to_string().contains("line"),
                    "{}: {why}",
                    path.display()
                );
            }
        }
        memory.export(&mut Vec::new()).expect("it is written");
    }
    read.sort();
    assert_eq!(read, GOOD);
}
