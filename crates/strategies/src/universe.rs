//! The symbols that a scanner chooses from: a list in its settings, or a file of names.

use std::collections::BTreeSet;

use openbell_coordinator::ModuleContext;
use openbell_market::Symbol;

/// The symbols of `symbols` and of the file `universe`, each once, in symbol order.
///
/// A file has a symbol a line; what follows the first comma or blank is passed over, as are empty
/// lines, lines that begin with `#`, and a head line `symbol`.
///
/// # Errors
///
/// A name that is no symbol, with its line; a file that cannot be read; no symbol at all.
pub(crate) fn universe(
    context: &ModuleContext<'_>,
    symbols: &[String],
    file: Option<&str>,
) -> Result<Vec<Symbol>, String> {
    let mut chosen = BTreeSet::new();
    for name in symbols {
        chosen.insert(Symbol::new(name).map_err(|error| format!("symbols: {error}"))?);
    }
    if let Some(path) = file {
        chosen.extend(listed(path, &context.text(path)?)?);
    }
    if chosen.is_empty() {
        return Err("no symbol to choose from; give universe (a file) or symbols".to_owned());
    }
    Ok(chosen.into_iter().collect())
}

fn listed(path: &str, text: &str) -> Result<Vec<Symbol>, String> {
    let mut symbols = Vec::new();
    for (i, line) in text.lines().enumerate() {
        let line = line.trim_start_matches('\u{feff}').trim();
        let name = line.split([',', ' ', '\t', ';']).next().unwrap_or_default();
        if name.is_empty() || name.starts_with('#') || (i == 0 && is_head(name)) {
            continue;
        }
        let symbol = Symbol::new(name).map_err(|error| format!("{path}:{}: {error}", i + 1))?;
        symbols.push(symbol);
    }
    Ok(symbols)
}

fn is_head(name: &str) -> bool {
    name.eq_ignore_ascii_case("symbol") || name.eq_ignore_ascii_case("ticker")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_universe_file_is_a_symbol_a_line_with_remarks() {
        let text = "symbol,name\n# large ones\nAAPL,Apple\n\n msft \nBRK.B\tBerkshire\n";
        let symbols = listed("u.csv", text).unwrap();
        let names: Vec<&str> = symbols.iter().map(Symbol::as_str).collect();
        assert_eq!(names, ["AAPL", "MSFT", "BRK.B"]);
    }

    #[test]
    fn a_name_that_is_no_symbol_is_an_error_with_its_line() {
        let error = listed("u.csv", "AAPL\nMS*FT\n").unwrap_err();
        assert!(error.starts_with("u.csv:2: "), "{error}");
    }
}
