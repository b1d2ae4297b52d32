//! A Parquet file as columns, read without the crates under test.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;

/// One value; instants are microseconds, dates days since the epoch.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Cell {
    Null,
    Int(i64),
    Float(f64),
    /// The symbol, which is compared elsewhere.
    Text,
}

/// A file's columns by name.
pub struct Table {
    columns: BTreeMap<String, Vec<Cell>>,
    pub n_rows: usize,
}

impl Table {
    pub fn read(path: &Path) -> Table {
        let file = File::open(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let reader = SerializedFileReader::new(file).expect("a Parquet file");
        let mut columns: BTreeMap<String, Vec<Cell>> = BTreeMap::new();
        for field in reader.metadata().file_metadata().schema().get_fields() {
            columns.insert(field.name().to_owned(), Vec::new());
        }
        let mut n_rows = 0;
        for row in reader.get_row_iter(None).expect("rows") {
            for (name, field) in row.expect("a row").get_column_iter() {
                let column = columns.get_mut(name).expect("a column of the schema");
                column.push(cell(field));
            }
            n_rows += 1;
        }
        Table { columns, n_rows }
    }

    pub fn has(&self, name: &str) -> bool {
        self.columns.contains_key(name)
    }

    /// The names of its columns, in alphabetical order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.keys().map(String::as_str)
    }

    #[track_caller]
    pub fn column(&self, name: &str) -> &[Cell] {
        self.columns.get(name).unwrap_or_else(|| panic!("there is no column {name}"))
    }

    #[track_caller]
    pub fn int(&self, name: &str, row: usize) -> i64 {
        match self.column(name)[row] {
            Cell::Int(value) => value,
            other => panic!("{name} holds {other:?}"),
        }
    }

    /// The number there; `None` where it is null.
    #[track_caller]
    pub fn float(&self, name: &str, row: usize) -> Option<f64> {
        match self.column(name)[row] {
            Cell::Float(value) => Some(value),
            Cell::Null => None,
            Cell::Int(_) | Cell::Text => panic!("{name} holds other cells"),
        }
    }
}

fn cell(field: &Field) -> Cell {
    match field {
        Field::Null => Cell::Null,
        Field::Int(value) => Cell::Int(i64::from(*value)),
        Field::Long(value) | Field::TimestampMicros(value) => Cell::Int(*value),
        Field::TimestampMillis(value) => Cell::Int(*value * 1_000),
        Field::Date(days) => Cell::Int(i64::from(*days)),
        Field::Double(value) => Cell::Float(*value),
        Field::Str(_) => Cell::Text,
        other => panic!("no column of these files holds {other:?}"),
    }
}

/// Every Parquet file below `folder`, by path; none where there is no such folder.
pub fn parquet_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for entry in entries {
            let path = entry.expect("an entry of the folder").path();
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
