//! One topic taken out of what an exchange says, as where a vendor's stream of it has died.

use openbell_market::Symbol;
use serde_json::Value;

/// `text` without the bars of the symbols `silent`; `None` where nothing is left of it.
pub fn without_topics<'s>(
    text: String,
    silent: impl Iterator<Item = &'s Symbol>,
) -> Option<String> {
    let silent: Vec<&str> = silent.map(Symbol::as_str).collect();
    let is_named = |text: &str| silent.iter().any(|name| text.contains(&format!("{name:?}")));
    if silent.is_empty() || !is_named(&text) {
        return Some(text);
    }
    let Ok(value) = serde_json::from_str::<Value>(&text) else { return Some(text) };
    let name = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let is_silent = |name: Option<String>| name.is_some_and(|name| silent.contains(&&*name));
    match value {
        Value::Array(parts) => {
            let kept: Vec<Value> =
                parts.into_iter().filter(|part| !is_silent(name(part, "S"))).collect();
            (!kept.is_empty()).then(|| Value::Array(kept).to_string())
        }
        value => {
            let of_binance = value.get("data").and_then(|data| name(data, "s"));
            let is_ohlc = name(&value, "channel").is_some_and(|channel| channel == "ohlc");
            let first = value.get("data").and_then(|data| data.get(0));
            let of_kraken = first.and_then(|first| name(first, "symbol")).filter(|_| is_ohlc);
            (!is_silent(of_binance.or(of_kraken))).then_some(text)
        }
    }
}
