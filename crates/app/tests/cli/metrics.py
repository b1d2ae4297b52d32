"""Figures of an equity curve by two libraries that know nothing of ours, as JSON: one object a library.

A curve has a row for each session's close; of a library that is not installed nothing is said.
"""

import json
import math
import sys

import polars

path, start, sessions_per_year = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
frame = polars.read_parquet(path).sort("at")
equity = [start, *frame["equity"].to_list()]
returns = [after / before - 1 for before, after in zip(equity, equity[1:])]
found = {}

try:
    import empyrical
    import pandas

    series = pandas.Series(returns, index=pandas.to_datetime(frame["at"].to_list()))
    of = {"annualization": sessions_per_year}
    found["empyrical"] = {
        "total": empyrical.cum_returns_final(series),
        "growth": empyrical.annual_return(series, **of),
        "volatility": empyrical.annual_volatility(series, **of),
        "sharpe": empyrical.sharpe_ratio(series, **of),
        "sortino": empyrical.sortino_ratio(series, **of),
        "drawdown_of_closes": -empyrical.max_drawdown(series),
    }
except ImportError:
    pass

try:
    import pandas
    import quantstats

    series = pandas.Series(returns, index=pandas.to_datetime(frame["at"].to_list()).tz_localize(None))
    stats = quantstats.stats
    found["quantstats"] = {
        "total": stats.comp(series),
        "volatility": stats.volatility(series, periods=sessions_per_year),
        "sharpe": stats.sharpe(series, periods=sessions_per_year),
        "sortino": stats.sortino(series, periods=sessions_per_year),
        "drawdown_of_closes": -stats.max_drawdown(series),
    }
except ImportError:
    pass

for figures in found.values():
    for name, value in figures.items():
        figures[name] = float(value)
        assert math.isfinite(figures[name]), name
print(json.dumps(found))
