//! Store files: any bytes are bars in time order, or an error.
#![no_main]

use std::path::PathBuf;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use openbell_data_manager::{DataManager, Feed as _, StoreOptions};
use openbell_market::BarColumns;
use openbell_time::{Calendar, TimeManager, Timestamp};

/// A store with one series, whose file is written anew for each input.
static STORE: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = std::env::temp_dir().join(format!("openbell-fuzz-{}", std::process::id()));
    std::fs::create_dir_all(folder.join("1m")).expect("the temporary folder can be written");
    folder
});

static CALENDAR: LazyLock<Calendar> =
    LazyLock::new(|| TimeManager::new().calendar("US_EQUITY").expect("the calendar is embedded"));

/// Lets panics of the decoder pass: the store makes errors of them. One that it does not catch
/// ends the process all the same, when it reaches the fuzzer.
fn end_at_our_panics() {
    let tell = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let is_decoder = panic.location().is_some_and(|at| at.file().contains("/registry/src/"));
        if !is_decoder {
            // The fuzzer's own hook, which ends the process.
            tell(panic);
        }
    }));
}

fuzz_target!(init: end_at_our_panics(), |bytes: &[u8]| {
    std::fs::write(STORE.join("1m/AAPL.parquet"), bytes).expect("the file can be written");
    let Ok(store) = DataManager::open(&*STORE, &StoreOptions::default()) else { return };
    for info in store.series() {
        let Ok(mut feed) = store.feed(&info.key, &CALENDAR) else { continue };
        let mut rows = BarColumns::default();
        if feed.seek(Timestamp::MIN).is_err() {
            continue;
        }
        // Rows before an error are delivered too, and keep the order.
        let polled = feed.poll(Timestamp::MAX, Timestamp::MAX, &mut rows);
        assert!(rows.opens_at_ns.is_sorted(), "{polled:?}");
        for column in [&rows.open, &rows.high, &rows.low, &rows.close, &rows.volume] {
            assert_eq!(column.len(), rows.opens_at_ns.len());
        }
    }
});
