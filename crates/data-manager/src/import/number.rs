//! Numbers as people write them.

use std::cmp::Ordering;

use super::options::Decimal;

const CURRENCIES: [char; 4] = ['$', '€', '£', '¥'];

/// The number that `text` means; `None` where it is none, or its digits are grouped neither by threes
/// nor, as in India, by twos before the last three. A sign of a currency may stand before or behind it.
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
    let mut lengths = Vec::new();
    for part in groups {
        if !all_digits(part) {
            return None;
        }
        lengths.push(part.len());
    }
    let by_threes = (1..=3).contains(&first.len()) && lengths.iter().all(|&n| n == 3);
    // Lakh and crore: groups of two before the last three.
    let by_twos = (1..=2).contains(&first.len())
        && matches!(lengths.split_last(), Some((3, others)) if others.iter().all(|&n| n == 2));
    let is_grouped = all_digits(first) && (by_threes || by_twos);
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

/// What prices are multiplied with.
#[derive(Clone, Copy, Debug)]
pub(super) enum Scale {
    One,
    /// By a whole number, where that is what undoes the scale: exact where the result is.
    DividedBy(f64),
    Times(f64),
}

impl Scale {
    pub(super) fn of(scale: f64) -> Scale {
        let inverse = (1.0 / scale).round();
        if scale == 1.0 {
            Scale::One
        } else if inverse >= 2.0 && 1.0 / inverse == scale {
            Scale::DividedBy(inverse)
        } else {
            Scale::Times(scale)
        }
    }

    pub(super) fn scaled(self, price: f64) -> f64 {
        match self {
            Scale::One => price,
            Scale::DividedBy(inverse) => price / inverse,
            Scale::Times(scale) => price * scale,
        }
    }
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
            ("12,34,567", Decimal::Point, Some(1_234_567.0)),
            ("1,00,000.5", Decimal::Point, Some(100_000.5)),
            ("1,23,45", Decimal::Point, None),
            ("1,2,345", Decimal::Point, None),
            ("123,45,678", Decimal::Point, None),
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
    fn a_price_in_ten_thousandths_is_the_nearest_number() {
        assert_eq!(Scale::of(0.0001).scaled(1_234_567.0), 123.4567);
        assert_eq!(Scale::of(0.01).scaled(12_345.0), 123.45);
        assert_eq!(Scale::of(100.0).scaled(1.25), 125.0);
        assert_eq!(Scale::of(1.0).scaled(1.25), 1.25);
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
