//! The names that columns of bars have in the tables of vendors, spreadsheets and brokers.

/// Names of a column, the most exact first; plain ones, see [`plain`].
pub(super) type Names = &'static [&'static str];

/// A stamp in one cell.
pub(super) const STAMP: Names = &[
    "ts",
    "timestamp",
    "datetime",
    "date time",
    "date/time",
    "open time",
    "time stamp",
    "unix",
    "unix timestamp",
    "unix time",
    "epoch",
    "window start",
    "start time",
    "bar start",
    "t",
];
/// A date, with the time of day beside it or without.
pub(super) const DATE: Names = &["date", "day", "datum", "fecha", "data", "日付", "日期"];
/// A time of day beside a date, or a stamp.
pub(super) const TIME: Names = &["time", "zeit", "uhrzeit", "hora", "ora", "heure", "時刻", "时间"];
/// The first price.
pub(super) const OPEN: Names = &[
    "open",
    "o",
    "opening",
    "eröffnung",
    "eroeffnung",
    "eröffnungskurs",
    "apertura",
    "abertura",
    "ouverture",
    "始値",
    "开盘",
];
/// The highest price.
pub(super) const HIGH: Names = &[
    "high",
    "h",
    "hoch",
    "höchst",
    "höchstkurs",
    "tageshoch",
    "máximo",
    "maximo",
    "máxima",
    "massimo",
    "max",
    "plus haut",
    "haut",
    "高値",
    "最高",
];
/// The lowest price.
pub(super) const LOW: Names = &[
    "low",
    "l",
    "tief",
    "tiefst",
    "tiefstkurs",
    "tagestief",
    "mínimo",
    "minimo",
    "mínima",
    "min",
    "plus bas",
    "bas",
    "安値",
    "最低",
];
/// The last price.
pub(super) const CLOSE: Names = &[
    "close",
    "c",
    "last",
    "schluss",
    "schlusskurs",
    "cierre",
    "chiusura",
    "clôture",
    "cloture",
    "fechamento",
    "último",
    "ultimo",
    "dernier",
    "price",
    "終値",
    "收盘",
];
/// The volume.
pub(super) const VOLUME: Names =
    &["volume", "vol", "v", "volumen", "volumes", "stück", "出来高", "成交量"];
/// The symbol of the row.
pub(super) const SYMBOL: Names =
    &["symbol", "ticker", "instrument", "tic", "sym", "act symbol", "security", "contract", "pair"];
/// Headings that a column of symbols may have, and one that says the same in every row as well.
pub(super) const PERHAPS_SYMBOL: Names =
    &["name", "code", "stock", "asset", "ric", "isin", "series", "coin", "currency pair", "market"];

/// A name without what vendors put around it: `1. open`, `<CLOSE>`, `Adj_Close`, `# date`.
pub(super) fn plain(name: &str) -> String {
    let name = name.trim().trim_start_matches('\u{feff}').to_lowercase().replace('_', " ");
    name.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | ' ' | '<' | '#'))
        .trim_end_matches(['>', ' ', '.'])
        .to_owned()
}

/// Whether `cells` name the four prices.
pub(super) fn are_names(cells: &[String]) -> bool {
    let has = |names: Names| cells.iter().any(|cell| names.contains(&plain(cell).as_str()));
    [OPEN, HIGH, LOW, CLOSE].into_iter().all(has)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_known_in_any_dress() {
        let cells = |line: &str| line.split(';').map(str::to_owned).collect::<Vec<String>>();
        assert!(are_names(&cells("# ts;1. open;2. high;3. low;4. close")));
        assert!(are_names(&cells("Datum;Zeit;Eröffnung;Hoch;Tief;Schluss")));
        assert!(are_names(&cells("<DATE>;<OPEN>;<HIGH>;<LOW>;<CLOSE>;<VOL>")));
        assert!(!are_names(&cells("Date;Open;High;Low;Volume")));
        assert_eq!(plain("Vol."), "vol");
    }
}
