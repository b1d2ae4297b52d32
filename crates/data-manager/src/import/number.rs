//! Numbers as people write them.

use std::cmp::Ordering;

use super::options::Decimal;

const CURRENCIES: [char; 4] = ['$', '€', '£', '¥'];

/// The number that `text` means; `None` where it is none, or its thousands are not grouped by
/// threes. A sign of a currency may stand before or behind it.
pub(super) fn parse(text: &str, decimal: Decimal) -> Option<f64> {
    let text = match text.strip_prefix(CURRENCIES).or_else(|| text.strip_suffix(CURRENCIES)) {
        Some(number) => number.trim(),
        None => text,
    };
    let (point, group) = match decimal {
        Decimal::Point => ('.', ','),
        Decimal::Comma => (',', '.'),
    };
    let is_plain = |c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | 'e' | 'E') || c == point;
    if text.chars().all(is_plain) {
        let number = if point == '.' { text.parse() } else { text.replace(point, ".").parse() };
        return number.ok(); // `None`: a word for it is the caller's
    }
    let (whole, fraction) = match text.split_once(point) {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (text, None),
    };
    let unsigned = whole.strip_prefix(['-', '+']).unwrap_or(whole);
    let is_group = |c: char| c == group || matches!(c, ' ' | '\'' | '_' | '\u{a0}' | '\u{202f}');
    let mut groups = unsigned.split(is_group);
    let first = groups.next()?;
    let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    let is_grouped = (1..=3).contains(&first.len())
        && all_digits(first)
        && groups.all(|part| part.len() == 3 && all_digits(part));
    if !is_grouped || !fraction.is_none_or(all_digits) {
        return None;
    }
    let mut plain: String = whole.chars().filter(|&c| !is_group(c)).collect();
    if let Some(fraction) = fraction {
        plain.push('.');
        plain.push_str(fraction);
    }
    plain.parse().ok() // `None`: as above
}

/// The volume that `text` means: a number, or one of thousands (`K`), millions (`M`) or billions
/// (`B`).
pub(super) fn parse_volume(text: &str, decimal: Decimal) -> Option<f64> {
    let scale = match text.as_bytes().last()? {
        b'K' | b'k' => 1e3,
        b'M' | b'm' => 1e6,
        b'B' | b'b' => 1e9,
        _ => return parse(text, decimal),
    };
    parse(text[..text.len() - 1].trim_end(), decimal).map(|number| (number * scale).round())
}

/// How the numbers among `cells` are written: with a comma, if more of them can be read so than
/// with a point. `None` where all can be read in both ways and some would not be the same.
pub(super) fn guess_decimal<'a>(cells: impl Iterator<Item = &'a str> + Clone) -> Option<Decimal> {
    let count = |decimal| cells.clone().filter(|cell| parse(cell, decimal).is_some()).count();
    match count(Decimal::Comma).cmp(&count(Decimal::Point)) {
        Ordering::Greater => Some(Decimal::Comma),
        Ordering::Less => Some(Decimal::Point),
        Ordering::Equal => {
            let same = |cell| parse(cell, Decimal::Comma) == parse(cell, Decimal::Point);
            cells.clone().all(same).then_some(Decimal::Point)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_they_are_written() {
        let cases = [
            ("131.95", Decimal::Point, Some(131.95)),
            ("1,234,567.5", Decimal::Point, Some(1_234_567.5)),
            ("-1 234", Decimal::Point, Some(-1_234.0)),
            ("1e6", Decimal::Point, Some(1e6)),
            ("131,95", Decimal::Comma, Some(131.95)),
            ("1.234.567,5", Decimal::Comma, Some(1_234_567.5)),
            ("13,4", Decimal::Point, None),
            ("1,2345", Decimal::Point, None),
            ("", Decimal::Point, None),
            ("12.3.4", Decimal::Point, None),
            ("$12.5", Decimal::Point, Some(12.5)),
            ("12,5 €", Decimal::Comma, Some(12.5)),
            ("nan", Decimal::Point, None),
        ];
        for (text, decimal, number) in cases {
            assert_eq!(parse(text, decimal), number, "{text:?}");
        }
    }

    #[test]
    fn a_volume_may_be_of_thousands_or_millions() {
        assert_eq!(parse_volume("3.21M", Decimal::Point), Some(3_210_000.0));
        assert_eq!(parse_volume("850,5K", Decimal::Comma), Some(850_500.0));
        assert_eq!(parse_volume("1,200", Decimal::Point), Some(1_200.0));
        assert_eq!(parse_volume("M", Decimal::Point), None);
    }

    #[test]
    fn a_decimal_comma_is_seen() {
        let guess = |cells: [&'static str; 2]| guess_decimal(cells.into_iter());
        assert_eq!(guess(["131,95", "2200"]), Some(Decimal::Comma));
        assert_eq!(guess(["1,234.5", "2200"]), Some(Decimal::Point));
        assert_eq!(guess(["21", "2200"]), Some(Decimal::Point));
        assert_eq!(guess(["1,234", "2200"]), None);
    }
}
