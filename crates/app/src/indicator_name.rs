//! What a column of an indicator is called in files that the program writes.

use openbell_session_data::IndicatorColumns;

/// `sma_20_5m`, and of an indicator with several fields `macd_12_26_9_5m.signal`.
pub(crate) fn column_name(indicator: &IndicatorColumns, field: usize) -> String {
    match indicator.fields.get(field) {
        Some(field) => format!("{}.{field}", indicator.key),
        None => indicator.key.to_string(),
    }
}
