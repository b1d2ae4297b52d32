//! The only door to data: the Parquet store, feeds, import, and the synthetic market.
