//! Bars from bars, indicators and quality, each right to the last digit.
