//! How large a file may be, as it is said on the command line.

use std::str::FromStr;

/// A number of bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Size(usize);

impl Size {
    /// The smallest file that holds more than its own frame.
    const MIN: usize = 200_000;
    const MAX: usize = 1_000_000_000;

    /// Bytes.
    pub fn n_bytes(self) -> usize {
        self.0
    }
}

impl FromStr for Size {
    type Err = String;

    /// `5MB`, `800kB`, or bytes.
    ///
    /// ```
    /// use openbell::report_file::Size;
    /// assert_eq!("1.5MB".parse::<Size>()?.n_bytes(), 1_500_000);
    /// assert!("5 apples".parse::<Size>().is_err());
    /// # Ok::<(), String>(())
    /// ```
    fn from_str(text: &str) -> Result<Size, String> {
        let needed = || "a size from 200kB to 1GB is needed, as 5MB or 800kB".to_owned();
        let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
        let unit = match text[digits.len()..].trim().to_ascii_lowercase().as_str() {
            "" | "b" => 1.0,
            "k" | "kb" => 1e3,
            "m" | "mb" => 1e6,
            "g" | "gb" => 1e9,
            _ => return Err(needed()),
        };
        let n: f64 = digits.parse().map_err(|_| needed())?;
        let n_bytes = n * unit;
        let range = Size::MIN as f64..=Size::MAX as f64;
        if range.contains(&n_bytes) { Ok(Size(n_bytes as usize)) } else { Err(needed()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_people_write_them_and_nothing_else_is() {
        for (text, n_bytes) in
            [("5MB", 5_000_000), ("800kB", 800_000), ("200000", 200_000), ("1 GB", 1_000_000_000)]
        {
            assert_eq!(text.parse(), Ok(Size(n_bytes)), "{text}");
        }
        for text in ["", "MB", "-5MB", "5TB", "1kB", "2GB", "NaN", "1e400", "5MB5"] {
            assert!(text.parse::<Size>().is_err(), "{text}");
        }
    }
}
