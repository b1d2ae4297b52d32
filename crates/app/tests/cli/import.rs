//! `data import`: every reference file by one command line, equal to the Parquet file it names; and
//! what is said about files that are not so clean.

use std::path::Path;

use openbell_data_manager::{DataManager, StoreOptions};
use openbell_market::{BarColumns, SeriesKey};
use openbell_time::{TimeManager, Timestamp};

use crate::reference::{Size, references};
use crate::support::Folder;

/// A reference file: how it is imported, and what part of which series it is.
struct Case {
    file: &'static str,
    args: &'static [&'static str],
    group: &'static str,
    dataset: &'static str,
    symbol: &'static str,
    interval: &'static str,
    /// Stamps of the reference that the file has, `since..until`.
    part: [&'static str; 2],
    /// Rows at the head of that part; all where it is absent.
    n_rows: Option<usize>,
}

const ALL: [&str; 2] = ["1900-01-01T00:00:00Z", "2200-01-01T00:00:00Z"];

const SMALL: [Case; 2] = [
    Case {
        file: "raw/us-small_BBB_1m.csv",
        args: &["--zone", "America/New_York", "--stamped-at", "close"],
        group: "US_EQUITY",
        dataset: "us-small",
        symbol: "BBB",
        interval: "1m",
        part: ALL,
        n_rows: None,
    },
    Case {
        file: "canonical/us-small_BBB_1m.csv",
        args: &[],
        group: "US_EQUITY",
        dataset: "us-small",
        symbol: "BBB",
        interval: "1m",
        part: ALL,
        n_rows: None,
    },
];

const LARGE: [Case; 11] = [
    Case {
        file: "raw/us-rth-2019_AAPL_1m.csv",
        args: &["--zone", "America/New_York", "--stamped-at", "close"],
        group: "US_EQUITY",
        dataset: "us-rth-2019",
        symbol: "AAPL",
        interval: "1m",
        part: ALL,
        n_rows: None,
    },
    Case {
        file: "raw/us-rth-2019_PPLT_1m.csv",
        args: &["--zone", "America/New_York", "--stamped-at", "close"],
        group: "US_EQUITY",
        dataset: "us-rth-2019",
        symbol: "PPLT",
        interval: "1m",
        part: ALL,
        n_rows: None,
    },
    Case {
        file: "raw/us-ext-2011_SPY_1m_dst.csv",
        args: &["--zone", "UTC", "--stamped-at", "close"],
        group: "US_EQUITY",
        dataset: "us-ext-2011",
        symbol: "SPY",
        interval: "1m",
        part: ["2011-03-09T23:59:00Z", "2011-03-15T23:59:00Z"],
        n_rows: None,
    },
    Case {
        file: "raw/us-ext-2025_RIVN_1m.csv",
        args: &["--shift-seconds", "-14400"],
        group: "US_EQUITY",
        dataset: "us-ext-2025",
        symbol: "RIVN",
        interval: "1m",
        part: ALL,
        n_rows: None,
    },
    Case {
        file: "raw/crypto-perp_BTC-PERP_1m.csv",
        args: &["--zone", "UTC", "--stamped-at", "close"],
        group: "CRYPTO",
        dataset: "crypto-perp",
        symbol: "BTC-PERP",
        interval: "1m",
        part: ALL,
        n_rows: Some(1440),
    },
    Case {
        file: "raw/fx-fxcm_GBPUSD_1m_bid.csv",
        args: &["--constant-volume", "0"],
        group: "FOREX",
        dataset: "fx-fxcm",
        symbol: "GBPUSD",
        interval: "1m",
        part: ["1900-01-01T00:00:00Z", "2012-02-07T00:00:00Z"],
        n_rows: None,
    },
    Case {
        file: "raw/us-daily-bt_YHOO_1d.csv",
        args: &[],
        group: "US_EQUITY",
        dataset: "us-daily-bt",
        symbol: "YHOO",
        interval: "1d",
        part: ["1996-01-01T00:00:00Z", "2000-01-01T00:00:00Z"],
        n_rows: None,
    },
    Case {
        file: "raw/us-daily-si_GSPC_1d.csv",
        args: &[],
        group: "US_EQUITY",
        dataset: "us-daily-si",
        symbol: "GSPC",
        interval: "1d",
        part: ["2010-01-01T00:00:00Z", "2200-01-01T00:00:00Z"],
        n_rows: None,
    },
    Case {
        file: "canonical/us-rth-2019_SPY_1m.csv",
        args: &[],
        group: "US_EQUITY",
        dataset: "us-rth-2019",
        symbol: "SPY",
        interval: "1m",
        part: ALL,
        n_rows: None,
    },
    Case {
        file: "canonical/us-ext-2011_SPY_1m_dst.csv",
        args: &[],
        group: "US_EQUITY",
        dataset: "us-ext-2011",
        symbol: "SPY",
        interval: "1m",
        part: ["2011-03-10T00:00:00Z", "2011-03-16T00:00:00Z"],
        n_rows: None,
    },
    Case {
        file: "canonical/us-index_SPX_1m.csv",
        args: &[],
        group: "US_EQUITY",
        dataset: "us-index",
        symbol: "SPX",
        interval: "1m",
        part: ALL,
        n_rows: None,
    },
];

fn stored(store: &Path, case: &Case, part: [&str; 2]) -> BarColumns {
    let store = DataManager::open(store, &StoreOptions::default()).expect("a store");
    let calendar = TimeManager::new().calendar(case.group).expect("a calendar");
    let key = SeriesKey {
        symbol: case.symbol.parse().expect("a symbol"),
        interval: case.interval.parse().expect("an interval"),
    };
    let [since, until] = part.map(|text| text.parse::<Timestamp>().expect("an instant"));
    let mut rows = BarColumns::default();
    store.read(&key, since..until, &calendar, &mut rows).expect("readable");
    rows
}

#[test]
fn every_reference_file_equals_the_parquet_file_that_it_names() {
    for reference in references() {
        let cases: &[Case] = match reference.size {
            Size::Small => &SMALL,
            Size::Large => &LARGE,
        };
        every_file_is_imported(&reference.data(), cases);
    }
}

fn every_file_is_imported(data: &Path, cases: &[Case]) {
    for case in cases {
        let folder = Folder::new();
        let file = data.join("csv").join(case.file).display().to_string();
        let common = ["data", "import", &file, "--store", "bars"];
        let series = ["--symbol", case.symbol, "--interval", case.interval, "--group", case.group];
        let args = [&common[..], &series, case.args].concat();
        let call = folder.run(&args).expect_code(0);
        assert!(call.out.contains(" 0 rejected"), "{}: {}", case.file, call.out);

        let mut expected = stored(&data.join("bars").join(case.dataset), case, case.part);
        if let Some(n_rows) = case.n_rows {
            let mut head = BarColumns::default();
            head.extend_from(&expected, 0..n_rows);
            expected = head;
        }
        let found = stored(&folder.path("bars"), case, ALL);
        assert_eq!(found.len(), expected.len(), "{}", case.file);
        assert!(!expected.is_empty() && found == expected, "{} differs", case.file);

        let again = folder.run(&args).expect_code(0);
        let unchanged = format!(": 0 added, 0 updated, {} unchanged", grouped(expected.len()));
        assert!(again.out.contains(&unchanged), "{}: {}", case.file, again.out);
    }
}

fn grouped(n: usize) -> String {
    openbell::table::count(n as u64)
}

const MINUTES: &str = "\
time,open,high,low,close,volume
2025-07-02 09:30,10,12,9,11,300
2025-07-02 09:31,11,12,10,11.5,200
2025-07-02 09:31,11,12,10,11.5,250
2025-07-02 09:32,11,9,10,11.5,100
2025-07-02 09:33,eleven,12,10,11.5,100
";

#[test]
fn a_dry_run_shows_the_first_rows_and_writes_nothing() {
    let folder = Folder::new();
    folder.write("XYZ.csv", MINUTES);
    let args = ["data", "import", "XYZ.csv", "--store", "bars", "--interval", "1m"];
    let zone = ["--zone", "America/New_York", "--dry-run"];
    let call = folder.run(&[&args[..], &zone].concat()).expect_code(0);
    assert_eq!(
        call.out,
        "\
XYZ.csv: XYZ 1m, nothing is written
  read as  with header; cells apart by ','; ts=time open=open high=high low=low close=close volume=volume; stamps %Y-%m-%d %H:%M in America/New_York; oldest first; decimal point
  line  written           exchange time        UTC                   open  high  low  close  volume
     2  2025-07-02 09:30  2025-07-02 09:30:00  2025-07-02T13:30:00Z    10    12    9     11     300
     3  2025-07-02 09:31  2025-07-02 09:31:00  2025-07-02T13:31:00Z    11    12   10   11.5     200
     4  2025-07-02 09:31  2025-07-02 09:31:00  2025-07-02T13:31:00Z    11    12   10   11.5     250
     5  2025-07-02 09:32  rejected                                                                   invalid_high_below_others: high \"9\"
     6  2025-07-02 09:33  rejected                                                                   not_a_number: open \"eleven\"
"
    );
    assert!(!folder.has("bars"));
    let call = folder.run(&args).expect_code(4);
    assert!(call.err.contains("--zone") || call.err.contains("zone"), "{}", call.err);
    assert!(!folder.has("bars/exchange_group=US_EQUITY"));
}

#[test]
fn rejected_rows_are_counted_by_reason_and_listed() {
    let folder = Folder::new();
    folder.write("XYZ.csv", MINUTES);
    let args = ["data", "import", "XYZ.csv", "--store", "bars", "--interval", "1m", "--zone"];
    let rest = ["America/New_York", "--rejects", "rejects.csv"];
    let call = folder.run(&[&args[..], &rest].concat()).expect_code(0);
    assert_eq!(
        call.out,
        "\
XYZ.csv: XYZ 1m of US_EQUITY
  read as  with header; cells apart by ','; ts=time open=open high=high low=low close=close volume=volume; stamps %Y-%m-%d %H:%M in America/New_York; oldest first; decimal point
  5 rows: 2 added, 0 updated, 0 unchanged, 3 rejected
  2025-07-02 09:30:00 to 2025-07-02 09:31:00, exchange time
  rejected as not_a_number: 1 row
  rejected as invalid_high_below_others: 1 row
  rejected as conflicting: 1 row
"
    );
    assert_eq!(
        folder.read("rejects.csv"),
        "\
file,line,column,value,reason
XYZ.csv,4,ts,2025-07-02 09:31,conflicting
XYZ.csv,5,high,9,invalid_high_below_others
XYZ.csv,6,open,eleven,not_a_number
"
    );
}

#[test]
fn what_cannot_be_imported_says_why() {
    let folder = Folder::new();
    folder.write("XYZ.csv", MINUTES);
    folder.write("no symbol!.csv", MINUTES);
    folder.write("letter.csv", "dear all,\nhow are you\n");
    folder.write("twice.csv", "ts,open,high,low,close,close,volume\n2025-07-02,1,1,1,1,1,1\n");
    folder.write("small.csv", "ts,open,high,low,close,volume\n2/3/2025 9:30,1,1,1,1,1\n");
    folder.write("days.csv", "date,open,high,low,close,volume\n2025-07-02,1,1,1,1,1\n");
    folder.write("rates.csv", "date,open,high,low,close\n2025-07-02,1,1,1,1\n");
    for (args, code, words) in [
        (&["none.csv", "--interval", "1m"][..], 4, "cannot read \"none.csv\""),
        (&["no symbol!.csv", "--interval", "1m"], 2, "the name of no symbol!.csv is no symbol"),
        (&["XYZ.csv", "--interval", "5x"], 2, "\"5x\" is no bar interval"),
        (&["XYZ.csv"], 2, "--interval <INTERVAL>"),
        (&["XYZ.csv", "--interval", "1m", "--zone", "Moon/Sea"], 2, "Moon/Sea"),
        (
            &["XYZ.csv", "--interval", "1m", "--group", "ATLANTIS"],
            2,
            "no calendar is named \"ATLANTIS\"",
        ),
        (
            &["XYZ.csv", "--interval", "1m", "--delimiter", "ab"],
            2,
            "one character, or the word tab",
        ),
        (&["letter.csv", "--interval", "1m"], 4, "(--ts COLUMN, --skip-lines N)"),
        (&["XYZ.csv", "--interval", "1m"], 4, "have no zone"),
        (
            &["XYZ.csv", "--interval", "1m"],
            4,
            "(--zone ZONE; that of the exchange is America/New_York)",
        ),
        (&["twice.csv", "--interval", "1m"], 4, "(--close NUMBER)"),
        (&["small.csv", "--interval", "1m", "--zone", "UTC"], 4, "(--timestamp-format FORMAT)"),
        (
            &["small.csv", "--interval", "1m", "--timestamp-format", "%F"],
            4,
            "not written as \"%F\"",
        ),
        (&["days.csv", "--interval", "1m"], 4, "(--interval 1d, --time COLUMN)"),
        (&["rates.csv", "--interval", "1d"], 4, "--constant-volume VOLUME"),
    ] {
        let call = folder.run(&[&["data", "import", "--store", "bars"][..], args].concat());
        let call = call.expect_code(code);
        assert!(call.err.contains(words), "{}", call.err);
    }
}
