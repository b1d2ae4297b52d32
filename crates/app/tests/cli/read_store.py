"""Reads a store and a symbol of an export as a notebook would, and prints what it finds."""

import sys

import duckdb
import polars

store, exported = sys.argv[1:3]
columns = ["symbol", "interval", "ts", "open", "high", "low", "close", "volume"]
order = ["symbol", "interval", "ts"]

rows = duckdb.sql(
    f"""select symbol, interval, epoch_us(ts), open, high, low, close, volume
    from read_parquet('{store}/*/*/*/*.parquet', hive_partitioning = true)
    order by symbol, interval, ts"""
).fetchall()

frame = (
    polars.scan_parquet(f"{store}/**/*.parquet", hive_partitioning=True)
    .select(columns)
    .sort(order)
    .with_columns(polars.col("ts").dt.epoch("us"))
    .collect()
)
assert frame.rows() == rows, "polars and duckdb read different rows"

for symbol, interval, n_rows, volume in duckdb.sql(
    f"""select symbol, interval, count(*), sum(volume)::bigint
    from read_parquet('{store}/*/*/*/*.parquet', hive_partitioning = true)
    group by all order by all"""
).fetchall():
    print(f"{symbol} {interval} {n_rows} {volume}")

# What a run showed of the day is what the store holds of it.
shown = duckdb.sql(
    f"""select epoch_us(ts), open, high, low, close, volume
    from '{exported}/bars/1m/AAPL.parquet' order by ts"""
).fetchall()
first, last = shown[0][0], shown[-1][0]
stored = [
    row[2:] for row in rows if row[:2] == ("AAPL", "1m") and first <= row[2] <= last
]
assert shown == stored, "an export differs from the store"
print(f"AAPL shown {len(shown)}")
