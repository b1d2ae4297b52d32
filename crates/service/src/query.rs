//! The parameters of a request: each is known, given once, and read into what it means.

use std::str::FromStr;

use axum::http::Uri;
use openbell_config::nearest_name;

use crate::problem::{Code, Problem};

/// The parameters of a request.
#[derive(Debug)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    /// The parameters of `uri`, which may be those of `known`.
    pub(crate) fn of(uri: &Uri, known: &[&'static str]) -> Result<Query, Problem> {
        let pairs = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
        let mut given: Vec<(String, String)> = Vec::new();
        for (name, value) in pairs {
            if !known.contains(&name.as_ref()) {
                return Err(unknown(&name, known));
            }
            if given.iter().any(|(before, _)| *before == name) {
                let detail =
                    format!("{name} is given twice; give it once, several values with commas");
                return Err(Problem::new(Code::BadParameter, detail));
            }
            given.push((name.into_owned(), value.into_owned()));
        }
        Ok(Query(given))
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    /// The value of `name`; `needed` says what it must be.
    pub(crate) fn parsed<T: FromStr>(
        &self,
        name: &str,
        needed: &str,
    ) -> Result<Option<T>, Problem> {
        let Some(text) = self.text(name) else { return Ok(None) };
        text.parse().map(Some).map_err(|_| wrong(name, text, needed))
    }

    /// A whole number of `name` from `least` to `most`.
    pub(crate) fn number(
        &self,
        name: &str,
        (least, most): (usize, usize),
    ) -> Result<Option<usize>, Problem> {
        let needed = format!("a whole number from {least} to {most}");
        let number = self.parsed::<usize>(name, &needed)?;
        match number.filter(|number| !(least..=most).contains(number)) {
            Some(number) => Err(wrong(name, &number.to_string(), &needed)),
            None => Ok(number),
        }
    }

    /// One of `words`.
    pub(crate) fn word<'w>(
        &self,
        name: &str,
        words: &[&'w str],
    ) -> Result<Option<&'w str>, Problem> {
        let Some(text) = self.text(name) else { return Ok(None) };
        match words.iter().find(|word| **word == text) {
            Some(word) => Ok(Some(word)),
            None => Err(wrong(name, text, &format!("one of {}", words.join(", ")))),
        }
    }

    /// Whether `name` is `true`.
    pub(crate) fn is_true(&self, name: &str) -> Result<bool, Problem> {
        Ok(self.word(name, &["true", "false"])? == Some("true"))
    }

    /// The values of `name` between commas; none where it is not given, or empty.
    pub(crate) fn list(&self, name: &str) -> Vec<&str> {
        let values = self.text(name).unwrap_or_default().split(',');
        values.filter(|value| !value.is_empty()).collect()
    }

    /// The values of `name` between commas, each read; `needed` says what each must be.
    pub(crate) fn parsed_list<T: FromStr>(
        &self,
        name: &str,
        needed: &str,
    ) -> Result<Vec<T>, Problem> {
        let each = self.list(name).into_iter();
        each.map(|text| text.parse().map_err(|_| wrong(name, text, needed))).collect()
    }
}

/// The refusal of `found` as the value of `name`.
pub(crate) fn wrong(name: &str, found: &str, needed: &str) -> Problem {
    Problem::new(Code::BadParameter, format!("{name}: {found:?} was found, {needed} is needed"))
}

fn unknown(name: &str, known: &[&'static str]) -> Problem {
    let detail = match nearest_name(name, known.iter().copied()) {
        None => format!("there is no parameter {name:?}; the path takes none"),
        Some(nearest) => {
            let all = known.join(", ");
            format!("there is no parameter {name:?}; the nearest is {nearest}, all are {all}")
        }
    };
    Problem::new(Code::UnknownParameter, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: &[&str] = &["symbols", "interval", "last"];

    fn query(text: &str) -> Result<Query, Problem> {
        Query::of(&format!("/v1/bars?{text}").parse().unwrap(), KNOWN)
    }

    #[test]
    fn a_parameter_that_there_is_not_is_refused_with_the_nearest() {
        let refused = query("intervall=5m").unwrap_err();
        assert_eq!(refused.code(), Code::UnknownParameter);
        assert_eq!(
            refused.detail(),
            "there is no parameter \"intervall\"; the nearest is interval, all are symbols, interval, last"
        );
        let none = Query::of(&"/v1?verbose=1".parse().unwrap(), &[]).unwrap_err();
        assert_eq!(none.detail(), "there is no parameter \"verbose\"; the path takes none");
    }

    #[test]
    fn a_parameter_given_twice_is_refused() {
        let refused = query("last=1&last=2").unwrap_err();
        assert_eq!(refused.code(), Code::BadParameter);
        assert!(refused.detail().starts_with("last is given twice"), "{}", refused.detail());
    }

    #[test]
    fn a_number_out_of_bounds_says_the_bounds() {
        let asked = query("last=0").unwrap();
        let refused = asked.number("last", (1, 50)).unwrap_err();
        assert_eq!(
            refused.detail(),
            "last: \"0\" was found, a whole number from 1 to 50 is needed"
        );
        assert_eq!(query("last=50").unwrap().number("last", (1, 50)).unwrap(), Some(50));
        assert!(query("last=-1").unwrap().number("last", (1, 50)).is_err());
    }

    #[test]
    fn values_are_decoded_and_lists_stand_between_commas() {
        let asked = query("symbols=BTC%2FUSD,AAPL,&interval=5m").unwrap();
        assert_eq!(asked.list("symbols"), ["BTC/USD", "AAPL"]);
        assert_eq!(asked.list("last"), [""; 0]);
    }
}
