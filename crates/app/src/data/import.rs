//! `openbell data import`: CSV files of every make into a store.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use openbell_data_manager::import::{
    ColumnRef, CsvOptions, Decimal, ImportReport, ImportTarget, ImportZone, ReadAs, RejectedRow,
    RowOrder, StampForm, StampedAt, VolumeSource, WrittenOffset, import_csv, preview,
};
use openbell_data_manager::{DataError, Provenance, StoreWriter};
use openbell_market::{Adjustment, BarInterval, SeriesKey, Symbol};
use openbell_time::{Calendar, Nanos, TimeManager};

use super::{DEFAULT_GROUP, stamp_words};
use crate::exit::{Exit, Failure, Outcome};
use crate::outputs::Outputs;
use crate::progress::Progress;
use crate::table::{Align, Table, count, counted};
use crate::terminal::Terminal;

/// Imports CSV files, plain or gzip.
///
/// What is not said is guessed from the first rows, and the guesses are shown; --dry-run shows how
/// the first rows would be read, in exchange time and UTC, and writes nothing. No row is dropped
/// silently: those that cannot be bars are counted by reason, and --rejects lists them. A file
/// that was imported before changes nothing.
#[derive(Args, Debug)]
#[command(arg_required_else_help = true, after_help = EXAMPLES)]
pub struct ImportArgs {
    /// The files.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The folder of the store; it is made where there is none.
    #[arg(long, value_name = "STORE")]
    store: PathBuf,
    /// The length of the bars.
    #[arg(long)]
    interval: BarInterval,
    /// The symbol; where it is missing, each file's name up to its first point.
    #[arg(long)]
    symbol: Option<Symbol>,
    /// The exchange group under which the bars are stored.
    #[arg(long, value_name = "GROUP", default_value = DEFAULT_GROUP)]
    group: String,
    /// Shows how the first rows would be read, and writes nothing.
    #[arg(long)]
    dry_run: bool,
    /// Writes the rejected rows into this CSV file: file, line, column, value, reason.
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
    #[command(flatten)]
    form: FormArgs,
    #[command(flatten)]
    stamps: StampArgs,
    #[command(flatten)]
    columns: ColumnArgs,
    /// Who supplied the values.
    #[arg(long, value_name = "NAME")]
    provider: Option<String>,
    /// What was done to the prices for splits and dividends.
    #[arg(long, value_enum, default_value = "unstated")]
    adjustment: AdjustmentArg,
}

/// What the file looks like.
#[derive(Args, Debug)]
#[command(next_help_heading = "The file")]
struct FormArgs {
    /// What stands between two cells, or `tab`; guessed among , ; tab and |.
    #[arg(long, value_name = "CHARACTER", value_parser = delimiter)]
    delimiter: Option<u8>,
    /// Lines before the table; guessed.
    #[arg(long, value_name = "N")]
    skip_lines: Option<usize>,
    /// Whether the first row holds names; guessed.
    #[arg(long, value_enum)]
    header: Option<YesNo>,
    /// How numbers are written, 1,234.5 or 1.234,5; guessed.
    #[arg(long, value_enum)]
    decimal: Option<DecimalArg>,
}

/// What a stamp means.
#[derive(Args, Debug)]
#[command(next_help_heading = "Timestamps")]
struct StampArgs {
    /// How stamps are written, in the words of strftime, or epoch_s, epoch_ms, epoch_us, epoch_ns;
    /// guessed among the usual ones.
    #[arg(long, value_name = "FORMAT", allow_hyphen_values = true)]
    timestamp_format: Option<String>,
    /// The zone of stamps without an offset: America/New_York, UTC, +05:30.
    #[arg(long, allow_hyphen_values = true)]
    zone: Option<ImportZone>,
    /// Reads stamps in --zone although they carry an offset: the offset is wrong.
    #[arg(long, requires = "zone")]
    override_offset: bool,
    /// Seconds added to every stamp.
    #[arg(long, value_name = "SECONDS", default_value_t = 0, allow_hyphen_values = true)]
    shift_seconds: i64,
    /// Which end of the bar is stamped.
    #[arg(long, value_enum, default_value = "open", value_name = "END")]
    stamped_at: StampedAtArg,
}

/// Where the values stand: a name, or a position from 1.
#[derive(Args, Debug)]
#[command(next_help_heading = "Columns, by name or by position from 1")]
struct ColumnArgs {
    /// The stamp, or its date.
    #[arg(long, value_name = "COLUMN")]
    ts: Option<ColumnRef>,
    /// The time of day, where it stands apart from the date.
    #[arg(long, value_name = "COLUMN")]
    time: Option<ColumnRef>,
    /// The first price.
    #[arg(long, value_name = "COLUMN")]
    open: Option<ColumnRef>,
    /// The highest price.
    #[arg(long, value_name = "COLUMN")]
    high: Option<ColumnRef>,
    /// The lowest price.
    #[arg(long, value_name = "COLUMN")]
    low: Option<ColumnRef>,
    /// The last price.
    #[arg(long, value_name = "COLUMN")]
    close: Option<ColumnRef>,
    /// The volume.
    #[arg(long, value_name = "COLUMN", conflicts_with = "constant_volume")]
    volume: Option<ColumnRef>,
    /// The volume of every bar, where the file has none.
    #[arg(long, value_name = "VOLUME")]
    constant_volume: Option<f64>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum YesNo {
    Yes,
    No,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum DecimalArg {
    Point,
    Comma,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum StampedAtArg {
    Open,
    Close,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum AdjustmentArg {
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
      --delimiter ';' --decimal comma --ts Datum --close Schluss --volume 7";

const PREVIEW_ROWS: usize = 5;

/// Imports the files, one after the other; ends at the first that cannot be read.
pub fn import(args: &ImportArgs, terminal: &mut Terminal) -> Outcome {
    let calendar = TimeManager::new().calendar(&args.group)?;
    let options = options(args);
    let keys = args
        .files
        .iter()
        .map(|file| Ok(SeriesKey { symbol: symbol_of(args, file)?, interval: args.interval }))
        .collect::<Result<Vec<SeriesKey>, Failure>>()?;
    if args.dry_run {
        for (file, key) in args.files.iter().zip(&keys) {
            show_preview(file, key, &options, &calendar, terminal)?;
        }
        return Ok(Exit::Done);
    }
    outputs(args).check()?;
    let mut rejects = match &args.rejects {
        Some(path) => Some(Rejects::create(path)?),
        None => None,
    };
    let provenance = Provenance {
        provider: args.provider.clone(),
        adjustment: adjustment(args.adjustment),
        is_synthetic: false,
    };
    let mut writer = StoreWriter::open(&args.store)?;
    for (file, key) in args.files.iter().zip(&keys) {
        // The guesses are shown before they are used.
        let read_as =
            preview(file, &options, 1).map_err(|error| with_options(error, &calendar))?.read_as;
        terminal.line(format!("{}: {key} of {}", file.display(), args.group))?;
        terminal.line(format!("  read as  {}", read_as_words(&read_as, &options)))?;
        terminal.flush()?;
        warn_of_zone(&read_as, &options, terminal);
        let target = ImportTarget { exchange_group: &args.group, key, provenance: &provenance };
        let mut failed = None;
        let progress = Progress::of_bytes(terminal, &file.display().to_string());
        let report = import_csv(
            file,
            &options,
            &target,
            &mut writer,
            &mut |row| {
                if let Some(rejects) = &mut rejects
                    && failed.is_none()
                {
                    failed = rejects.write(row).err();
                }
            },
            &mut |at| progress.bytes(at.n_bytes, at.n_bytes_total),
        );
        progress.clear();
        let report = report?;
        if let Some(failure) = failed {
            return Err(failure);
        }
        show_report(&report, key, &calendar, terminal)?;
    }
    if let Some(rejects) = rejects {
        rejects.finish()?;
    }
    Ok(Exit::Done)
}

/// What an import reads and where it writes.
fn outputs(args: &ImportArgs) -> Outputs {
    let mut outputs = Outputs::new();
    for file in &args.files {
        outputs = outputs.reads(file, "an imported file");
    }
    match &args.rejects {
        Some(rejects) => outputs.reads_store(&args.store).writes(rejects, "--rejects"),
        None => outputs,
    }
}

fn options(args: &ImportArgs) -> CsvOptions {
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
        timestamp_format: stamps.timestamp_format.clone(),
        zone: stamps.zone,
        written_offset: if stamps.override_offset {
            WrittenOffset::Overridden
        } else {
            WrittenOffset::Trusted
        },
        shift: Nanos::from_nanos(stamps.shift_seconds.saturating_mul(1_000_000_000)),
        stamped_at: match stamps.stamped_at {
            StampedAtArg::Open => StampedAt::Open,
            StampedAtArg::Close => StampedAt::Close,
        },
        ..CsvOptions::new(args.interval)
    }
}

fn symbol_of(args: &ImportArgs, file: &Path) -> Result<Symbol, Failure> {
    if let Some(symbol) = &args.symbol {
        return Ok(symbol.clone());
    }
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let stem = name.split('.').next().unwrap_or_default();
    Symbol::new(stem).map_err(|_| {
        let text = format!("the name of {} is no symbol; give --symbol", file.display());
        Failure::says(Exit::Usage, text)
    })
}

/// The failure of a file that cannot be read as it is, with the options that help.
fn with_options(error: DataError, calendar: &Calendar) -> Failure {
    let options = match &error {
        DataError::CsvColumnNotFound { column: "volume", .. } => {
            "--volume COLUMN, --constant-volume VOLUME, --skip-lines N".to_owned()
        }
        DataError::CsvColumnNotFound { column, .. } => {
            format!("--{column} COLUMN, --skip-lines N")
        }
        DataError::CsvColumnTwice { column, .. } => format!("--{column} NUMBER"),
        DataError::CsvStampsUnknown { .. } => {
            "--timestamp-format FORMAT, --ts COLUMN, --time COLUMN".to_owned()
        }
        DataError::CsvStampsAmbiguous { .. } | DataError::CsvFormatReadsNone { .. } => {
            "--timestamp-format FORMAT".to_owned()
        }
        DataError::CsvZoneNeeded { .. } => {
            format!("--zone ZONE; that of the exchange is {}", calendar.zone_name())
        }
        DataError::CsvDecimalAmbiguous { .. } => "--decimal comma, --decimal point".to_owned(),
        DataError::CsvDatesOnly { .. } => "--interval 1d, --time COLUMN".to_owned(),
        _ => return error.into(),
    };
    Failure::says(Exit::Data, format!("{error} ({options})"))
}

fn delimiter(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        _ if text == "tab" || text == "\\t" => Ok(b'\t'),
        [byte] => Ok(*byte),
        _ => Err("one character, or the word tab, is needed".to_owned()),
    }
}

fn adjustment(argument: AdjustmentArg) -> Adjustment {
    match argument {
        AdjustmentArg::Raw => Adjustment::Raw,
        AdjustmentArg::Splits => Adjustment::Splits,
        AdjustmentArg::SplitsAndDividends => Adjustment::SplitsAndDividends,
        AdjustmentArg::Unstated => Adjustment::Unstated,
    }
}

fn read_as_words(read_as: &ReadAs, options: &CsvOptions) -> String {
    let delimiter = match read_as.delimiter {
        '\t' => "tab".to_owned(),
        other => format!("{other:?}"),
    };
    let columns: Vec<String> =
        read_as.columns.iter().map(|(what, column)| format!("{what}={column}")).collect();
    let zone = match (read_as.zone, &read_as.timestamp_form) {
        (Some(zone), _) => format!(" in {zone}"),
        (None, StampForm::Local(_)) if options.interval.clock().is_some() => {
            " with their own offsets".to_owned()
        }
        (None, _) => String::new(),
    };
    let end = match options.stamped_at {
        StampedAt::Open => "",
        StampedAt::Close => ", stamped at the close",
    };
    let mut words = match read_as.n_lines_before {
        0 => String::new(),
        n_lines => format!("{} before the table; ", counted(n_lines as u64, "line")),
    };
    words += &format!(
        "{}; cells apart by {delimiter}; {}; stamps {}{zone}{end}; {}; decimal {}",
        if read_as.header.is_some() { "with header" } else { "no header" },
        columns.join(" "),
        read_as.timestamp_form,
        match read_as.order {
            RowOrder::OldestFirst => "oldest first",
            RowOrder::NewestFirst => "newest first",
        },
        match read_as.decimal {
            Decimal::Point => "point",
            Decimal::Comma => "comma",
        },
    );
    if let Some(volume) = read_as.constant_volume {
        words.push_str(&format!("; volume {volume} throughout"));
    }
    if read_as.is_gzip {
        words.push_str("; gzip");
    }
    words
}

/// A zone that was named and is not used was named for a reason.
fn warn_of_zone(read_as: &ReadAs, options: &CsvOptions, terminal: &Terminal) {
    if options.zone.is_some() && read_as.zone.is_none() && options.interval.clock().is_some() {
        let why = match &read_as.timestamp_form {
            StampForm::Epoch(_) | StampForm::NamedEpoch(_) => {
                "the stamps count from 1970 in UTC; --shift-seconds moves them where they do not"
            }
            _ => "the stamps carry offsets of their own; --override-offset reads them in the zone",
        };
        terminal.warning(&format!("--zone is not used: {why}"));
    }
}

fn show_preview(
    file: &Path,
    key: &SeriesKey,
    options: &CsvOptions,
    calendar: &Calendar,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let preview =
        preview(file, options, PREVIEW_ROWS).map_err(|error| with_options(error, calendar))?;
    terminal.line(format!("{}: {key}, nothing is written", file.display()))?;
    terminal.line(format!("  read as  {}", read_as_words(&preview.read_as, options)))?;
    terminal.flush()?;
    warn_of_zone(&preview.read_as, options, terminal);
    let mut table = Table::new([
        ("line", Align::Right),
        ("written", Align::Left),
        ("exchange time", Align::Left),
        ("UTC", Align::Left),
        ("open", Align::Right),
        ("high", Align::Right),
        ("low", Align::Right),
        ("close", Align::Right),
        ("volume", Align::Right),
        ("", Align::Left),
    ]);
    for row in &preview.rows {
        let (line, written) = (count(row.line), row.written.clone());
        match &row.read {
            Ok((stamp, bar)) => {
                let prices = [bar.open, bar.high, bar.low, bar.close, bar.volume];
                let utc = match key.interval.clock() {
                    Some(_) => stamp.to_string(),
                    None => "a session date".to_owned(),
                };
                let cells = [line, written, stamp_words(calendar, key.interval, *stamp), utc];
                table.row(cells.into_iter().chain(prices.map(|value| value.to_string())));
            }
            Err(rejected) => {
                let blank = std::iter::repeat_n(String::new(), 6);
                let why = format!("{} {:?}", rejected.column, rejected.value);
                let cells = [line, written, "rejected".to_owned()];
                let reason = format!("{}: {why}", rejected.reason);
                table.row(cells.into_iter().chain(blank).chain([reason]));
            }
        }
    }
    table.print(terminal, "  ")?;
    Ok(())
}

fn show_report(
    report: &ImportReport,
    key: &SeriesKey,
    calendar: &Calendar,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let counts = &report.counts;
    terminal.line(format!(
        "  {}: {} added, {} updated, {} unchanged, {} rejected",
        counted(report.n_rows, "row"),
        count(counts.added),
        count(counts.updated),
        count(counts.unchanged),
        count(report.n_rejected()),
    ))?;
    if let Some((first, last)) = report.span {
        let words = |stamp| stamp_words(calendar, key.interval, stamp);
        terminal.line(format!("  {} to {}, exchange time", words(first), words(last)))?;
    }
    for (reason, n_rows) in &report.rejected {
        terminal.line(format!("  rejected as {reason}: {}", counted(*n_rows, "row")))?;
    }
    Ok(())
}

/// The file of rejected rows.
struct Rejects {
    path: PathBuf,
    writer: csv::Writer<std::fs::File>,
}

impl Rejects {
    fn create(path: &Path) -> Result<Rejects, Failure> {
        let writer = csv::Writer::from_path(path).map_err(|error| cannot_write(path, error))?;
        let mut rejects = Rejects { path: path.to_owned(), writer };
        rejects.record(&["file", "line", "column", "value", "reason"])?;
        Ok(rejects)
    }

    fn write(&mut self, row: &RejectedRow) -> Result<(), Failure> {
        let file = row.file.display().to_string();
        let line = row.line.to_string();
        self.record(&[&file, &line, row.column, &row.value, row.reason.name()])
    }

    fn record(&mut self, cells: &[&str]) -> Result<(), Failure> {
        self.writer.write_record(cells).map_err(|error| cannot_write(&self.path, error))
    }

    fn finish(mut self) -> Result<(), Failure> {
        self.writer.flush().map_err(|error| cannot_write(&self.path, error))
    }
}

fn cannot_write(path: &Path, error: impl Into<anyhow::Error>) -> Failure {
    Failure::new(Exit::Output, error).of(format!("cannot write {}", path.display()))
}
