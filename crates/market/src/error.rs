//! What is no word of a market.

use thiserror::Error;

/// An error of this crate.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum MarketError {
    /// A text is no symbol.
    #[error("{found:?} is no symbol; a symbol is 1 to 32 of A-Z 0-9 . _ ^ = / -")]
    NotASymbol {
        /// The text as it was given.
        found: String,
    },
    /// A text is no interval.
    #[error(
        "{found:?} is no bar interval; write a number and s, m or h (1s, 5m, 1h, at most 24h), or 1d or 1w"
    )]
    NotAnInterval {
        /// The text as it was given.
        found: String,
    },
}
