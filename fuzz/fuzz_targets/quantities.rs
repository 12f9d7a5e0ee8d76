//! A quantity that reads prints as one that is equal.
#![no_main]

use aegis_model::Quantity;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(quantity) = text.parse::<Quantity>() {
        let printed = quantity.to_string();
        assert_eq!(printed.parse(), Ok(quantity), "{text} -> {printed}");
    }
});
