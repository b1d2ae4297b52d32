//! What one Parquet file of bars says about itself: its columns, its rows, its span, and the
//! key-value metadata that this crate writes.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use openbell_market::{Adjustment, BarInterval, Symbol};
use openbell_time::Timestamp;
use parquet::basic::{ConvertedType, LogicalType, TimeUnit, Type as PhysicalType};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader, RowGroupMetaData};
use parquet::file::reader::{ChunkReader, Length};
use parquet::file::statistics::Statistics;
use parquet::schema::types::{ColumnDescPtr, ColumnDescriptor};

use crate::DataError;
use crate::codec::bytes::FileSource;
use crate::codec::guard;
use crate::error::Unbounded;
use crate::evidence::Check;

/// The columns of a file of bars, in order.
pub(crate) const COLUMNS: [&str; 6] = ["ts", "open", "high", "low", "close", "volume"];

/// What other programs call the column of stamps.
const OTHER_STAMPS: [&str; 5] = ["timestamp", "time", "datetime", "date", "open_time"];

/// The metadata keys of a file of bars.
pub(crate) mod meta_key {
    pub(crate) const SCHEMA_VERSION: &str = "openbell.schema_version";
    pub(crate) const PROVIDER: &str = "openbell.provider";
    pub(crate) const ADJUSTMENT: &str = "openbell.adjustment";
    pub(crate) const STAMP: &str = "openbell.stamp";
    pub(crate) const SYNTHETIC: &str = "openbell.synthetic";
    pub(crate) const WAIVED: &str = "openbell.waived";
    pub(crate) const SUSPICIOUS: &str = "openbell.suspicious";
    pub(crate) const SYMBOL: &str = "openbell.symbol";
    pub(crate) const INTERVAL: &str = "openbell.interval";
}

/// Where the values of a series come from, and what they mean.
///
/// *Example*
///
/// ```
/// use openbell_data_manager::Provenance;
/// let foreign = Provenance::default();
/// assert_eq!(foreign.provider, None);
/// assert!(!foreign.is_synthetic);
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Provenance {
    /// Who supplied the values; `None` where the file does not say.
    pub provider: Option<String>,
    /// What was done to the prices for splits and dividends.
    pub adjustment: Adjustment,
    /// Whether the values are made up.
    pub is_synthetic: bool,
    /// Checks that were waived when the values were imported.
    pub waived: BTreeSet<Check>,
}

/// What is known of a foreign file: nothing.
impl Default for Provenance {
    fn default() -> Provenance {
        Provenance {
            provider: None,
            adjustment: Adjustment::Unstated,
            is_synthetic: false,
            waived: BTreeSet::new(),
        }
    }
}

/// The unit of a column of stamps.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum StampUnit {
    Seconds,
    Millis,
    Micros,
    Nanos,
    Days,
    /// 12-byte stamps of old Spark and Impala files.
    Int96,
}

impl StampUnit {
    /// Its length in nanoseconds.
    pub(crate) fn nanos(self) -> i64 {
        match self {
            StampUnit::Seconds => 1_000_000_000,
            StampUnit::Millis => 1_000_000,
            StampUnit::Micros => 1_000,
            StampUnit::Nanos | StampUnit::Int96 => 1,
            StampUnit::Days => openbell_time::NANOS_PER_DAY,
        }
    }

    /// `raw` in nanoseconds, or `None` outside what can be named.
    pub(crate) fn to_nanos(self, raw: i64) -> Option<i64> {
        raw.checked_mul(self.nanos())
    }
}

/// How the numbers of a value column are stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ValueKind {
    Double,
    Float,
    Int32,
    UInt32,
    Int64,
    UInt64,
}

/// The place and make of one column.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Column<K> {
    pub(crate) idx: usize,
    pub(crate) kind: K,
    pub(crate) is_nullable: bool,
}

/// A file of bars whose footer has been read.
#[derive(Debug)]
pub(crate) struct BarFile {
    pub(crate) path: PathBuf,
    pub(crate) source: FileSource,
    pub(crate) footer: ParquetMetaData,
    pub(crate) ts: Column<StampUnit>,
    pub(crate) values: [Column<ValueKind>; 5],
}

impl BarFile {
    /// Reads the footer of the file at `path` and finds its columns.
    pub(crate) fn open(path: &Path) -> Result<BarFile, DataError> {
        let mut source = FileSource::open(path)?;
        let footer = read_footer(path, &source)?;
        source.release();
        let schema = footer.file_metadata().schema_descr();
        let top = || {
            let all = (0..schema.num_columns()).map(|idx| (idx, schema.column(idx)));
            all.filter(|(_, descr)| descr.path().parts().len() == 1)
        };
        // By its name, else the only one that has it in other letters.
        let named = |column: &str| {
            let exact = top().find(|(_, descr)| descr.name() == column);
            let mut other = top().filter(|(_, descr)| descr.name().eq_ignore_ascii_case(column));
            exact.or_else(|| other.next().filter(|_| other.next().is_none()))
        };
        let find = |column: &'static str| {
            named(column).ok_or_else(|| DataError::MissingColumn {
                path: path.to_owned(),
                column,
                found: schema
                    .root_schema()
                    .get_fields()
                    .iter()
                    .map(|field| field.name())
                    .collect::<Vec<_>>()
                    .join(", "),
            })
        };
        let wrong = |column: &'static str, descr: &ColumnDescriptor, needed: &'static str| {
            let found = match descr.logical_type_ref() {
                Some(logical) => format!("{} ({logical:?})", descr.physical_type()),
                None => descr.physical_type().to_string(),
            };
            DataError::WrongColumnType { path: path.to_owned(), column, found, needed }
        };

        let is_stamp =
            |(idx, descr): &(usize, ColumnDescPtr)| stamp_unit(descr, &footer, *idx).is_some();
        let mut others = OTHER_STAMPS.iter().filter_map(|name| named(name)).filter(is_stamp);
        let only_other = others.next().filter(|_| others.next().is_none());
        let (idx, descr) = named("ts").or(only_other).map_or_else(|| find("ts"), Ok)?;
        let kind = stamp_unit(&descr, &footer, idx).ok_or_else(|| {
            wrong("ts", &descr, "a timestamp, a date, or a whole number of s, ms, us or ns")
        })?;
        let ts = Column { idx, kind, is_nullable: descr.max_def_level() > 0 };
        let mut values = [Column { idx: 0, kind: ValueKind::Double, is_nullable: false }; 5];
        for (value, column) in values.iter_mut().zip(&COLUMNS[1..]) {
            let (idx, descr) = find(column)?;
            let kind =
                value_kind(&descr).ok_or_else(|| wrong(column, &descr, "a float or an integer"))?;
            *value = Column { idx, kind, is_nullable: descr.max_def_level() > 0 };
        }
        Ok(BarFile { path: path.to_owned(), source, footer, ts, values })
    }

    /// Rows in the file.
    pub(crate) fn n_rows(&self) -> u64 {
        self.footer.row_groups().iter().map(n_rows).sum()
    }

    /// Rows in a row group.
    pub(crate) fn group_rows(&self, group: usize) -> u64 {
        n_rows(self.footer.row_group(group))
    }

    /// The bytes of `group`, for its columns of bars.
    pub(crate) fn group_source(&self, group: usize) -> Result<Arc<FileSource>, ParquetError> {
        let rows = self.footer.row_group(group);
        let ranges = std::iter::once(self.ts.idx)
            .chain(self.values.iter().map(|column| column.idx))
            .map(|idx| rows.column(idx).byte_range());
        let (first, until) = ranges.fold((u64::MAX, 0), |(first, until), (start, n_bytes)| {
            (first.min(start), until.max(start.saturating_add(n_bytes)))
        });
        Ok(Arc::new(self.source.holding(first..until)?))
    }

    /// First and last stamp of a row group as it is written (1d and 1w: the label), where its
    /// statistics say.
    pub(crate) fn group_span(&self, group: usize) -> Option<(Timestamp, Timestamp)> {
        let (first, last) = raw_span(self.footer.row_group(group), self.ts.idx)?;
        let instant = |raw| self.ts.kind.to_nanos(raw).map(Timestamp::from_nanos);
        Some((instant(first)?, instant(last)?))
    }

    /// First and last stamp of the file as it is written, where its statistics say; `None` also
    /// where it has no row.
    pub(crate) fn span(&self) -> Option<(Timestamp, Timestamp)> {
        let mut whole: Option<(Timestamp, Timestamp)> = None;
        for group in 0..self.footer.num_row_groups() {
            if n_rows(self.footer.row_group(group)) == 0 {
                continue;
            }
            let (first, last) = self.group_span(group)?;
            whole = Some(whole.map_or((first, last), |(a, b)| (a.min(first), b.max(last))));
        }
        whole
    }

    /// What its metadata say about the values.
    pub(crate) fn provenance(&self) -> Provenance {
        Provenance {
            provider: self.metadata(meta_key::PROVIDER).map(str::to_owned),
            adjustment: self
                .metadata(meta_key::ADJUSTMENT)
                .and_then(Adjustment::from_name)
                .unwrap_or(Adjustment::Unstated),
            is_synthetic: self.metadata(meta_key::SYNTHETIC) == Some("true"),
            waived: self
                .metadata(meta_key::WAIVED)
                .map(|text| text.split(',').filter_map(|word| word.parse().ok()).collect()) // `Err`: of a later version
                .unwrap_or_default(),
        }
    }

    /// The interval that its metadata name.
    pub(crate) fn interval(&self) -> Option<BarInterval> {
        self.metadata(meta_key::INTERVAL)?.parse().ok() // not ours to judge: as if unsaid
    }

    /// Whether another program wrote it: its rows have been held against nothing.
    pub(crate) fn is_foreign(&self) -> bool {
        self.metadata(meta_key::SCHEMA_VERSION).is_none()
    }

    /// Whether its stamps are whole numbers of which nothing but their size says the unit.
    pub(crate) fn has_plain_stamps(&self) -> bool {
        let descr = self.footer.file_metadata().schema_descr().column(self.ts.idx);
        let is_number = matches!(descr.logical_type_ref(), None | Some(LogicalType::Integer(_)));
        descr.physical_type() == PhysicalType::INT64
            && is_number
            && !matches!(
                descr.converted_type(),
                ConvertedType::TIMESTAMP_MILLIS | ConvertedType::TIMESTAMP_MICROS
            )
    }

    /// The symbol that its metadata name.
    pub(crate) fn symbol(&self) -> Option<Symbol> {
        self.metadata(meta_key::SYMBOL)?.parse().ok() // not ours to judge: as if unsaid
    }

    fn metadata(&self, key: &str) -> Option<&str> {
        self.footer
            .file_metadata()
            .key_value_metadata()?
            .iter()
            .find(|pair| pair.key == key)?
            .value
            .as_deref()
    }
}

/// The largest footer that is read: that of a hundred thousand column chunks.
const FOOTER_BYTES_MAX: u64 = 16 << 20;

/// More rows than any file has: their places can be added and still be counted.
const N_ROWS_MAX: u64 = 1 << 48;

fn read_footer(path: &Path, source: &FileSource) -> Result<ParquetMetaData, DataError> {
    let unbounded = |claim| DataError::Unbounded { path: path.to_owned(), claim };
    let failed = |source| guard::data_error(path, None, source);
    if let Some(at) = source.len().checked_sub(FOOTER_TAIL) {
        let tail = source.get_bytes(at, FOOTER_TAIL as usize).map_err(failed)?;
        let length = tail.first_chunk().map_or(0, |length| u32::from_le_bytes(*length));
        let (n_bytes, n_max) = (u64::from(length), FOOTER_BYTES_MAX);
        if n_bytes > n_max && n_bytes < source.len() {
            return Err(unbounded(Unbounded::Footer { n_bytes, n_max }));
        }
    }
    let parsed = guard::catch(|| ParquetMetaDataReader::new().parse_and_finish(source));
    let footer = parsed.map_err(failed)?;
    let counted = footer.row_groups().iter().map(n_rows).try_fold(0_u64, u64::checked_add);
    match counted.filter(|n_rows| *n_rows < N_ROWS_MAX) {
        Some(_) => Ok(footer),
        None => Err(unbounded(Unbounded::Rows)),
    }
}

/// The end of a file: how long its footer is, and four letters.
const FOOTER_TAIL: u64 = 8;

fn n_rows(group: &RowGroupMetaData) -> u64 {
    u64::try_from(group.num_rows()).unwrap_or(0)
}

fn raw_span(group: &RowGroupMetaData, idx: usize) -> Option<(i64, i64)> {
    match group.column(idx).statistics()? {
        Statistics::Int64(stats) => Some((*stats.min_opt()?, *stats.max_opt()?)),
        Statistics::Int32(stats) => {
            Some((i64::from(*stats.min_opt()?), i64::from(*stats.max_opt()?)))
        }
        _ => None,
    }
}

fn stamp_unit(descr: &ColumnDescriptor, footer: &ParquetMetaData, idx: usize) -> Option<StampUnit> {
    match (descr.physical_type(), descr.logical_type_ref(), descr.converted_type()) {
        (PhysicalType::INT64, Some(LogicalType::Timestamp(stamp)), _) => Some(match stamp.unit {
            TimeUnit::MILLIS => StampUnit::Millis,
            TimeUnit::MICROS => StampUnit::Micros,
            TimeUnit::NANOS => StampUnit::Nanos,
        }),
        (PhysicalType::INT64, None, ConvertedType::TIMESTAMP_MILLIS) => Some(StampUnit::Millis),
        (PhysicalType::INT64, None, ConvertedType::TIMESTAMP_MICROS) => Some(StampUnit::Micros),
        (PhysicalType::INT64, None | Some(LogicalType::Integer(_)), _) => {
            Some(unit_by_size(footer, idx))
        }
        (PhysicalType::INT32, Some(LogicalType::Date), _)
        | (PhysicalType::INT32, None, ConvertedType::DATE) => Some(StampUnit::Days),
        (PhysicalType::INT96, _, _) => Some(StampUnit::Int96),
        _ => None,
    }
}

/// The unit of plain whole numbers, by the size of the last one: from 1973 to 5138 the seconds,
/// milliseconds, microseconds and nanoseconds since 1970 have different numbers of digits. Without
/// statistics it is microseconds, the unit of the store.
fn unit_by_size(footer: &ParquetMetaData, idx: usize) -> StampUnit {
    let last = footer.row_groups().iter().filter_map(|group| raw_span(group, idx)).map(|(_, b)| b);
    match last.max() {
        Some(raw) if raw < 100_000_000_000 => StampUnit::Seconds,
        Some(raw) if raw < 100_000_000_000_000 => StampUnit::Millis,
        Some(raw) if raw >= 100_000_000_000_000_000 => StampUnit::Nanos,
        _ => StampUnit::Micros,
    }
}

fn value_kind(descr: &ColumnDescriptor) -> Option<ValueKind> {
    let is_unsigned = match (descr.logical_type_ref(), descr.converted_type()) {
        (Some(LogicalType::Integer(int)), _) => !int.is_signed,
        (None, ConvertedType::UINT_8 | ConvertedType::UINT_16) => true,
        (None, ConvertedType::UINT_32 | ConvertedType::UINT_64) => true,
        (None, ConvertedType::NONE) => false,
        (None, ConvertedType::INT_8 | ConvertedType::INT_16) => false,
        (None, ConvertedType::INT_32 | ConvertedType::INT_64) => false,
        _ => return None,
    };
    match (descr.physical_type(), is_unsigned) {
        (PhysicalType::DOUBLE, _) => Some(ValueKind::Double),
        (PhysicalType::FLOAT, _) => Some(ValueKind::Float),
        (PhysicalType::INT32, false) => Some(ValueKind::Int32),
        (PhysicalType::INT32, true) => Some(ValueKind::UInt32),
        (PhysicalType::INT64, false) => Some(ValueKind::Int64),
        (PhysicalType::INT64, true) => Some(ValueKind::UInt64),
        _ => None,
    }
}
