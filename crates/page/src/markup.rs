//! Text as markup: every text that comes from a session file, a feed or a strategy goes through here.

use std::fmt::{self, Write as _};

/// A text that stands in markup as itself, whatever is in it: nothing of it is a tag, an entity, a quote
/// that ends an attribute, or a mark that turns the text around it.
///
/// Characters that are not seen are written as their code points, so that a name cannot look like
/// another one.
pub(crate) struct Text<'t>(pub(crate) &'t str);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                '\n' | '\t' => f.write_char(c)?,
                _ if is_unseen(c) => write!(f, "⟨U+{:04X}⟩", u32::from(c))?,
                _ => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

/// Controls, marks of direction, and what has no width.
fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
        )
}

/// A name or a sentence of others, cut where it is too long to be read.
pub(crate) fn short(text: &str) -> String {
    const LENGTH_MAX: usize = 300;
    cut(text, LENGTH_MAX)
}

/// The first `n_max` characters of `text`, and how many there are more.
pub(crate) fn cut(text: &str, n_max: usize) -> String {
    match text.char_indices().nth(n_max) {
        Some((at, _)) => {
            let n_more = text[at..].chars().count();
            format!("{}… ({} more characters)", &text[..at], count(n_more as u64))
        }
        None => text.to_owned(),
    }
}

/// A count with its thousands apart: `1,234,567`.
pub(crate) fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count and its noun: `1 symbol`, `2 symbols`.
pub(crate) fn counted(n: u64, one: &str) -> String {
    let plural = match one.strip_suffix("ch") {
        Some(_) => format!("{one}es"),
        None => format!("{one}s"),
    };
    format!("{} {}", count(n), if n == 1 { one } else { &plural })
}

/// A length of time as people say it: `2.5 s`, `3 min 20 s`, `1 h 5 min`.
pub(crate) fn seconds(length_s: f64) -> String {
    let whole = length_s.max(0.0) as u64;
    match (whole / 3600, whole / 60 % 60, whole % 60) {
        (0, 0, _) if length_s < 1.0 => format!("{:.0} ms", length_s * 1000.0),
        (0, 0, _) if length_s.fract() != 0.0 => format!("{length_s:.1} s"),
        (0, 0, s) => format!("{s} s"),
        (0, m, 0) => format!("{m} min"),
        (0, m, s) => format!("{m} min {s} s"),
        (h, 0, _) => format!("{h} h"),
        (h, m, _) => format!("{h} h {m} min"),
    }
}

/// Bytes as people say them: `1.4 MB`.
pub(crate) fn bytes(n: usize) -> String {
    match n {
        0..1_000 => format!("{n} B"),
        1_000..1_000_000 => format!("{:.1} kB", n as f64 / 1e3),
        _ => format!("{:.1} MB", n as f64 / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_itself_and_nothing_else() {
        let hostile = "</script><img src=x onerror='a(\"&\")'>\u{202e}evil\0";
        let shown = "&lt;/script&gt;&lt;img src=x onerror=&#39;a(&quot;&amp;&quot;)&#39;&gt;\
                     ⟨U+202E⟩evil⟨U+0000⟩";
        assert_eq!(Text(hostile).to_string(), shown);
        assert_eq!(Text("Zürich 東京\n").to_string(), "Zürich 東京\n");
    }

    #[test]
    fn a_long_text_is_cut_between_characters_and_says_so() {
        assert_eq!(cut("äöü", 3), "äöü");
        assert_eq!(cut("äöüß", 3), "äöü… (1 more characters)");
    }

    #[test]
    fn numbers_are_said_as_people_say_them() {
        assert_eq!(count(12_345_678), "12,345,678");
        assert_eq!(
            (counted(1, "switch"), counted(2, "switch")),
            ("1 switch".into(), "2 switches".into())
        );
        assert_eq!(
            (seconds(0.25), seconds(2.5), seconds(200.0)),
            ("250 ms".into(), "2.5 s".into(), "3 min 20 s".into())
        );
        assert_eq!(seconds(8940.0), "2 h 29 min");
        assert_eq!((bytes(999), bytes(4_812_345)), ("999 B".into(), "4.8 MB".into()));
    }
}
