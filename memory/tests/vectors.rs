//! One conformance suite for every store of vectors.

mod suite;

use aegis_memory::Memory;

#[test]
fn the_embedded_store_conforms() {
    let memory = Memory::transient().expect("it opens");
    suite::conforms(&memory.vectors());
}
