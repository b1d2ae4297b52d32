//! Bars as bytes: the Parquet files that are read and written, and nothing of where they stand.
//!
//! Not here: files and folders by name (`disk`), the layouts of a store (`store`).

pub(crate) mod bar_file;
pub(crate) mod block;
#[cfg(any(test, fuzzing))]
pub(crate) mod both_ways;
mod bytes;
pub(crate) mod decode;
pub(crate) mod encode;
pub(crate) mod foreign;
mod guard;
mod pages;
mod plain;
mod row_group;
mod unpack;
