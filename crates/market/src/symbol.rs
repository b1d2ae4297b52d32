//! The name of what is traded, as text at the edge and as an index inside.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::MarketError;

/// The longest symbol, in bytes.
pub const SYMBOL_LEN_MAX: usize = 32;

/// The name of a traded thing: 1 to 32 of `[A-Z0-9._^=/-]`.
///
/// *Shape*: ordered by the bytes of its text; that order is *symbol order* everywhere. Surrounding
/// blanks are dropped and lower case is raised when text is read, the same at every entrance.
/// *Cost*: cloning counts a reference; the text is shared. Inside a run symbols are
/// [`SymbolIdx`]es.
///
/// ```
/// use openbell_market::Symbol;
/// let symbol: Symbol = " brk.b ".parse()?;
/// assert_eq!(symbol.as_str(), "BRK.B");
/// assert_eq!("BTC/USD".parse::<Symbol>()?.to_path_segment(), "BTC%2FUSD");
/// assert!("A B".parse::<Symbol>().is_err());
/// # Ok::<(), openbell_market::MarketError>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Symbol(Arc<str>);

impl Symbol {
    /// The symbol that `text` names.
    ///
    /// # Errors
    ///
    /// [`MarketError::NotASymbol`] where it is empty, too long, or holds another character.
    pub fn new(text: &str) -> Result<Symbol, MarketError> {
        let trimmed = text.trim();
        let is_allowed = |b: u8| {
            b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'^' | b'=' | b'/' | b'-')
        };
        if trimmed.is_empty() || trimmed.len() > SYMBOL_LEN_MAX || !trimmed.bytes().all(is_allowed)
        {
            return Err(MarketError::NotASymbol { found: text.to_owned() });
        }
        Ok(Symbol(trimmed.to_ascii_uppercase().into()))
    }

    /// The text, upper case.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text as one segment of a path: what is not alphanumeric, `_` or `-` is percent-encoded
    /// (a `.` only where the whole text would be `.` or `..`).
    pub fn to_path_segment(&self) -> String {
        let only_dots = self.0.bytes().all(|b| b == b'.');
        let mut segment = String::with_capacity(self.0.len());
        for byte in self.0.bytes() {
            let plain = byte.is_ascii_alphanumeric()
                || matches!(byte, b'_' | b'-')
                || (byte == b'.' && !only_dots);
            if plain {
                segment.push(char::from(byte));
            } else {
                segment.push_str(&format!("%{byte:02X}"));
            }
        }
        segment
    }

    /// The symbol that a path segment names; the inverse of [`Symbol::to_path_segment`]. Segments
    /// that other programs wrote with more or less encoding are read too.
    ///
    /// # Errors
    ///
    /// [`MarketError::NotASymbol`] where an escape is broken or the text is no symbol.
    pub fn from_path_segment(segment: &str) -> Result<Symbol, MarketError> {
        let broken = || MarketError::NotASymbol { found: segment.to_owned() };
        let bytes = segment.as_bytes();
        let mut text = Vec::with_capacity(bytes.len());
        let mut at = 0;
        while at < bytes.len() {
            if bytes[at] == b'%' {
                let digits = segment.get(at + 1..at + 3).ok_or_else(broken)?;
                if digits.starts_with('+') {
                    return Err(broken()); // A sign is a digit to nobody but the parser of numbers.
                }
                text.push(u8::from_str_radix(digits, 16).map_err(|_| broken())?);
                at += 3;
            } else {
                text.push(bytes[at]);
                at += 1;
            }
        }
        Symbol::new(std::str::from_utf8(&text).map_err(|_| broken())?)
    }
}

impl fmt::Debug for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for Symbol {
    type Err = MarketError;

    fn from_str(text: &str) -> Result<Symbol, MarketError> {
        Symbol::new(text)
    }
}

impl AsRef<str> for Symbol {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// The place of a symbol in a run, for arrays on the hot path.
///
/// *Units*: a position, from 0, in the order in which symbols joined the run; it is never reused
/// within a run, and it is not symbol order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SymbolIdx(u32);

impl SymbolIdx {
    /// The index of position `n`.
    pub const fn new(n: u32) -> SymbolIdx {
        SymbolIdx(n)
    }

    /// The position, for indexing.
    pub const fn as_usize(self) -> usize {
        self.0 as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_segment_names_its_symbol_again() {
        for text in ["AAPL", "BTC/USD", "^GSPC", "ES=F", "..", ".", "BRK.B", "A-B_C", "6EH4"] {
            let symbol: Symbol = text.parse().unwrap();
            let segment = symbol.to_path_segment();
            assert!(!segment.contains('/') && segment != "." && segment != "..", "{segment}");
            assert_eq!(Symbol::from_path_segment(&segment).unwrap(), symbol);
        }
    }

    #[test]
    fn what_is_no_symbol_is_refused() {
        for text in ["", "   ", "A B", "A,B", "ÄPL", &"A".repeat(33), "A\n"] {
            assert_eq!(Symbol::new(text).is_ok(), text == "A\n", "{text:?}");
        }
    }
}
