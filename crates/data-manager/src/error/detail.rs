//! What is wrong in detail: with a cell, a file that is no text, a call of the operating system.

use std::fmt;

/// What was being done when the operating system refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)] // The verbs say it.
pub enum IoAction {
    List,
    Read,
    Create,
    Write,
    Sync,
    Rename,
    Remove,
    Lock,
}

impl fmt::Display for IoAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            IoAction::List => "list",
            IoAction::Read => "read",
            IoAction::Create => "create",
            IoAction::Write => "write",
            IoAction::Sync => "flush to disk",
            IoAction::Rename => "rename",
            IoAction::Remove => "remove",
            IoAction::Lock => "lock",
        })
    }
}

/// What is wrong with one cell of a stored row.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum CellFault {
    /// There is no value.
    Null,
    /// An integer past ±2^53, which float64 cannot hold exactly.
    Inexact(i64),
    /// An instant outside 1677 to 2262, in the unit of the file.
    OutOfRange(i64),
}

impl fmt::Display for CellFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CellFault::Null => f.write_str("no value"),
            CellFault::Inexact(value) => write!(f, "{value}, which float64 cannot hold exactly"),
            CellFault::OutOfRange(value) => {
                write!(f, "{value}, which is no instant between 1677 and 2262")
            }
        }
    }
}

/// What a file claims of itself that its bytes do not bound.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Unbounded {
    /// A page is larger than what is unpacked.
    #[error(
        "one of its pages claims to hold {n_bytes} bytes, and at most {n_max} are unpacked; write it with smaller pages"
    )]
    Page {
        /// What it claims.
        n_bytes: u64,
        /// What is unpacked.
        n_max: u64,
    },
    /// A page unpacks to more than its header says.
    #[error(
        "one of its pages claims to hold {n_bytes} bytes, and holds more; it is unpacked no further: write it anew"
    )]
    Unpacked {
        /// What it claims.
        n_bytes: u64,
    },
    /// A dictionary has more values than bytes.
    #[error(
        "one of its dictionaries claims to hold {n_values} values in {n_bytes} bytes; write it anew"
    )]
    Dictionary {
        /// What it claims.
        n_values: u32,
        /// What is there.
        n_bytes: u64,
    },
    /// Texts are packed by what they share with others.
    #[error(
        "its texts are packed as {encoding}, of which few bytes can become any length; write them with a dictionary"
    )]
    Texts {
        /// How they are packed.
        encoding: String,
    },
    /// The footer is larger than what is read.
    #[error(
        "its footer takes {n_bytes} bytes, and at most {n_max} are read; write it with fewer and larger row groups"
    )]
    Footer {
        /// What it takes.
        n_bytes: u64,
        /// What is read.
        n_max: u64,
    },
    /// The footer claims more rows than any file has.
    #[error("its footer claims more rows than can be counted; write it anew")]
    Rows,
}

/// What a file is that was taken for a text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum NotText {
    /// Its first line holds zero bytes.
    ZeroBytes,
    /// A ZIP archive, or a workbook of a spreadsheet, of the new kind (a ZIP archive too) or the
    /// old.
    ZipOrWorkbook,
    /// It is packed by another program than gzip.
    PackedBy(&'static str),
    /// Parquet.
    Parquet,
}

impl fmt::Display for NotText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotText::ZeroBytes => f.write_str("its first line holds zero bytes"),
            NotText::ZipOrWorkbook => f.write_str(
                "it is a ZIP archive or a workbook; unpack it, or save the sheet as CSV",
            ),
            NotText::PackedBy(program) => write!(f, "it is packed by {program}; unpack it"),
            NotText::Parquet => f.write_str(
                "it is Parquet; `openbell data compact FOLDER --into STORE` copies such files",
            ),
        }
    }
}
