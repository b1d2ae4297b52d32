//! Session files: any text is a session or a list of faults, and a session survives being written.
#![no_main]

use libfuzzer_sys::fuzz_target;
use openbell_config::SessionConfig;

fuzz_target!(|text: &str| {
    match SessionConfig::parse(text) {
        Ok((config, _)) => {
            let written = config.to_json().to_string();
            let (again, _) =
                SessionConfig::parse(&written).expect("what was written is read again");
            assert_eq!(again, config, "{written}");
        }
        Err(faults) => {
            let message = faults.to_string();
            assert!(!message.trim().is_empty(), "faults say what they are");
        }
    }
});
