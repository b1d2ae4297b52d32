//! The reference files, read column by column.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "the reference files are read here"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use openbell_market::BarColumns;
use openbell_time::TradingDate;
use parquet::column::reader::ColumnReader;
use parquet::file::reader::{FileReader, SerializedFileReader};

const MICROS_PER_DAY: i64 = 86_400_000_000;

/// Every Parquet file below `folder`, in the order of its path.
pub fn parquet_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "parquet") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

/// A column of a reference file: one entry for each row, `None` where it is null.
pub enum Column {
    Ints(Vec<Option<i64>>),
    Floats(Vec<Option<f64>>),
}

/// A file's columns by name.
pub struct Table(BTreeMap<String, Column>);

impl Table {
    pub fn read(path: &Path) -> Table {
        let reader = SerializedFileReader::new(fs::File::open(path).unwrap()).unwrap();
        let mut columns = BTreeMap::new();
        for group in 0..reader.num_row_groups() {
            let group = reader.get_row_group(group).unwrap();
            let n_rows = group.metadata().num_rows() as usize;
            for i in 0..group.num_columns() {
                let name = group.metadata().column(i).column_path().string();
                let values = read_column(group.get_column_reader(i).unwrap(), n_rows);
                match (columns.get_mut(&name), values) {
                    (None, values) => {
                        columns.insert(name, values);
                    }
                    (Some(Column::Ints(all)), Column::Ints(more)) => all.extend(more),
                    (Some(Column::Floats(all)), Column::Floats(more)) => all.extend(more),
                    _ => panic!("{name} changes its type"),
                }
            }
        }
        Table(columns)
    }

    pub fn floats(&self, name: &str) -> Option<&[Option<f64>]> {
        match self.0.get(name)? {
            Column::Floats(values) => Some(values),
            Column::Ints(_) => panic!("{name} holds whole numbers"),
        }
    }

    pub fn ints(&self, name: &str) -> Option<Vec<i64>> {
        match self.0.get(name)? {
            Column::Ints(values) => Some(values.iter().map(|value| value.unwrap()).collect()),
            Column::Floats(_) => panic!("{name} holds floats"),
        }
    }
}

fn read_column(reader: ColumnReader, n_rows: usize) -> Column {
    macro_rules! optional {
        ($reader:expr, $to:expr) => {{
            let mut reader = $reader;
            let (mut values, mut levels) = (Vec::new(), Vec::new());
            while values.len() < n_rows {
                let before = levels.len();
                reader.read_records(n_rows, Some(&mut levels), None, &mut values).unwrap();
                if levels.len() == before {
                    break;
                }
            }
            if levels.is_empty() {
                values.into_iter().map(|value| Some($to(value))).collect()
            } else {
                let mut values = values.into_iter();
                levels
                    .iter()
                    .map(|&level| (level > 0).then(|| $to(values.next().unwrap())))
                    .collect()
            }
        }};
    }
    match reader {
        ColumnReader::Int32ColumnReader(reader) => Column::Ints(optional!(reader, i64::from)),
        ColumnReader::Int64ColumnReader(reader) => {
            Column::Ints(optional!(reader, std::convert::identity::<i64>))
        }
        ColumnReader::DoubleColumnReader(reader) => {
            Column::Floats(optional!(reader, std::convert::identity::<f64>))
        }
        _ => panic!("no column of the reference files has another type"),
    }
}

/// The bars that a reference file was computed from, and the trading day of each.
pub struct Input {
    pub bars: BarColumns,
    pub days: Vec<TradingDate>,
}

/// The input of the reference file of `symbol` at `interval`, by the rule of its documentation:
/// the regular minutes of a US series, all bars of a market that never closes and of days, else
/// the bars folded from shorter ones.
pub fn input_of(data: &Path, dataset: &str, interval: &str, file: &str) -> Option<Input> {
    let stored = data.join("bars").join(dataset).join(interval).join(file);
    let folded = data.join("truth/agg").join(dataset).join(interval).join(file);
    let never_closes = dataset.starts_with("crypto");
    let is_us_minute = dataset.starts_with("us-") && interval == "1m";
    let takes_stored = is_us_minute
        || interval == "1d"
        || (never_closes && (interval == "1m" || interval == "5m"));
    let path = if takes_stored && stored.is_file() { stored } else { folded };
    if !path.is_file() {
        return None;
    }
    let table = Table::read(&path);
    let stamps_us = table.ints("ts").unwrap();
    let sessions = is_us_minute.then(|| us_sessions(data));
    let session_dates = table.ints("session_date");
    let column = |name| table.floats(name).unwrap();
    let mut input = Input { bars: BarColumns::default(), days: Vec::new() };
    for (row, &stamp_us) in stamps_us.iter().enumerate() {
        let utc_day = stamp_us.div_euclid(MICROS_PER_DAY) as i32;
        if let Some(sessions) = &sessions {
            let inside = sessions.get(&utc_day).is_some_and(|hours| hours.contains(&stamp_us));
            if !inside {
                continue;
            }
        }
        let day = session_dates.as_ref().map_or(utc_day, |days| days[row] as i32);
        input.days.push(TradingDate::from_days(day));
        input.bars.opens_at_ns.push(stamp_us * 1_000);
        input.bars.open.push(column("open")[row].unwrap());
        input.bars.high.push(column("high")[row].unwrap());
        input.bars.low.push(column("low")[row].unwrap());
        input.bars.close.push(column("close")[row].unwrap());
        input.bars.volume.push(column("volume")[row].unwrap());
    }
    Some(input)
}

// Open and close by date; a US session lies within one UTC day.
fn us_sessions(data: &Path) -> BTreeMap<i32, std::ops::Range<i64>> {
    let text = fs::read_to_string(data.join("calendar/us_equity_sessions.csv")).unwrap();
    let instant = |text: &str| text.parse::<openbell_time::Timestamp>().unwrap().as_micros();
    text.lines()
        .skip(1)
        .map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            let date: TradingDate = cells[0].parse().unwrap();
            (date.as_days(), instant(cells[1])..instant(cells[2]))
        })
        .collect()
}
