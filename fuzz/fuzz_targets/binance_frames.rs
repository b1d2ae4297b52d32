//! What comes from Binance, over a line and in answers.
#![no_main]

mod vendor;

use libfuzzer_sys::fuzz_target;
use openbell_vendors::Names;
use openbell_vendors::binance::{self, Binance};

fuzz_target!(|text: &str| {
    vendor::speak(Binance::new(Names::default(), binance::endpoint()), "ETHUSDT", text);
});
