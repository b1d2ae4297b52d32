//! A damaged file is an error or a changed value, never a panic and never a hang.
//!
//! One test alone in its file: the decoder's own asserts are caught, and must not be printed.

#![allow(clippy::disallowed_methods)] // Tests make files.

mod support;

use std::panic;

use openbell_data_manager::{DataManager, StoreOptions, verify};
use openbell_market::BarColumns;
use openbell_time::Timestamp;
use support::{minutes, series, store_with, us_equity};

#[test]
fn no_changed_byte_makes_the_reader_panic() {
    panic::set_hook(Box::new(|_| {}));
    let key = series("AAPL 1m");
    let folder = store_with(&key, &minutes("2025-07-01T13:30:00Z", 900));
    let path =
        folder.path().join("exchange_group=US_EQUITY/interval=1m/symbol=AAPL/2025-07.parquet");
    let sound = std::fs::read(&path).unwrap();
    let (mut n_errors, mut n_read) = (0, 0);
    // Every byte of the footer and of the first pages' heads, and each 31st of the rest.
    let n_footer = 900;
    for at in 0..sound.len() {
        let is_tried = at < 200 || at + n_footer > sound.len() || at % 31 == 0;
        if !is_tried {
            continue;
        }
        for change in [0xff, 0x01] {
            let mut damaged = sound.clone();
            damaged[at] ^= change;
            std::fs::write(&path, &damaged).unwrap();
            let outcome = panic::catch_unwind(|| {
                let store = DataManager::open(folder.path(), &StoreOptions::default()).unwrap();
                let mut out = BarColumns::default();
                let all = Timestamp::MIN..Timestamp::MAX;
                let read = store.read(&key, all, &us_equity(), &mut out);
                assert!(out.len() <= 1_000);
                let report = verify(folder.path(), &|_| None).unwrap();
                assert_eq!(report.n_files, 1);
                read.is_ok()
            });
            match outcome {
                Ok(true) => n_read += 1,
                Ok(false) => n_errors += 1,
                Err(_) => panic!("byte {at} changed by {change:#x}: the reader panics"),
            }
        }
    }
    for n_bytes in (0..sound.len()).step_by(37) {
        std::fs::write(&path, &sound[..n_bytes]).unwrap();
        let store = DataManager::open(folder.path(), &StoreOptions::default()).unwrap();
        let mut out = BarColumns::default();
        let all = Timestamp::MIN..Timestamp::MAX;
        assert!(store.read(&key, all, &us_equity(), &mut out).is_err(), "{n_bytes} bytes");
    }
    println!("{n_errors} changes are errors, {n_read} are not noticed");
    assert!(n_errors > 300, "{n_errors}");
}
