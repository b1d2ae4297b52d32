//! CSV files: every row of any bytes is imported or counted under a reason, and the same file
//! again changes nothing.
#![no_main]

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use openbell_data_manager::import::{
    CsvOptions, ImportTarget, Importer, Listeners, Preview, SymbolChoice, preview,
};
use openbell_data_manager::{Check, Provenance, StoreWriter};
use openbell_time::{Calendar, NANOS_PER_DAY, TimeManager};

/// Where the input lies as a file, and the store that it is imported into.
static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = std::env::temp_dir().join(format!("openbell-fuzz-csv-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("the temporary folder can be written");
    folder
});

static CALENDAR: LazyLock<Calendar> =
    LazyLock::new(|| TimeManager::new().calendar("US_EQUITY").expect("a calendar"));

static SYMBOLS: LazyLock<SymbolChoice> =
    LazyLock::new(|| SymbolChoice::InFile(Some("AAPL".parse().expect("a symbol"))));

fn target(provenance: &Provenance) -> ImportTarget<'_> {
    ImportTarget { exchange_group: "US_EQUITY", calendar: &CALENDAR, symbols: &SYMBOLS, provenance }
}

/// Rows that a preview shows.
const N_ROWS: usize = 1_000;

/// Months of stamps that are written: each is a file, and a file takes its time.
const N_MONTHS_MAX: usize = 4;

fuzz_target!(|bytes: &[u8]| {
    let path = FOLDER.join("bars.csv");
    std::fs::write(&path, bytes).expect("the file can be written");
    for interval in ["1m", "1d"] {
        let mut options = CsvOptions::new(interval.parse().expect("an interval"));
        options.zone = Some("America/New_York".parse().expect("a zone"));
        let Ok(shown) = preview(&path, &options, &target(&Provenance::default()), N_ROWS) else {
            continue;
        };
        if shown.rows.len() < N_ROWS && n_months(&shown) <= N_MONTHS_MAX {
            import_twice(&path, &options, shown.rows.len() as u64);
        }
    }
});

fn n_months(shown: &Preview) -> usize {
    let stamps = shown.rows.iter().filter_map(|row| row.read.as_ref().ok());
    let months: BTreeSet<i64> =
        stamps.map(|(stamp, _)| stamp.as_nanos() / (30 * NANOS_PER_DAY)).collect();
    months.len()
}

fn import_twice(path: &std::path::Path, options: &CsvOptions, n_rows: u64) {
    let store = FOLDER.join("store");
    if store.is_dir() {
        std::fs::remove_dir_all(&store).expect("the last input's store can be removed");
    }
    std::fs::create_dir(&store).expect("the temporary folder can be written");
    let mut writer = StoreWriter::open(&store).expect("an empty folder is a store");
    let provenance = Provenance { waived: Check::ALL.into_iter().collect(), ..Provenance::default() };
    let target = target(&provenance);
    let mut n_reported = 0_u64;
    let mut n_added = None;
    for _ in 0..2 {
        let (reads, progress) = (&mut |_: &_| {}, &mut |_| {});
        let listeners = Listeners { reads, rejected: &mut |_| n_reported += 1, progress };
        let imported = Importer::new(&mut writer).import(path, options, &target, listeners);
        let Ok(report) = imported else { return };
        let counts = report.counts();
        let n_imported = counts.added + counts.updated + counts.unchanged;
        assert_eq!(report.n_rows, n_rows, "a row of the preview is a row of the import");
        assert_eq!(n_imported + report.n_rejected(), n_rows, "no row is lost: {report:?}");
        match n_added {
            None => n_added = Some(counts.added),
            Some(n_added) => {
                assert_eq!(counts.unchanged, n_added, "again, nothing changes: {report:?}");
                assert_eq!(n_reported, 2 * report.n_rejected(), "every rejected row is reported");
            }
        }
    }
}
