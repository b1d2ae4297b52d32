//! An export beside the reference: row for row, at the tolerances that the reference states.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;

use openbell_time::TradingDate;

use super::plan::{INDICATORS, Reference, Run, Scale, key_of};
use super::table::Table;

/// Of indicators, relative; volumes are sums, and may differ by their order.
const TOLERANCE: f64 = 1e-9;
const VOLUME_TOLERANCE: f64 = 1e-12;

/// What has been compared so far.
#[derive(Default)]
pub struct Comparison {
    lines: Vec<String>,
    pub faults: Vec<String>,
}

/// A session of one symbol as `quality.csv` has it.
#[derive(Clone, PartialEq, Debug)]
struct QualityLine {
    expected: i64,
    present: i64,
    missing: i64,
    longest_gap: i64,
    pct: String,
}

type QualityLines = BTreeMap<(String, String), QualityLine>;

impl Comparison {
    pub fn n_files(&self) -> usize {
        self.lines.len()
    }

    pub fn print(&self) {
        println!("{:<44} {:>7} {:>9} {:>10}", "file", "rows", "set apart", "worst");
        for line in &self.lines {
            println!("{line}");
        }
    }

    /// Compares everything that the reference has of `run` with the files in `out`.
    pub fn compare(&mut self, data: &Path, run: &Run, out: &Path) {
        let quality = quality_lines(&out.join("quality.csv"));
        let apart = sessions_apart(run, out, &quality);
        for file in &run.aggregates {
            self.aggregate(file, out, &apart);
        }
        for file in &run.indicators {
            self.indicators(file, out);
        }
        match run.dataset.starts_with("us-") {
            true if run.base == "1m" => self.us_quality(data, run, &quality),
            true => {}
            false => self.other_quality(data, run, &quality),
        }
    }

    fn aggregate(&mut self, file: &Reference, out: &Path, apart: &Apart) {
        let name = name_of(&file.path);
        let ours = Table::read(&exported(out, "bars", file));
        let theirs = Table::read(&file.path);
        let is_week = file.interval == "1w";
        let kept = |table: &Table| -> Vec<usize> {
            let dates = (0..table.n_rows).map(|row| (row, table.int("session_date", row)));
            dates.filter(|&(_, date)| is_week || !apart.holds(date)).map(|(row, _)| row).collect()
        };
        let (our_rows, their_rows) = (kept(&ours), kept(&theirs));
        if our_rows.len() != their_rows.len() {
            let (ours, theirs) = (our_rows.len(), their_rows.len());
            self.faults.push(format!("{name}: {ours} rows, the reference has {theirs}"));
            return;
        }
        let mut worst = 0.0_f64;
        for (&a, &b) in our_rows.iter().zip(&their_rows) {
            let place = format!("{name} at {}", date_of(theirs.int("session_date", b)));
            for column in ["session_date", "ts", "n", "expected"] {
                // A week is stamped with its open here, with its Monday there.
                if (column == "ts" && is_week) || !theirs.has(column) {
                    continue;
                }
                let (found, wanted) = (ours.int(column, a), theirs.int(column, b));
                if found != wanted {
                    self.faults.push(format!("{place}: {column} {found}, not {wanted}"));
                }
            }
            for column in ["open", "high", "low", "close"] {
                let (found, wanted) = (ours.float(column, a), theirs.float(column, b));
                if found != wanted {
                    self.faults.push(format!("{place}: {column} {found:?}, not {wanted:?}"));
                }
            }
            let volume =
                |table: &Table, row| table.float("volume", row).expect("no volume is null");
            let (found, wanted) = (volume(&ours, a), volume(&theirs, b));
            let off = (found - wanted).abs() / wanted.abs().max(f64::MIN_POSITIVE);
            worst = worst.max(if found == wanted { 0.0 } else { off });
            if found != wanted && off > VOLUME_TOLERANCE {
                self.faults.push(format!("{place}: volume {found}, not {wanted}"));
            }
        }
        let n_apart = theirs.n_rows - their_rows.len();
        self.line(&name, their_rows.len(), n_apart, worst);
    }

    fn indicators(&mut self, file: &Reference, out: &Path) {
        let name = name_of(&file.path);
        let theirs = Table::read(&file.path);
        let bars = Table::read(&exported(out, "bars", file));
        let ours = Table::read(&exported(out, "indicators", file));
        let is_day = file.interval == "1d" || file.interval == "1w";
        let our_rows: BTreeMap<i64, usize> = (0..ours.n_rows)
            .map(|row| {
                (if is_day { bars.int("session_date", row) } else { ours.int("ts", row) }, row)
            })
            .collect();
        let (mut worst, mut n_rows) = (0.0_f64, 0);
        for row in 0..theirs.n_rows {
            let ts = theirs.int("ts", row);
            let key = if is_day { ts.div_euclid(86_400_000_000) } else { ts };
            let Some(&our_row) = our_rows.get(&key) else {
                self.faults.push(format!("{name}: no row at {key}"));
                continue;
            };
            n_rows += 1;
            let close = bars.float("close", our_row).expect("no price is null").abs();
            for (column, indicator, period, field, scale) in INDICATORS {
                let key = key_of(indicator, period, &file.interval);
                let Some(key) = key.filter(|_| theirs.has(column)) else { continue };
                let our_column = match field {
                    "" => key,
                    field => format!("{key}.{field}"),
                };
                match (ours.float(&our_column, our_row), theirs.float(column, row)) {
                    (Some(found), Some(wanted)) => {
                        let measure = match scale {
                            Scale::Price => close,
                            Scale::Hundred => wanted.abs().max(100.0),
                            Scale::Itself => wanted.abs().max(1.0),
                        };
                        let off = (found - wanted).abs() / measure;
                        worst = worst.max(off);
                        if off > TOLERANCE {
                            let what = format!("{our_column} {found}, not {wanted}");
                            self.faults.push(format!("{name} row {row}: {what}"));
                        }
                    }
                    (None, None) => {}
                    (found, wanted) => {
                        let what = format!("{our_column} {found:?}, not {wanted:?}");
                        self.faults.push(format!("{name} row {row}: {what}"));
                    }
                }
            }
        }
        self.line(&name, n_rows, 0, worst);
    }

    /// Sessions of US symbols: every row that the reference has of an open exchange.
    fn us_quality(&mut self, data: &Path, run: &Run, quality: &QualityLines) {
        let mut n_rows = 0;
        for row in csv_rows(&data.join("truth/quality/us_sessions.csv")) {
            if row["dataset"] != run.dataset || row["session"] != "1" {
                continue;
            }
            if !run.symbols.contains(&row["symbol"]) {
                continue;
            }
            let pct: f64 = row["quality_pct"].parse().expect("a number");
            let wanted = QualityLine { pct: format!("{pct:.4}"), ..counts_of(&row, "regular") };
            self.quality_row(run, &row, quality, &wanted);
            n_rows += 1;
        }
        self.line(&format!("quality/us_sessions.csv {}", run.dataset), n_rows, 0, 0.0);
    }

    /// Days of the other markets, where the reference is certain of what it expects; its first and
    /// last day of a series count only what lies inside the series, and so stand apart.
    fn other_quality(&mut self, data: &Path, run: &Run, quality: &QualityLines) {
        let full = quality.values().map(|line| line.expected).max().unwrap_or(0);
        let (mut n_rows, mut n_apart) = (0, 0);
        for row in csv_rows(&data.join("truth/quality/other_days.csv")) {
            let is_ours = row["dataset"] == run.dataset && run.symbols.contains(&row["symbol"]);
            let Ok(expected) = row["expected"].parse::<i64>() else { continue };
            if !is_ours || run.group() != Some("CRYPTO") {
                continue;
            }
            if expected != full {
                n_apart += 1;
                continue;
            }
            let counts = counts_of(&row, "regular");
            let pct = 100.0 * counts.present as f64 / counts.expected as f64;
            self.quality_row(
                run,
                &row,
                quality,
                &QualityLine { pct: format!("{pct:.4}"), ..counts },
            );
            n_rows += 1;
        }
        if n_rows > 0 {
            self.line(&format!("quality/other_days.csv {}", run.name()), n_rows, n_apart, 0.0);
        }
    }

    fn quality_row(
        &mut self,
        run: &Run,
        row: &BTreeMap<String, String>,
        quality: &QualityLines,
        wanted: &QualityLine,
    ) {
        let found = quality.get(&(row["symbol"].clone(), row["date"].clone()));
        if found != Some(wanted) {
            let place = format!("quality {} {} {}", run.dataset, row["symbol"], row["date"]);
            self.faults.push(format!("{place}: {found:?}, not {wanted:?}"));
        }
    }

    fn line(&mut self, name: &str, n_rows: usize, n_apart: usize, worst: f64) {
        let mut line = String::new();
        let apart = if n_apart == 0 { String::new() } else { n_apart.to_string() };
        write!(line, "{name:<44} {n_rows:>7} {apart:>9} {worst:>10.1e}").expect("a string grows");
        self.lines.push(line);
    }
}

/// Dates that are no sessions of the run, or sessions of another length than the reference
/// supposes: it takes no holiday of these markets into account.
struct Apart {
    sessions: BTreeSet<i64>,
    shortened: BTreeSet<i64>,
}

impl Apart {
    fn holds(&self, date: i64) -> bool {
        !self.sessions.contains(&date) || self.shortened.contains(&date)
    }
}

fn sessions_apart(run: &Run, out: &Path, quality: &QualityLines) -> Apart {
    let mut lengths: BTreeMap<i64, i64> = BTreeMap::new();
    for ((_, date), line) in quality {
        let date: TradingDate = date.parse().expect("a date");
        lengths.insert(i64::from(date.as_days()), line.expected);
    }
    assert!(!lengths.is_empty(), "{} is empty", out.display());
    let full = lengths.values().copied().max().unwrap_or(0);
    let is_short = |&(_, &expected): &(&i64, &i64)| !run.knows_holidays() && expected != full;
    Apart {
        shortened: lengths.iter().filter(is_short).map(|(&date, _)| date).collect(),
        sessions: lengths.into_keys().collect(),
    }
}

fn exported(out: &Path, kind: &str, file: &Reference) -> std::path::PathBuf {
    out.join(kind).join(&file.interval).join(format!("{}.parquet", file.symbol))
}

fn name_of(path: &Path) -> String {
    let parts: Vec<&str> = path.iter().rev().take(4).filter_map(|part| part.to_str()).collect();
    parts.into_iter().rev().collect::<Vec<_>>().join("/")
}

fn date_of(days: i64) -> String {
    TradingDate::from_days(days as i32).to_string()
}

fn csv_rows(path: &Path) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_path(path).expect("a reference file");
    reader.deserialize().map(|row| row.expect("a row")).collect()
}

fn counts_of(row: &BTreeMap<String, String>, present: &str) -> QualityLine {
    let count = |name: &str| row[name].parse().unwrap_or_else(|_| panic!("{name} in {row:?}"));
    QualityLine {
        expected: count("expected"),
        present: count(present),
        missing: count("missing"),
        longest_gap: count("longest_gap"),
        pct: String::new(),
    }
}

/// The base rows of an export's quality.
fn quality_lines(path: &Path) -> QualityLines {
    let line = |row: BTreeMap<String, String>| {
        let key = (row["symbol"].clone(), row["session_date"].clone());
        (key, QualityLine { pct: row["quality_pct"].clone(), ..counts_of(&row, "present") })
    };
    csv_rows(path).into_iter().map(line).collect()
}
