//! The one board of the day: what can be read, by whom, and from when.
