//! Whose symbol is called what at a vendor: the vendor's rule, and what a session says instead of it.

use std::collections::BTreeMap;

use openbell_market::Symbol;

/// Names that the rule of a vendor does not yield.
///
/// *Shape*: one to one: what a vendor says of a name is said of one symbol.
///
/// ```
/// use openbell_vendors::Names;
/// let names = Names::new([("BTC".parse()?, "BTC/USD".to_owned())]).unwrap();
/// assert_eq!(names.vendor_name(&"BTC".parse()?), "BTC/USD");
/// assert_eq!(names.vendor_name(&"ETH/USD".parse()?), "ETH/USD");
/// assert_eq!(names.symbol("BTC/USD"), Some("BTC".parse()?));
/// # Ok::<(), openbell_market::MarketError>(())
/// ```
#[derive(Clone, Default, Debug)]
pub struct Names {
    by_symbol: BTreeMap<Symbol, String>,
    by_vendor: BTreeMap<String, Symbol>,
}

/// Two symbols have one name at the vendor.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "{first} and {second} are both {vendor_name:?} at the vendor: each needs a name of its own"
)]
pub struct SharedName {
    /// The one.
    pub first: Symbol,
    /// The other.
    pub second: Symbol,
    /// The name.
    pub vendor_name: String,
}

impl Names {
    /// Those of a session, each symbol with its name at the vendor.
    ///
    /// # Errors
    ///
    /// [`SharedName`] where two symbols have the same.
    pub fn new(named: impl IntoIterator<Item = (Symbol, String)>) -> Result<Names, SharedName> {
        let mut names = Names::default();
        for (symbol, vendor_name) in named {
            match names.by_vendor.insert(vendor_name.clone(), symbol.clone()) {
                Some(first) if first != symbol => {
                    return Err(SharedName { first, second: symbol, vendor_name });
                }
                _ => names.by_symbol.insert(symbol, vendor_name),
            };
        }
        Ok(names)
    }

    /// The vendor's name of `symbol`: that of the session, or the symbol itself, in upper case.
    pub fn vendor_name<'a>(&'a self, symbol: &'a Symbol) -> &'a str {
        self.by_symbol.get(symbol).map_or(symbol.as_str(), String::as_str)
    }

    /// The symbol that the vendor calls `vendor_name`; `None` where that can be no symbol.
    pub fn symbol(&self, vendor_name: &str) -> Option<Symbol> {
        match self.by_vendor.get(vendor_name) {
            Some(symbol) => Some(symbol.clone()),
            None => Symbol::new(vendor_name).ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_symbols_with_one_name_are_refused() {
        let named = ["BTC", "XBT"].map(|symbol| (symbol.parse().unwrap(), "BTC/USD".to_owned()));
        assert_eq!(
            Names::new(named).unwrap_err().to_string(),
            "BTC and XBT are both \"BTC/USD\" at the vendor: each needs a name of its own"
        );
    }

    #[test]
    fn a_name_in_small_letters_finds_its_symbol() {
        let names = Names::new([("AAPL".parse().unwrap(), "AAPLx/USD".to_owned())]).unwrap();
        assert_eq!(names.symbol("AAPLx/USD").unwrap().as_str(), "AAPL");
    }
}
