//! A price or a volume as a vendor writes it: a JSON number or a decimal in a string, the same double
//! from both.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};

/// A finite number, from `0.1` and from `"0.1"` alike: the double nearest to the digits.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Number(pub f64);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Number, D::Error> {
        struct Digits;
        impl Visitor<'_> for Digits {
            type Value = Number;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a finite number, or a decimal in a string")
            }

            fn visit_f64<E: Error>(self, value: f64) -> Result<Number, E> {
                let refused = || E::invalid_value(Unexpected::Float(value), &self);
                if value.is_finite() { Ok(Number(value)) } else { Err(refused()) }
            }

            fn visit_u64<E: Error>(self, value: u64) -> Result<Number, E> {
                Ok(Number(value as f64))
            }

            fn visit_i64<E: Error>(self, value: i64) -> Result<Number, E> {
                Ok(Number(value as f64))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Number, E> {
                let refused = || E::invalid_value(Unexpected::Str(text), &self);
                // `parse` reads "inf" and "NaN" too, which are no prices.
                let is_decimal = text.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
                match text.parse::<f64>() {
                    Ok(value) if is_decimal && value.is_finite() => Ok(Number(value)),
                    _ => Err(refused()),
                }
            }
        }
        deserializer.deserialize_any(Digits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(json: &str) -> Option<f64> {
        serde_json::from_str::<Number>(json).ok().map(|number| number.0)
    }

    #[test]
    fn a_number_and_a_string_are_the_same_double_to_the_last_digit() {
        for digits in [
            "0.1",
            "1e-8",
            "0.00000001",
            "35796.0",
            "12345678901.12345678",
            "98765432109.87654321",
            "0.30000000000000004",
            "9007199254740993",
            "18446744073709551617",
            "-0.0",
        ] {
            let wanted = digits.parse::<f64>().unwrap().to_bits();
            assert_eq!(read(digits).unwrap().to_bits(), wanted, "{digits} as a number");
            assert_eq!(read(&format!("\"{digits}\"")).unwrap().to_bits(), wanted, "{digits}");
            let by_value: serde_json::Value = serde_json::from_str(digits).unwrap();
            let by_value = Number::deserialize(&by_value).unwrap().0;
            assert_eq!(by_value.to_bits(), wanted, "{digits} by way of a value");
        }
    }

    #[test]
    fn what_is_no_finite_number_is_refused() {
        for json in [
            "\"\"",
            "\"NaN\"",
            "\"inf\"",
            "\"-infinity\"",
            "\" 1\"",
            "\"1e999\"",
            "1e999",
            "null",
            "true",
        ] {
            assert_eq!(read(json), None, "{json}");
        }
    }

    proptest! {
        #[test]
        fn eleven_and_eight_digits_differ_nowhere(whole in 0_u64..100_000_000_000, part in 0_u64..100_000_000) {
            let digits = format!("{whole}.{part:08}");
            let wanted = digits.parse::<f64>().unwrap().to_bits();
            prop_assert_eq!(read(&digits).unwrap().to_bits(), wanted);
            prop_assert_eq!(read(&format!("\"{digits}\"")).unwrap().to_bits(), wanted);
        }
    }
}
