//! What comes from Kraken, over a line and in answers.
#![no_main]

mod vendor;

use libfuzzer_sys::fuzz_target;
use openbell_vendors::Names;
use openbell_vendors::kraken::{self, Kraken};

fuzz_target!(|text: &str| {
    vendor::speak(Kraken::new(Names::default(), kraken::endpoint()), "BTC/USD", text);
});
