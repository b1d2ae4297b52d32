//! Values as bytes and back, bit for bit: what a checkpoint is made of.
//!
//! No format of another crate is used, since floats have to come back to the last bit, and since a field
//! that is forgotten has to be an error of the compiler: [`saved!`](crate::saved!) takes a type apart by
//! all its fields. The bytes say nothing of themselves: whoever keeps them says their form beside them.
//!
//! Not here: what a checkpoint holds ([`Checkpoint`](crate::Checkpoint)).

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use openbell_market::{Bar, BarInterval, Ohlcv, Symbol};
use openbell_time::{Timestamp, TradingDate};
use thiserror::Error;

/// Why bytes are not what was saved.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum NotRestored {
    /// They end before the value does.
    #[error("the saved bytes end too early")]
    EndsEarly,
    /// The value ends before they do.
    #[error("{n_bytes} saved bytes are left over")]
    LeftOver {
        /// How many.
        n_bytes: usize,
    },
    /// No value of the type is saved like that.
    #[error("the saved bytes are no {what}")]
    NoSuch {
        /// What they should have been.
        what: &'static str,
    },
}

/// A value that can be written as bytes and read back, bit for bit.
///
/// Numbers are little-endian, texts and lists have their length in front. Strategies can use it for what
/// they keep ([`Consumer::save`](crate::Consumer::save)); for a struct of their own [`saved!`](crate::saved!)
/// writes it.
pub trait Saved: Sized {
    /// Writes the value behind what is there.
    fn write(&self, to: &mut Vec<u8>);

    /// Takes the value from the front of the bytes.
    ///
    /// # Errors
    ///
    /// They are not what was written.
    fn read(from: &mut &[u8]) -> Result<Self, NotRestored>;
}

/// A value as bytes.
///
/// ```
/// use openbell_coordinator::{restored, saved_bytes};
///
/// let kept = (3_u64, -0.1_f64, vec!["AAPL".to_owned()]);
/// let bytes = saved_bytes(&kept);
/// assert_eq!(restored::<(u64, f64, Vec<String>)>(&bytes), Ok(kept));
/// ```
pub fn saved_bytes(value: &impl Saved) -> Vec<u8> {
    let mut bytes = Vec::new();
    value.write(&mut bytes);
    bytes
}

/// The value that was saved as `bytes`, all of them.
///
/// # Errors
///
/// They are not what was written.
pub fn restored<T: Saved>(mut bytes: &[u8]) -> Result<T, NotRestored> {
    let value = T::read(&mut bytes)?;
    if bytes.is_empty() { Ok(value) } else { Err(NotRestored::LeftOver { n_bytes: bytes.len() }) }
}

/// Makes a type [`Saved`]: a struct by all its fields, an enum by a number for each variant. What is not
/// named does not compile.
///
/// ```
/// use openbell_coordinator::{restored, saved, saved_bytes};
///
/// #[derive(PartialEq, Debug)]
/// struct Seen { n_bars: u64, highest: Option<f64> }
/// saved!(struct Seen { n_bars, highest });
///
/// #[derive(PartialEq, Debug)]
/// enum Side { Flat, Long { since: u64 } }
/// saved!(enum Side { 0 => Flat, 1 => Long { since } });
///
/// let kept = (Seen { n_bars: 2, highest: Some(10.5) }, Side::Long { since: 7 });
/// assert_eq!(restored::<(Seen, Side)>(&saved_bytes(&kept)), Ok(kept));
/// ```
#[macro_export]
macro_rules! saved {
    (struct $name:ident { $($field:ident),* $(,)? }) => {
        impl $crate::Saved for $name {
            fn write(&self, to: &mut Vec<u8>) {
                let $name { $($field),* } = self;
                $($crate::Saved::write($field, to);)*
            }

            fn read(from: &mut &[u8]) -> Result<Self, $crate::NotRestored> {
                Ok($name { $($field: $crate::Saved::read(from)?),* })
            }
        }
    };
    (enum $name:ident { $($tag:literal => $variant:ident $({ $($field:ident),* $(,)? })?),* $(,)? }) => {
        impl $crate::Saved for $name {
            fn write(&self, to: &mut Vec<u8>) {
                match self {
                    $($name::$variant $({ $($field),* })? => {
                        to.push($tag);
                        $($($crate::Saved::write($field, to);)*)?
                    })*
                }
            }

            fn read(from: &mut &[u8]) -> Result<Self, $crate::NotRestored> {
                match <u8 as $crate::Saved>::read(from)? {
                    $($tag => Ok($name::$variant $({ $($field: $crate::Saved::read(from)?),* })?),)*
                    _ => Err($crate::NotRestored::NoSuch { what: stringify!($name) }),
                }
            }
        }
    };
}

fn take<const N: usize>(from: &mut &[u8]) -> Result<[u8; N], NotRestored> {
    let (taken, rest) = from.split_first_chunk::<N>().ok_or(NotRestored::EndsEarly)?;
    *from = rest;
    Ok(*taken)
}

macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl Saved for $number {
            fn write(&self, to: &mut Vec<u8>) {
                to.extend_from_slice(&self.to_le_bytes());
            }

            fn read(from: &mut &[u8]) -> Result<$number, NotRestored> {
                take(from).map(<$number>::from_le_bytes)
            }
        }
    )*};
}
numbers!(u8, u32, i32, u64, i64, f64);

impl Saved for usize {
    fn write(&self, to: &mut Vec<u8>) {
        (*self as u64).write(to);
    }

    fn read(from: &mut &[u8]) -> Result<usize, NotRestored> {
        let number = u64::read(from)?;
        usize::try_from(number).map_err(|_| NotRestored::NoSuch { what: "number of this machine" })
    }
}

impl Saved for bool {
    fn write(&self, to: &mut Vec<u8>) {
        to.push(u8::from(*self));
    }

    fn read(from: &mut &[u8]) -> Result<bool, NotRestored> {
        match u8::read(from)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(NotRestored::NoSuch { what: "yes or no" }),
        }
    }
}

impl Saved for String {
    fn write(&self, to: &mut Vec<u8>) {
        self.len().write(to);
        to.extend_from_slice(self.as_bytes());
    }

    fn read(from: &mut &[u8]) -> Result<String, NotRestored> {
        String::from_utf8(Vec::read(from)?).map_err(|_| NotRestored::NoSuch { what: "text" })
    }
}

impl<T: Saved> Saved for Option<T> {
    fn write(&self, to: &mut Vec<u8>) {
        self.is_some().write(to);
        if let Some(value) = self {
            value.write(to);
        }
    }

    fn read(from: &mut &[u8]) -> Result<Option<T>, NotRestored> {
        if bool::read(from)? { T::read(from).map(Some) } else { Ok(None) }
    }
}

/// The values of a list, one by one: a length that is not true ends with the bytes.
fn read_list<T: Saved, L: FromIterator<T>>(from: &mut &[u8]) -> Result<L, NotRestored> {
    let n = u64::read(from)?;
    (0..n).map(|_| T::read(from)).collect()
}

fn write_list<'t, T: Saved + 't>(list: impl ExactSizeIterator<Item = &'t T>, to: &mut Vec<u8>) {
    list.len().write(to);
    list.for_each(|value| value.write(to));
}

impl<T: Saved> Saved for Vec<T> {
    fn write(&self, to: &mut Vec<u8>) {
        write_list(self.iter(), to);
    }

    fn read(from: &mut &[u8]) -> Result<Vec<T>, NotRestored> {
        read_list(from)
    }
}

impl<T: Saved> Saved for VecDeque<T> {
    fn write(&self, to: &mut Vec<u8>) {
        write_list(self.iter(), to);
    }

    fn read(from: &mut &[u8]) -> Result<VecDeque<T>, NotRestored> {
        read_list(from)
    }
}

impl<T: Saved + Ord> Saved for BTreeSet<T> {
    fn write(&self, to: &mut Vec<u8>) {
        write_list(self.iter(), to);
    }

    fn read(from: &mut &[u8]) -> Result<BTreeSet<T>, NotRestored> {
        read_list(from)
    }
}

impl<K: Saved + Ord, V: Saved> Saved for BTreeMap<K, V> {
    fn write(&self, to: &mut Vec<u8>) {
        self.len().write(to);
        for (key, value) in self {
            key.write(to);
            value.write(to);
        }
    }

    fn read(from: &mut &[u8]) -> Result<BTreeMap<K, V>, NotRestored> {
        read_list::<(K, V), _>(from)
    }
}

macro_rules! tuples {
    ($($name:ident.$place:tt),*) => {
        impl<$($name: Saved),*> Saved for ($($name,)*) {
            fn write(&self, to: &mut Vec<u8>) {
                $(self.$place.write(to);)*
            }

            fn read(from: &mut &[u8]) -> Result<Self, NotRestored> {
                Ok(($($name::read(from)?,)*))
            }
        }
    };
}
tuples!(A.0, B.1);
tuples!(A.0, B.1, C.2);
tuples!(A.0, B.1, C.2, D.3);

impl Saved for Timestamp {
    fn write(&self, to: &mut Vec<u8>) {
        self.as_nanos().write(to);
    }

    fn read(from: &mut &[u8]) -> Result<Timestamp, NotRestored> {
        i64::read(from).map(Timestamp::from_nanos)
    }
}

impl Saved for TradingDate {
    fn write(&self, to: &mut Vec<u8>) {
        self.as_days().write(to);
    }

    fn read(from: &mut &[u8]) -> Result<TradingDate, NotRestored> {
        i32::read(from).map(TradingDate::from_days)
    }
}

impl Saved for Symbol {
    fn write(&self, to: &mut Vec<u8>) {
        self.as_str().to_owned().write(to);
    }

    fn read(from: &mut &[u8]) -> Result<Symbol, NotRestored> {
        String::read(from)?.parse().map_err(|_| NotRestored::NoSuch { what: "symbol" })
    }
}

impl Saved for BarInterval {
    fn write(&self, to: &mut Vec<u8>) {
        self.to_string().write(to);
    }

    fn read(from: &mut &[u8]) -> Result<BarInterval, NotRestored> {
        String::read(from)?.parse().map_err(|_| NotRestored::NoSuch { what: "interval" })
    }
}

saved!(struct Ohlcv { open, high, low, close, volume });
saved!(struct Bar { opens_at, closes_at, ohlcv });

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_come_back_to_the_last_bit() {
        for bits in [0.1_f64.to_bits(), (-0.0_f64).to_bits(), f64::NAN.to_bits() ^ 1, 1, u64::MAX] {
            let bytes = saved_bytes(&f64::from_bits(bits));
            assert_eq!(restored::<f64>(&bytes).map(f64::to_bits), Ok(bits));
        }
    }

    #[test]
    fn bytes_that_are_cut_off_or_changed_are_refused() {
        let bytes = saved_bytes(&vec![Some("AAPL".to_owned()), None]);
        for n_bytes in 0..bytes.len() {
            assert!(restored::<Vec<Option<String>>>(&bytes[..n_bytes]).is_err(), "{n_bytes}");
        }
        let longer = [&bytes[..], &[0]].concat();
        let found = restored::<Vec<Option<String>>>(&longer);
        assert_eq!(found, Err(NotRestored::LeftOver { n_bytes: 1 }));
        assert_eq!(restored::<bool>(&[2]), Err(NotRestored::NoSuch { what: "yes or no" }));
    }

    #[test]
    fn a_length_that_is_not_true_takes_no_memory() {
        let found = restored::<Vec<u64>>(&saved_bytes(&u64::MAX));
        assert_eq!(found, Err(NotRestored::EndsEarly));
    }
}
