//! Row groups: any bytes below a sound footer have the same rows, or the same error, whether a row group
//! is decoded whole or by the general reader.
#![no_main]

use std::path::PathBuf;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use openbell_data_manager::{Provenance, StoreWriter, fuzzing};
use openbell_market::{BarColumns, Ohlcv, SeriesKey};
use openbell_time::Timestamp;

/// The folder in which the store's file is, and where each input is written.
static FOLDER: LazyLock<PathBuf> =
    LazyLock::new(|| std::env::temp_dir().join(format!("openbell-groups-{}", std::process::id())));

/// Two sessions of 390 minutes as the store writes them.
static SOUND: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut rows = BarColumns::default();
    for (day, minute) in (0..2).flat_map(|day| (0..390).map(move |minute| (day, minute))) {
        let opens_at_s: i64 = 1_751_376_600 + day * 86_400 + minute * 60;
        let price = 100.0 + (minute * 7 % 31) as f64 / 100.0;
        let ohlcv = Ohlcv {
            open: price,
            high: price + 0.05,
            low: price - 0.05,
            close: price,
            volume: (minute * 919 % 1_009) as f64,
        };
        rows.push(Timestamp::from_nanos(opens_at_s * 1_000_000_000), ohlcv);
    }
    let key = SeriesKey {
        symbol: "AAPL".parse().expect("a symbol"),
        interval: "1m".parse().expect("an interval"),
    };
    let mut writer = StoreWriter::open(&*FOLDER).expect("the temporary folder can be written");
    writer.merge("US_EQUITY", &key, &Provenance::default(), &rows).expect("a store");
    let file = "exchange_group=US_EQUITY/interval=1m/symbol=AAPL/2025-07.parquet";
    std::fs::read(FOLDER.join(file)).expect("the month of these sessions")
});

/// Where the footer of `file` begins: before it stand its length and four letters, at the end.
fn footer_at(file: &[u8]) -> usize {
    let (rest, _) = file.split_last_chunk::<4>().expect("four letters");
    let (_, length) = rest.split_last_chunk::<4>().expect("a length");
    rest.len() - 4 - u32::from_le_bytes(*length) as usize
}

/// Lets panics of the decoder pass: the store makes errors of them.
fn end_at_our_panics() {
    let tell = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let is_decoder = panic.location().is_some_and(|at| at.file().contains("/registry/src/"));
        if !is_decoder {
            tell(panic);
        }
    }));
}

fuzz_target!(init: end_at_our_panics(), |bytes: &[u8]| {
    let mut file = SOUND.clone();
    let n_bytes = bytes.len().min(footer_at(&file));
    file[..n_bytes].copy_from_slice(&bytes[..n_bytes]);
    let path = FOLDER.join("AAPL.parquet");
    std::fs::write(&path, &file).expect("the file can be written");
    fuzzing::decode_both_ways(&path);
});
