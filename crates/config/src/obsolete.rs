//! The keys of older formats, and what to write today.

use crate::path::JsonPath;

// The end of the path of a key, and what took its place. Of several that fit the first counts.
const SUCCESSORS: [(&str, &str); 13] = [
    ("data_streams", "write session_data_config.streams"),
    ("historical_bars", "write session_data_config.historical.data"),
    ("prefetch", "write backtest_config.prefetch_days"),
    (
        "quality_update_frequency",
        "drop it: quality is up to date at every bar; gap_filler.enable_session_quality and \
         historical.enable_quality switch it",
    ),
    ("data_upkeep", "write session_data_config.gap_filler"),
    (
        "backtest_config.use_clock_time",
        "write backtest_config.speed_multiplier: 1 for true, 0 for false",
    ),
    ("backtest_config.enabled", "drop it: \"mode\": \"backtest\" says it"),
    (
        "historical.enabled",
        "drop it: session_data_config.historical.data says what is loaded, an empty list nothing",
    ),
    ("historical.trailing_days", "write it in each entry of session_data_config.historical.data"),
    ("historical.intervals", "write it in each entry of session_data_config.historical.data"),
    ("historical.auto_load", "drop it: what historical.data names is always loaded"),
    ("historical.indicators", "write session_data_config.indicators.historical"),
    ("trading_config.paper_trading", "drop it: \"mode\" says whether a session is live"),
];

/// What to write instead of the key at `path`; absent where no older format had it.
pub(crate) fn successor_of(path: &JsonPath) -> Option<&'static str> {
    let is_end = |end: &str| {
        path.as_str().strip_suffix(end).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    SUCCESSORS.iter().find(|(end, _)| is_end(end)).map(|(_, successor)| *successor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_obsolete_by_the_end_of_its_path() {
        let root = JsonPath::root();
        assert!(successor_of(&root.key("data_streams")).is_some());
        let streaming = root.key("session_data_config").key("streaming");
        assert_eq!(
            successor_of(&streaming.key("data_upkeep")),
            Some("write session_data_config.gap_filler")
        );
        assert_eq!(successor_of(&streaming.key("trailing_days")), None);
        assert_eq!(successor_of(&root.key("my_prefetch")), None);
    }
}
