//! What comes from Alpaca, over a line and in answers.
#![no_main]

mod vendor;

use libfuzzer_sys::fuzz_target;
use openbell_vendors::alpaca::{self, Alpaca, Source};
use openbell_vendors::{KeyPair, Names};

fuzz_target!(|text: &str| {
    let key = KeyPair::new("k", "s");
    vendor::speak(Alpaca::new(Names::default(), alpaca::endpoint(), Source::Iex, key), "AAPL", text);
});
