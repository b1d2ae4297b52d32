//! The law over files of the repository, random columns, and damage.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use openbell_market::SeriesKey;
use openbell_time::{NANOS_PER_DAY, Timestamp};
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use parquet::schema::types::ColumnPath;
use proptest::prelude::*;

use super::*;
use crate::codec::bar_file::Provenance;
use crate::codec::encode::{properties, write_bars, write_rows};
use crate::disk;

const MINUTE: i64 = 60_000_000_000;

fn key() -> SeriesKey {
    SeriesKey { symbol: "AAPL".parse().unwrap(), interval: "1m".parse().unwrap() }
}

/// A file as the store writes it.
fn stored(rows: &BarColumns) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_bars(&mut bytes, &key(), &Provenance::default(), rows).expect("written");
    bytes
}

/// The same with pages of `page_rows`, packed with `codec` or not.
fn with_pages(rows: &BarColumns, page_rows: usize, codec: Compression) -> Vec<u8> {
    let builder = properties(None).into_builder();
    let properties: WriterProperties = builder
        .set_data_page_row_count_limit(page_rows)
        .set_write_batch_size(page_rows)
        .set_compression(codec)
        .set_column_compression(ColumnPath::from("ts"), Compression::UNCOMPRESSED)
        .build();
    let mut bytes = Vec::new();
    write_rows(&mut bytes, properties, rows).expect("written");
    bytes
}

/// A file with `bytes`.
fn file_of(bytes: &[u8]) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().expect("a file");
    file.as_file().write_all(bytes).expect("written");
    file
}

/// What comes of a file with `bytes`, both ways.
fn checked(bytes: &[u8]) -> Option<Decoded> {
    check(file_of(bytes).path())
}

/// Sessions of 390 minutes on so many days, in whole cents.
fn sessions(n_days: i64) -> BarColumns {
    let mut rows = BarColumns::default();
    let mut cents = 10_000_i64;
    for (day, minute) in (0..n_days).flat_map(|day| (0..390).map(move |minute| (day, minute))) {
        let opens_at = Timestamp::from_nanos(day * NANOS_PER_DAY + minute * MINUTE);
        cents += (minute * 7 + day * 13) % 11 - 5;
        let price = cents as f64 / 100.0;
        let volume = (minute * 7_919 % 10_007) as f64;
        let ohlcv = openbell_market::Ohlcv {
            open: price,
            high: price + 0.03,
            low: price - 0.02,
            close: price + 0.01,
            volume,
        };
        rows.push(opens_at, ohlcv);
    }
    rows
}

/// All Parquet files below `folder`.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let (mut folders, mut files) = (vec![folder.to_owned()], Vec::new());
    while let Some(folder) = folders.pop() {
        // `Err`: it is not there, and has no files
        for entry in disk::list(&folder).into_iter().flatten() {
            let path = folder.join(&entry.name);
            if entry.is_folder {
                folders.push(path);
            } else if entry.name.ends_with(".parquet") {
                files.push(path);
            }
        }
    }
    files
}

#[test]
fn the_files_of_the_repository_and_those_beside_it_are_the_same_both_ways() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut n_blocks = 0;
    let small = files_below(&repository.join("tests/data"));
    assert!(!small.is_empty());
    // The large reference data need not be there.
    for path in small.iter().chain(&files_below(&repository.join("../shared/data"))) {
        n_blocks += check(path).map_or(0, |decoded| decoded.n_blocks);
    }
    assert!(n_blocks > 0, "a file of the store's make is there");
}

#[test]
fn every_row_group_that_the_store_writes_is_decoded_whole() {
    for rows in [sessions(1), sessions(21), sessions(100)] {
        let file = file_of(&stored(&rows));
        let decoded = check(file.path()).expect("a file of bars");
        assert_eq!(decoded.rows, rows);
        let footer = BarFile::open(file.path()).expect("a file of bars").footer;
        assert_eq!(decoded.n_blocks, footer.num_row_groups());
    }
}

#[test]
fn a_row_group_that_is_longer_than_the_store_writes_is_not_decoded_whole() {
    // 16 groups of more than 32,768 rows; and none without a row.
    let mut long = BarColumns::default();
    for row in 0..530_000 {
        let price = (row % 97) as f64;
        let ohlcv = openbell_market::Ohlcv {
            open: price,
            high: price,
            low: price,
            close: price,
            volume: 0.0,
        };
        long.push(Timestamp::from_nanos(row * 1_000_000_000), ohlcv);
    }
    for rows in [long, BarColumns::default()] {
        let decoded = checked(&stored(&rows)).expect("a file of bars");
        assert_eq!((decoded.rows.len(), decoded.n_blocks), (rows.len(), 0));
    }
}

/// Any bits but those of no number, among them both zeros, and numbers that are too small to be normal.
fn value() -> impl Strategy<Value = f64> {
    let cents = (-1_000_000_i64..1_000_000).prop_map(|cents| cents as f64 / 100.0);
    let of_bits = any::<f64>().prop_filter("a number", |value| !value.is_nan());
    let rare = prop::sample::select(vec![0.0, -0.0, f64::MIN_POSITIVE / 4.0, -5e-324, f64::MAX]);
    prop_oneof![6 => cents, 2 => of_bits, 1 => rare]
}

/// Rows with steps of a minute, pauses, and stamps that repeat.
fn rows() -> impl Strategy<Value = BarColumns> {
    let step = prop_oneof![
        20 => Just(MINUTE),
        2 => Just(0),
        1 => (0_i64..4 * NANOS_PER_DAY / 1_000).prop_map(|us| us * 1_000),
    ];
    let first = -2_000_000_000_000_000_i64..2_000_000_000_000_000;
    let n_rows = prop_oneof![1_usize..70, 1_usize..700, 2_000_usize..2_200];
    (first, n_rows).prop_flat_map(move |(first_us, n_rows)| {
        let steps = prop::collection::vec(step.clone(), n_rows);
        let values = || prop::collection::vec(value(), n_rows);
        (steps, values(), values(), values(), values(), values()).prop_map(
            move |(steps, open, high, low, close, volume)| {
                let opens_at = steps.iter().scan(first_us * 1_000, |at, step| {
                    *at += step;
                    Some(*at)
                });
                BarColumns { opens_at_ns: opens_at.collect(), open, high, low, close, volume }
            },
        )
    })
}

proptest! {
    /// Whatever stands in the columns, and wherever pages end, they come out as they went in, whole.
    #[test]
    fn columns_come_out_of_a_block_as_they_went_in(
        rows in rows(),
        page_rows in prop_oneof![1_usize..80, 80_usize..2_500],
        codec in prop::sample::select(vec![Compression::LZ4_RAW, Compression::UNCOMPRESSED]),
    ) {
        for bytes in [stored(&rows), with_pages(&rows, page_rows, codec)] {
            let decoded = checked(&bytes).expect("a file of bars");
            prop_assert!(decoded.error.is_none() && decoded.n_blocks > 0, "{:?}", decoded.error);
            prop_assert_eq!(&decoded.rows.opens_at_ns, &rows.opens_at_ns);
            for (found, wanted) in values(&decoded.rows).into_iter().zip(values(&rows)) {
                let bits = |column: &[f64]| column.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
                prop_assert_eq!(bits(found), bits(wanted));
            }
        }
    }
}

/// Numbers in no order, the same for one seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % n as u64) as usize
    }

    /// Damages `bytes` in one to three places, rarely in the last `n_footer`, or cuts out a few.
    fn damage(&mut self, bytes: &mut Vec<u8>, n_footer: usize) {
        for _ in 0..=self.below(3) {
            let n_bytes = if self.below(16) == 0 { bytes.len() } else { bytes.len() - n_footer };
            let at = self.below(n_bytes);
            match self.below(8) {
                0 => bytes[at] = 0,
                1 => bytes[at] = self.below(256) as u8,
                2 => bytes.copy_within(at.saturating_sub(9)..at, at.saturating_sub(4)),
                3 if self.below(4) == 0 => {
                    bytes.remove(at);
                    bytes.insert(at / 2, 0); // The footer stays where it is.
                }
                _ => bytes[at] ^= 1 << self.below(8),
            }
        }
    }
}

/// Files of the store's make, with pages long and short, packed and not.
fn samples() -> &'static [Vec<u8>] {
    static SAMPLES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
        let one_day = sessions(1);
        vec![
            stored(&sessions(5)),
            with_pages(&one_day, 64, Compression::LZ4_RAW),
            with_pages(&one_day, 100, Compression::UNCOMPRESSED),
            with_pages(&one_day, 390, Compression::LZ4_RAW),
        ]
    });
    &SAMPLES
}

/// One of the samples, damaged.
fn damaged(dice: &mut Dice) -> Vec<u8> {
    const N_FOOTER: usize = 900;
    let mut bytes = samples()[dice.below(samples().len())].clone();
    dice.damage(&mut bytes, N_FOOTER);
    bytes
}

proptest! {
    /// A damaged row group has the rows that the general reader finds in it, or the same error.
    #[test]
    fn damage_shows_both_ways_alike(seed in any::<u64>()) {
        let mut dice = Dice(seed);
        for _ in 0..16 {
            checked(&damaged(&mut dice));
        }
    }
}

#[test]
fn damage_is_met_in_blocks_and_by_the_general_reader() {
    let mut dice = Dice(1);
    let (mut n_whole, mut n_errors) = (0, 0);
    for _ in 0..400 {
        let decoded = checked(&damaged(&mut dice));
        n_whole += usize::from(decoded.as_ref().is_some_and(|decoded| decoded.n_blocks > 0));
        n_errors += usize::from(decoded.is_some_and(|decoded| decoded.error.is_some()));
    }
    assert!(n_whole > 40 && n_errors > 40, "{n_whole} decoded whole, {n_errors} errors");
}
