//! What Kraken calls a pair: each of its interfaces has a name of its own.

use crate::market::Listing;

/// The names of one pair.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Names {
    /// `XBTUSD`: what requests say.
    pub(super) alt: String,
    /// `XBT/USD`: the name of the older websocket.
    pub(super) ws: String,
    /// `XXBTZUSD`: the key of replies.
    pub(super) key: String,
    pub(super) base: String,
    pub(super) quote: String,
}

impl Names {
    pub(super) fn of(listing: &Listing) -> Names {
        let name = listing.symbol.as_str();
        let (base, quote) = name.split_once('/').unwrap_or((name, ""));
        let base = match base {
            "BTC" => "XBT",
            "DOGE" => "XDG",
            other => other,
        };
        let (long_base, long_quote) = (long(base), long(quote));
        // Only pairs of two old assets are known by their long names.
        let is_old = long_base != base && long_quote != quote;
        let alt = format!("{base}{quote}");
        let key = if is_old { format!("{long_base}{long_quote}") } else { alt.clone() };
        Names { ws: format!("{base}/{quote}"), alt, key, base: long_base, quote: long_quote }
    }

    pub(super) fn is(&self, written: &str) -> bool {
        [&self.alt, &self.ws, &self.key].into_iter().any(|name| name == written)
    }
}

/// The name of an asset with the letter that old ones bear.
fn long(asset: &str) -> String {
    match asset {
        "XBT" | "ETH" | "LTC" | "XRP" | "XDG" | "XMR" | "ETC" | "XLM" => format!("X{asset}"),
        "USD" | "EUR" | "GBP" | "CAD" | "JPY" => format!("Z{asset}"),
        _ => asset.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_has_its_old_names_where_both_of_its_assets_are_old() {
        let names = |symbol: &str| Names::of(&Listing::drawn(1, symbol.parse().unwrap()));
        let bitcoin = names("BTC/USD");
        assert_eq!((&*bitcoin.alt, &*bitcoin.ws, &*bitcoin.key), ("XBTUSD", "XBT/USD", "XXBTZUSD"));
        assert_eq!(names("SOL/USD").key, "SOLUSD");
        assert_eq!(names("DOGE/EUR").key, "XXDGZEUR");
    }
}
