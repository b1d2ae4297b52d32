//! The options of `openbell data import`, and what they say of a file.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use openbell_data_manager::Check;
use openbell_data_manager::import::{
    ColumnRef, CsvOptions, Decimal, ImportZone, StampedAt, VolumeSource, WrittenOffset,
};
use openbell_market::{Adjustment, BarInterval, Symbol};
use openbell_time::Nanos;

use crate::data::DEFAULT_GROUP;

/// Imports CSV files, plain or gzip.
///
/// What is not said is guessed from the first rows, and the guesses are shown; --dry-run shows how
/// the first rows would be read, in exchange time and UTC, and writes nothing. What is said and what
/// is guessed is held against all rows of the file before the first is written: their interval,
/// zone, end of the bar that is stamped, unit, labels, contradictions, what is stored already, and
/// symbol. A file whose rows speak against it is refused with the option that fits; --force CHECK
/// insists. No row is dropped silently: those that cannot be bars are counted by reason, and
/// --rejects lists them. A file that was imported before changes nothing.
#[derive(Args, Debug)]
#[command(arg_required_else_help = true, after_help = EXAMPLES)]
pub struct ImportArgs {
    /// The files.
    #[arg(required_unless_present = "recording", value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,
    /// Imports the final bars of a recorded live session, or of every recording in a folder, instead of
    /// files; into the store that the recording names, unless --store names another.
    #[arg(long, value_name = "DIR", conflicts_with_all = NOT_OF_A_RECORDING)]
    pub(super) recording: Option<PathBuf>,
    /// The folder of the store; it is made where there is none.
    #[arg(long, value_name = "STORE", required_unless_present = "recording")]
    pub(super) store: Option<PathBuf>,
    /// The length of the bars.
    #[arg(long, required_unless_present = "recording")]
    pub(super) interval: Option<BarInterval>,
    /// The symbol; where it is missing, those in the file's column of symbols, else the file's name.
    #[arg(long)]
    pub(super) symbol: Option<Symbol>,
    /// The exchange group under which the bars are stored.
    #[arg(long, value_name = "GROUP", default_value = DEFAULT_GROUP)]
    pub(super) group: String,
    /// Shows how the first rows would be read, and writes nothing.
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Writes the rejected rows into this CSV file: file, line, column, value, reason.
    #[arg(long, value_name = "FILE")]
    pub(super) rejects: Option<PathBuf>,
    #[command(flatten)]
    pub(super) form: FormArgs,
    #[command(flatten)]
    pub(super) stamps: StampArgs,
    #[command(flatten)]
    pub(super) columns: ColumnArgs,
    #[command(flatten)]
    pub(super) checks: CheckArgs,
    #[command(flatten)]
    pub(super) origin: OriginArgs,
}

/// What a recording says itself.
const NOT_OF_A_RECORDING: [&str; 8] =
    ["files", "interval", "symbol", "group", "dry_run", "rejects", "force", "provider"];

impl ImportArgs {
    /// The store that files are imported into.
    ///
    /// # Panics
    ///
    /// Where a recording is imported.
    pub(super) fn store(&self) -> &Path {
        self.store.as_deref().expect("files are not parsed without a store")
    }

    /// The length of the bars of files.
    fn interval(&self) -> BarInterval {
        self.interval.expect("files are not parsed without an interval")
    }
}

/// What speaks against the rows, and is imported all the same.
#[derive(Args, Debug)]
#[command(next_help_heading = "The checks of the rows")]
pub(super) struct CheckArgs {
    /// Imports although these checks of the rows speak against it, separated by commas: interval, zone,
    /// stamped-at, unit, label, conflicting, stored, symbol; it is said in the stored files.
    #[arg(long, value_name = "CHECK,...", value_delimiter = ',')]
    pub(super) force: Vec<Check>,
}

/// What is said of the values, and kept in the stored files.
#[derive(Args, Debug)]
#[command(next_help_heading = "The origin of the values")]
pub(super) struct OriginArgs {
    /// Who supplied the values.
    #[arg(long, value_name = "NAME")]
    pub(super) provider: Option<String>,
    /// What was done to the prices for splits and dividends.
    #[arg(long, value_enum, default_value = "unstated")]
    pub(super) adjustment: AdjustmentArg,
}

/// What the file looks like.
#[derive(Args, Debug)]
#[command(next_help_heading = "The file")]
pub(super) struct FormArgs {
    /// What stands between two cells, or `tab`; guessed among , ; tab and |.
    #[arg(long, value_name = "CHARACTER", value_parser = delimiter)]
    pub(super) delimiter: Option<u8>,
    /// Lines before the table; guessed.
    #[arg(long, value_name = "N")]
    pub(super) skip_lines: Option<usize>,
    /// Whether the first row holds names; guessed.
    #[arg(long, value_enum)]
    pub(super) header: Option<YesNo>,
    /// How numbers are written, 1,234.5 or 1.234,5; guessed.
    #[arg(long, value_enum)]
    pub(super) decimal: Option<DecimalArg>,
}

/// What a stamp means.
#[derive(Args, Debug)]
#[command(next_help_heading = "Timestamps")]
pub(super) struct StampArgs {
    /// How stamps are written, in the words of strftime, or epoch_s, epoch_ms, epoch_us, epoch_ns;
    /// guessed among the usual ones.
    #[arg(long, value_name = "FORMAT", allow_hyphen_values = true)]
    pub(super) timestamp_format: Option<String>,
    /// The zone of stamps without an offset: America/New_York, UTC, +05:30.
    #[arg(long, allow_hyphen_values = true)]
    pub(super) zone: Option<ImportZone>,
    /// Reads stamps in --zone although they carry an offset: the offset is wrong.
    #[arg(long, requires = "zone")]
    pub(super) override_offset: bool,
    /// Seconds added to every stamp.
    #[arg(long, value_name = "SECONDS", default_value_t = 0, allow_hyphen_values = true)]
    pub(super) shift_seconds: i64,
    /// Which end of the bar is stamped.
    #[arg(long, value_enum, default_value = "open", value_name = "END")]
    pub(super) stamped_at: StampedAtArg,
}

/// Where the values stand: a name, or a position from 1.
#[derive(Args, Debug)]
#[command(next_help_heading = "Columns, by name or by position from 1")]
pub(super) struct ColumnArgs {
    /// The stamp, or its date.
    #[arg(long, value_name = "COLUMN")]
    pub(super) ts: Option<ColumnRef>,
    /// The time of day, where it stands apart from the date.
    #[arg(long, value_name = "COLUMN")]
    pub(super) time: Option<ColumnRef>,
    /// The first price.
    #[arg(long, value_name = "COLUMN")]
    pub(super) open: Option<ColumnRef>,
    /// The highest price.
    #[arg(long, value_name = "COLUMN")]
    pub(super) high: Option<ColumnRef>,
    /// The lowest price.
    #[arg(long, value_name = "COLUMN")]
    pub(super) low: Option<ColumnRef>,
    /// The last price.
    #[arg(long, value_name = "COLUMN")]
    pub(super) close: Option<ColumnRef>,
    /// The volume.
    #[arg(long, value_name = "COLUMN", conflicts_with = "constant_volume")]
    pub(super) volume: Option<ColumnRef>,
    /// The volume of every bar, where the file has none.
    #[arg(long, value_name = "VOLUME")]
    pub(super) constant_volume: Option<f64>,
    /// The symbol of the row; by its name, or where rows of one stamp contradict each other.
    #[arg(long, value_name = "COLUMN")]
    pub(super) symbol_column: Option<ColumnRef>,
    /// What prices are multiplied with: 0.0001 where they are written in ten-thousandths.
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0, value_parser = scale)]
    pub(super) price_scale: f64,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum YesNo {
    Yes,
    No,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum DecimalArg {
    Point,
    Comma,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(in crate::data) enum StampedAtArg {
    Open,
    Close,
}

impl StampedAtArg {
    pub(in crate::data) fn end(self) -> StampedAt {
        match self {
            StampedAtArg::Open => StampedAt::Open,
            StampedAtArg::Close => StampedAt::Close,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum AdjustmentArg {
    Raw,
    Splits,
    SplitsAndDividends,
    Unstated,
}

const EXAMPLES: &str = "\
Examples:
  openbell data import AAPL.csv --store bars --interval 1m --zone America/New_York --dry-run
      how would the first rows be read?
  openbell data import AAPL.csv --store bars --interval 1m --zone America/New_York
  openbell data import spy.txt.gz --store bars --interval 1m --symbol SPY --stamped-at close \\
      --timestamp-format '%m/%d/%Y %H:%M' --zone America/New_York --rejects rejects.csv
  openbell data import eurusd.csv --store bars --interval 1m --group FOREX --constant-volume 0
  openbell data import kurse.csv --store bars --interval 1d --symbol SAP --group XETR \\
      --delimiter ';' --decimal comma --ts Datum --close Schluss --volume 7
  openbell data import --recording recordings/coins/2026-11-30
      the final bars of a live session, later or again";

pub(super) fn options(args: &ImportArgs) -> CsvOptions {
    let ImportArgs { form, stamps, columns, .. } = args;
    CsvOptions {
        delimiter: form.delimiter,
        n_lines_before: form.skip_lines,
        has_header: form.header.map(|header| matches!(header, YesNo::Yes)),
        decimal: form.decimal.map(|decimal| match decimal {
            DecimalArg::Point => Decimal::Point,
            DecimalArg::Comma => Decimal::Comma,
        }),
        ts: columns.ts.clone(),
        time: columns.time.clone(),
        open: columns.open.clone(),
        high: columns.high.clone(),
        low: columns.low.clone(),
        close: columns.close.clone(),
        volume: match (&columns.volume, columns.constant_volume) {
            (Some(column), _) => VolumeSource::Column(column.clone()),
            (None, Some(volume)) => VolumeSource::Constant(volume),
            (None, None) => VolumeSource::Guessed,
        },
        symbol: columns.symbol_column.clone(),
        price_scale: columns.price_scale,
        timestamp_format: stamps.timestamp_format.clone(),
        zone: stamps.zone,
        written_offset: if stamps.override_offset {
            WrittenOffset::Overridden
        } else {
            WrittenOffset::Trusted
        },
        shift: shift(stamps.shift_seconds),
        stamped_at: stamps.stamped_at.end(),
        ..CsvOptions::new(args.interval())
    }
}

/// What `--shift-seconds` adds.
pub(in crate::data) fn shift(seconds: i64) -> Nanos {
    Nanos::from_nanos(seconds.saturating_mul(1_000_000_000))
}

fn delimiter(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        _ if text == "tab" || text == "\\t" => Ok(b'\t'),
        [byte] => Ok(*byte),
        _ => Err("one character, or the word tab, is needed".to_owned()),
    }
}

fn scale(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(scale) if scale.is_finite() && scale > 0.0 => Ok(scale),
        _ => Err("a number above 0 is needed".to_owned()),
    }
}

pub(super) fn adjustment(argument: AdjustmentArg) -> Adjustment {
    match argument {
        AdjustmentArg::Raw => Adjustment::Raw,
        AdjustmentArg::Splits => Adjustment::Splits,
        AdjustmentArg::SplitsAndDividends => Adjustment::SplitsAndDividends,
        AdjustmentArg::Unstated => Adjustment::Unstated,
    }
}
