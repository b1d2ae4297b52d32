//! Names for years, months and days, by which other programs part what they write: below a symbol's folder,
//! or where one would stand.

use openbell_time::TradingDate;

use crate::disk::Entry;

/// The ending of files of bars.
pub(crate) const PARQUET: &str = ".parquet";

/// Whether a name is a day or a month: `2025-06-02`, `20250602`, `2025_06`.
pub(super) fn is_date(name: &str) -> bool {
    let mut parts: Vec<&str> = name.split(['-', '_', '.']).collect();
    if let [day] = parts[..]
        && let (Some(year), Some(month), Some(date)) = (day.get(..4), day.get(4..6), day.get(6..))
    {
        parts = vec![year, month, date];
    }
    let number = |text: &str, n_digits: usize| -> Option<i32> {
        let is_number = text.len() == n_digits && text.bytes().all(|b| b.is_ascii_digit());
        if is_number { text.parse().ok() } else { None } // `None`: another kind of name
    };
    let (year, month, day) = match parts[..] {
        [year, month] => (number(year, 4), number(month, 2), Some(1)),
        [year, month, day] => (number(year, 4), number(month, 2), number(day, 2)),
        _ => return false,
    };
    let (Some(year), Some(month), Some(day)) = (year, month, day) else { return false };
    (1900..2200).contains(&year)
        && TradingDate::from_ymd(year, month.cast_unsigned(), day.cast_unsigned()).is_some()
}

/// Whether a folder is named for a year, a month or a day: `2025`, `month=07`, `date=2025-07-02`.
pub(super) fn is_time_folder(name: &str) -> bool {
    const KEYS: [&str; 5] = ["year", "month", "day", "date", "dt"];
    let (key, value) = name.split_once('=').map_or((None, name), |(key, value)| (Some(key), value));
    let is_value = !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    is_value && key.is_none_or(|key| KEYS.contains(&key.to_lowercase().as_str()))
}

/// Whether the folder `name` with these `entries`, which stands where a symbol's would, parts the bars of
/// all symbols by time: it says so itself (`year=2025`), or it is named for a year and each name in it is a
/// folder of a month or a date of that year. A symbol may be called `2025` too; its files are called
/// otherwise, or are of other years.
pub(super) fn is_of_many(name: &str, entries: &[Entry]) -> bool {
    if name.contains('=') {
        return is_time_folder(name);
    }
    let is_year = name.len() == 4 && name.parse().is_ok_and(|year| (1900..2200).contains(&year));
    let mut visible = entries.iter().filter(|entry| !entry.name.starts_with(['.', '_'])).peekable();
    is_year && visible.peek().is_some() && visible.all(|entry| is_within(name, entry))
}

/// Whether an entry is a folder of a month, or is named for a date of `year`.
fn is_within(year: &str, entry: &Entry) -> bool {
    let is_dated = |name: &str| name.starts_with(year) && is_date(name);
    if !entry.is_folder {
        return entry.name.strip_suffix(PARQUET).is_some_and(is_dated);
    }
    let value = entry.name.split_once('=').map_or(entry.name.as_str(), |(_, value)| value);
    let is_month = value.len() <= 2 && value.parse().is_ok_and(|month| (1..=12).contains(&month));
    is_time_folder(&entry.name) && (is_month || is_dated(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_of_a_year_where_all_in_it_is_of_that_year() {
        let is_of_many = |name: &str, names: &[&str]| {
            let entry = |name: &&str| Entry {
                name: name.trim_end_matches('/').to_owned(),
                is_folder: name.ends_with('/'),
            };
            is_of_many(name, &names.iter().map(entry).collect::<Vec<_>>())
        };
        for names in [
            &["01/", "02/", "12/"][..],
            &["1/", "month=2/", ".DS_Store", "_SUCCESS"],
            &["2025-06/", "date=2025-06-02/"],
            &["2025-06-02.parquet", "20250603.parquet", "2025_07.parquet"],
        ] {
            assert!(is_of_many("2025", names), "{names:?}");
            assert!(!is_of_many("7203", names) && !is_of_many("AAPL", names), "{names:?}");
        }
        for names in [
            &[][..],
            &[".DS_Store"],
            &["part-0.parquet"],
            &["01.parquet", "02.parquet"],
            &["2024-06.parquet", "2025-06.parquet"],
            &["2024/", "2025/"],
            &["06/", "part-0.parquet"],
            &["13/", "00/"],
            &["AAPL/"],
        ] {
            assert!(!is_of_many("2025", names), "{names:?}");
        }
        assert!(is_of_many("year=2025", &["AAPL.parquet"]) && !is_of_many("ES=F", &["06/"]));
        assert!(!is_of_many("%32025", &["06/"]));
    }
}
