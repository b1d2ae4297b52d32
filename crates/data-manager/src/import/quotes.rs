//! Where a quoted cell ends, also when it goes on over the ends of lines.

/// Goes through the lines of one row, and knows whether a quote is open at their end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quotes<'a> {
    /// What may stand between two cells.
    delimiters: &'a [u8],
    place: Place,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Place {
    /// At the start of a cell, blanks before it among them.
    Start,
    /// In a cell without quotes, or behind a text that should have ended its cell.
    Plain,
    Quoted,
    /// Behind a quote that has closed, or is the first of two.
    Closed,
}

/// What the end of a line means for the quote that was open before it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum LineEnd {
    /// It ends the row.
    Row,
    /// It stands inside a quoted cell.
    Inside,
    /// The quote closed where no cell ends: it was not meant as one.
    Astray,
}

impl<'a> Quotes<'a> {
    /// At the start of a row.
    pub(super) fn new(delimiters: &'a [u8]) -> Quotes<'a> {
        Quotes { delimiters, place: Place::Start }
    }

    /// Goes through the next line of the row.
    pub(super) fn line(&mut self, line: &[u8]) -> LineEnd {
        for &byte in line {
            self.place = match (self.place, byte) {
                (Place::Quoted, b'"') => Place::Closed,
                (Place::Quoted, _) | (Place::Closed, b'"') => Place::Quoted,
                (Place::Start, b'"') => Place::Quoted,
                (Place::Start, b' ') => Place::Start,
                (Place::Closed, b' ') => Place::Closed,
                (_, byte) if self.delimiters.contains(&byte) => Place::Start,
                (Place::Closed, _) => return LineEnd::Astray,
                _ => Place::Plain,
            };
        }
        if self.place == Place::Quoted { LineEnd::Inside } else { LineEnd::Row }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends(lines: &[&str]) -> Vec<LineEnd> {
        let mut quotes = Quotes::new(b",");
        lines.iter().map(|line| quotes.line(line.as_bytes())).collect()
    }

    #[test]
    fn a_line_ends_a_row_unless_a_quote_is_open() {
        assert_eq!(ends(&[r#"1,"a, ""b""",2"#]), [LineEnd::Row]);
        assert_eq!(ends(&[r#"1,5" screen,2"#]), [LineEnd::Row]);
        assert_eq!(
            ends(&[r#"1, "a"#, "b", r#"c" ,2"#]),
            [LineEnd::Inside, LineEnd::Inside, LineEnd::Row]
        );
        assert_eq!(
            ends(&[r#""10,1,2"#, r#""2025-07-02","3""#]),
            [LineEnd::Inside, LineEnd::Astray]
        );
    }
}
