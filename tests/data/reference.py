"""Writes the small reference data, tests/data/reference: bars that are made up, and what must come of them.

It knows nothing of the engine: Parquet files are written byte by byte, aggregates and indicators are computed
from their definitions by plain loops, hours of exchanges are written down from public announcements. Nothing but
Python's own library is needed.

    python3 tests/data/reference.py          writes the files
    python3 tests/data/reference.py --check  compares them with what it would write
"""

import datetime as dt
import math
import pathlib
import struct
import sys

ROOT = pathlib.Path(__file__).parent / "reference"
DATASET = "us-small"
DAY_US = 86_400_000_000
MINUTE_US = 60_000_000
EPOCH = dt.date(1970, 1, 1)

files = {}  # Path below ROOT to bytes.


# Parquet, as far as it is needed: one row group, plain values, no compression.

INT32, INT64, DOUBLE = 1, 2, 5


def varint(n):
    out = bytearray()
    while n > 0x7F:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    out.append(n)
    return bytes(out)


def zigzag(n):
    return varint(n * 2 if n >= 0 else -n * 2 - 1)


class Thrift:
    """A struct of the compact protocol; fields are given in rising order."""

    def __init__(self):
        self.bytes, self.last = bytearray(), 0

    def head(self, field, kind):
        self.bytes.append((field - self.last) << 4 | kind)
        self.last = field

    def int(self, field, value, wide=False):
        self.head(field, 6 if wide else 5)
        self.bytes += zigzag(value)
        return self

    def true(self, field):
        self.head(field, 1)
        return self

    def text(self, field, value):
        self.head(field, 8)
        self.bytes += varint(len(value)) + value.encode()
        return self

    def struct(self, field, value):
        self.head(field, 12)
        self.bytes += value.done()
        return self

    def list(self, field, kind, items):
        self.head(field, 9)
        self.bytes += bytes([len(items) << 4 | kind]) if len(items) < 15 else bytes([0xF0 | kind]) + varint(len(items))
        for item in items:
            self.bytes += item
        return self

    def done(self):
        return bytes(self.bytes) + b"\0"


def text_item(value):
    return varint(len(value)) + value.encode()


def parquet(path, columns):
    """Columns are (name, kind, values); kinds: ts, date, int, float, float? (may hold None)."""
    physical = {"ts": INT64, "date": INT32, "int": INT64, "float": DOUBLE, "float?": DOUBLE}
    formats = {INT32: "i", INT64: "q", DOUBLE: "d"}
    n_rows = len(columns[0][2])
    out = bytearray(b"PAR1")
    schema = [Thrift().text(4, "schema").int(5, len(columns)).done()]
    chunks, n_bytes = [], 0
    for name, kind, values in columns:
        assert len(values) == n_rows, (path, name)
        element = Thrift().int(1, physical[kind]).int(3, 1 if kind == "float?" else 0).text(4, name)
        if kind == "ts":
            micros = Thrift().struct(2, Thrift())
            element.int(6, 10).struct(10, Thrift().struct(8, Thrift().true(1).struct(2, micros)))
        elif kind == "date":
            element.int(6, 6).struct(10, Thrift().struct(6, Thrift()))
        schema.append(element.done())
        there = [value for value in values if value is not None]
        page = struct.pack(f"<{len(there)}{formats[physical[kind]]}", *there)
        if kind == "float?":
            levels = bytearray()
            at = 0
            while at < n_rows:
                is_there = values[at] is not None
                n = 1
                while at + n < n_rows and (values[at + n] is not None) == is_there:
                    n += 1
                levels += varint(n << 1) + bytes([1 if is_there else 0])
                at += n
            page = struct.pack("<i", len(levels)) + bytes(levels) + page
        data_page = Thrift().int(1, n_rows).int(2, 0).int(3, 3).int(4, 3)
        header = Thrift().int(1, 0).int(2, len(page)).int(3, len(page)).struct(5, data_page).done()
        offset, size = len(out), len(header) + len(page)
        out += header + page
        n_bytes += size
        meta = Thrift().int(1, physical[kind]).list(2, 5, [zigzag(0), zigzag(3)]).list(3, 8, [text_item(name)])
        meta.int(4, 0).int(5, n_rows, True).int(6, size, True).int(7, size, True).int(9, offset, True)
        chunks.append(Thrift().int(2, offset, True).struct(3, meta).done())
    group = Thrift().list(1, 12, chunks).int(2, n_bytes, True).int(3, n_rows, True).done()
    footer = Thrift().int(1, 2).list(2, 12, schema).int(3, n_rows, True).list(4, 12, [group])
    footer = footer.text(6, "reference.py").done()
    out += footer + struct.pack("<i", len(footer)) + b"PAR1"
    files[path] = bytes(out)


def csv(path, head, rows):
    lines = [head] + [",".join(str(cell) for cell in row) for row in rows]
    files[path] = ("\n".join(lines) + "\n").encode()


# Hours of exchanges, from their announcements.

D = dt.date.fromisoformat

NYSE_2024 = {
    "shut": "2024-01-01 2024-01-15 2024-02-19 2024-03-29 2024-05-27 2024-06-19 2024-07-04 2024-09-02 2024-11-28 2024-12-25",
    "early": "2024-07-03 2024-11-29 2024-12-24",
}
LSE_2024 = {
    "shut": "2024-01-01 2024-03-29 2024-04-01 2024-05-06 2024-05-27 2024-08-26 2024-12-25 2024-12-26",
    "early": "2024-12-24 2024-12-31",
}
TSE_2024 = {  # To the end of June: the hours were lengthened later that year.
    "shut": "2024-01-01 2024-01-02 2024-01-03 2024-01-08 2024-02-12 2024-02-23 2024-03-20 2024-04-29 2024-05-03 2024-05-06",
    "early": "",
}


def days_of(facts, first, last):
    shut = {D(day) for day in facts["shut"].split()}
    day, days = D(first), []
    while day <= D(last):
        if day.weekday() < 5 and day not in shut:
            days.append(day)
        day += dt.timedelta(1)
    return days


def is_early(facts, day):
    return day.isoformat() in facts["early"].split()


def instant(day, hour, minute, offset_h):
    """Microseconds of a wall clock that is `offset_h` hours ahead of UTC."""
    return ((day - EPOCH).days * 1440 + hour * 60 + minute - offset_h * 60) * MINUTE_US


def new_york_offset(day):
    return -4 if D("2024-03-10") <= day < D("2024-11-03") else -5


def london_offset(day):
    return 1 if D("2024-03-31") <= day < D("2024-10-27") else 0


def utc(us):
    return (dt.datetime(1970, 1, 1) + dt.timedelta(microseconds=us)).strftime("%Y-%m-%dT%H:%M:%SZ")


def nyse(day):
    offset = new_york_offset(day)
    return instant(day, 9, 30, offset), instant(day, 13 if is_early(NYSE_2024, day) else 16, 0, offset)


def calendars():
    head = "mic,session_date,open_utc,break_start_utc,break_end_utc,close_utc,early_close,late_open"
    rows = []
    for day in days_of(NYSE_2024, "2024-01-01", "2024-12-31"):
        since, until = nyse(day)
        rows.append(["XNYS", day, utc(since), "", "", utc(until), int(is_early(NYSE_2024, day)), 0])
    csv("calendars/XNYS_2024.csv", head, rows)
    rows, questions = [], []
    london = days_of(LSE_2024, "2024-01-01", "2024-12-31")
    for i, day in enumerate(london):
        offset, early = london_offset(day), is_early(LSE_2024, day)
        close = instant(day, 12 if early else 16, 30, offset)
        rows.append(["XLON", day, utc(instant(day, 8, 0, offset)), "", "", utc(close), int(early), 0])
        if early or day.day == 1:
            questions.append(["XLON", "close", day, "", utc(close)])
            questions.append(["XLON", "is_open", utc(close), "", 0])
        if i > 0 and (day - london[i - 1]).days > 3:
            questions.append(["XLON", "next_session", london[i - 1], "", day])
            questions.append(["XLON", "is_session", day - dt.timedelta(1), "", 0])
    csv("calendars/XLON_2024.csv", head, rows)
    csv("calendars/queries_XLON_2024.csv", "mic,kind,arg1,arg2,answer", questions)
    rows = []
    for day in days_of(TSE_2024, "2024-01-01", "2024-06-28"):
        at = [utc(instant(day, hour, minute, 9)) for hour, minute in [(9, 0), (11, 30), (12, 30), (15, 0)]]
        rows.append(["XTKS", day, *at, 0, 0])
    csv("calendars/XTKS_2024.csv", head, rows)
    rows = []
    for i in range(14):
        day = D("2024-02-23") + dt.timedelta(i)
        rows.append(["24/7", day, utc(instant(day, 0, 0, 0)), "", "", utc(instant(day, 24, 0, 0)), 0, 0])
    csv("calendars/24x7_2024.csv", head, rows)


# Bars. Prices are whole cents until they are written, so that sums of them are exact.

SESSIONS = [D("2024-11-27"), D("2024-11-29"), D("2024-12-02")]  # The second closes at one.


class Draw:
    """Numbers that look random: a linear congruence, the same everywhere."""

    def __init__(self, seed):
        self.state = seed

    def below(self, n):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self.state >> 33) % n


class Bar:
    def __init__(self, ts, open_, high, low, close, volume, day):
        self.ts, self.open, self.high, self.low, self.close, self.volume = ts, open_, high, low, close, volume
        self.day = day
        self.n = self.expected = 1


def drawn(draw, ts, price, day, reach):
    open_ = max(price + draw.below(2 * reach + 1) - reach, 100)
    close = max(open_ + draw.below(4 * reach + 1) - 2 * reach, 100)
    high = max(open_, close) + draw.below(reach + 1)
    low = min(open_, close) - draw.below(reach + 1)
    return Bar(ts, open_, high, low, close, 100 * draw.below(400), day)


def minutes(seed, price, missing_of_ten, extra):
    """Minutes of the sessions; `extra` of them before the open and after the close."""
    draw, bars = Draw(seed), []
    for day in SESSIONS:
        since, until = nyse(day)
        for ts in range(since - extra * MINUTE_US, until + extra * MINUTE_US, MINUTE_US):
            if draw.below(10) < missing_of_ten:
                continue
            bars.append(drawn(draw, ts, price, day, 6))
            price = bars[-1].close
    return bars


def days(seed, price):
    draw, bars = Draw(seed), []
    for day in days_of(NYSE_2024, "2024-08-19", "2024-12-06"):
        if day == D("2024-10-09"):
            continue  # A day that the source lost.
        bars.append(drawn(draw, instant(day, 0, 0, 0), price, day, 150))
        price = bars[-1].close
    return bars


def regular(bars):
    return [bar for bar in bars if nyse(bar.day)[0] <= bar.ts < nyse(bar.day)[1]]


def folded(ts, bars, day, expected):
    made = Bar(ts, bars[0].open, max(b.high for b in bars), min(b.low for b in bars), bars[-1].close, 0, day)
    made.volume = sum(b.volume for b in bars)
    made.n, made.expected = len(bars), expected
    return made


def aggregate(bars, n_minutes):
    """Bins from each session's open, cut at its close; bins without a bar are no bars."""
    made = []
    for day in SESSIONS:
        since, until = nyse(day)
        inside = [bar for bar in bars if since <= bar.ts < until]
        at = since
        while at < until:
            end = min(at + n_minutes * MINUTE_US, until)
            these = [bar for bar in inside if at <= bar.ts < end]
            if these:
                made.append(folded(at, these, day, (end - at) // MINUTE_US))
            at = end
    return made


def weeks(bars):
    by_monday = {}
    for bar in bars:
        by_monday.setdefault(bar.day - dt.timedelta(bar.day.weekday()), []).append(bar)
    made = []
    for monday, these in sorted(by_monday.items()):
        sunday = monday + dt.timedelta(6)
        expected = len(days_of(NYSE_2024, monday.isoformat(), sunday.isoformat()))
        made.append(folded(instant(monday, 0, 0, 0), these, monday, expected))
    return made


def ohlcv(bars):
    prices = [(name, "float", [getattr(bar, field) / 100 for bar in bars])
              for name, field in [("open", "open"), ("high", "high"), ("low", "low"), ("close", "close")]]
    return prices + [("volume", "float", [float(bar.volume) for bar in bars])]


def write_bars(interval, symbol, bars):
    parquet(f"data/bars/{DATASET}/{interval}/{symbol}.parquet", [("ts", "ts", [bar.ts for bar in bars])] + ohlcv(bars))


def write_aggregate(interval, symbol, bars):
    parquet(
        f"data/truth/agg/{DATASET}/{interval}/{symbol}.parquet",
        [("ts", "ts", [bar.ts for bar in bars])] + ohlcv(bars) + [
            ("n", "int", [bar.n for bar in bars]),
            ("expected", "int", [bar.expected for bar in bars]),
            ("session_date", "date", [(bar.day - EPOCH).days for bar in bars]),
        ],
    )


# Indicators, from their definitions; None where a value is not defined yet.


def windows(values, n):
    """The last `n` values at each row from row n - 1 on."""
    return [values[row - n + 1:row + 1] if row >= n - 1 else None for row in range(len(values))]


def mean(values):
    return math.fsum(values) / len(values)


def each(windows_, of):
    return [None if window is None else of(window) for window in windows_]


def smoothed(values, first, start, step):
    """`start` at row `first`, from there on `step(before, value)`."""
    out, at = [None] * len(values), None
    for row in range(first, len(values)):
        at = start if row == first else step(at, values[row])
        out[row] = at
    return out


def ema(values, n, first):
    """Starts at row `first` with the mean of the `n` values up to there."""
    if first >= len(values):
        return [None] * len(values)
    k = 2 / (n + 1)
    return smoothed(values, first, mean(values[first - n + 1:first + 1]), lambda e, x: e + (x - e) * k)


def wilder(values, n, first):
    """Wilder's mean, which starts at row `first` with the mean of the `n` values up to there."""
    if first >= len(values):
        return [None] * len(values)
    return smoothed(values, first, mean(values[first - n + 1:first + 1]), lambda m, x: ((n - 1) * m + x) / n)


def rows_of(of, *columns):
    return [None if None in row else of(*row) for row in zip(*columns)]


def indicators(bars, is_intraday):
    n_rows = len(bars)
    high, low, close = ([getattr(bar, field) / 100 for bar in bars] for field in ("high", "low", "close"))
    volume = [float(bar.volume) for bar in bars]
    moves = [0.0] + [close[i] - close[i - 1] for i in range(1, n_rows)]
    out = {}
    last20 = windows(close, 20)
    out["sma_20"] = each(last20, mean)
    out["wma_20"] = each(last20, lambda w: math.fsum((i + 1) * x for i, x in enumerate(w)) / 210)
    out["ema_20"] = ema(close, 20, 19)
    up = wilder([max(move, 0.0) for move in moves], 14, 14)
    down = wilder([max(-move, 0.0) for move in moves], 14, 14)
    out["rsi_14"] = rows_of(lambda u, d: 100 * u / (u + d) if u + d > 0 else 0.0, up, down)
    true_range = [None] + [
        max(high[i] - low[i], abs(high[i] - close[i - 1]), abs(low[i] - close[i - 1])) for i in range(1, n_rows)
    ]
    out["trange"] = true_range
    out["atr_14"] = wilder([0.0] + true_range[1:], 14, 14)
    fast, slow = ema(close, 12, 25), ema(close, 26, 25)
    line = [0.0 if a is None else a - b for a, b in zip(fast, slow)]
    signal = ema(line, 9, 33)
    out["macd"] = [None if s is None else m for m, s in zip(line, signal)]
    out["macd_signal"] = signal
    out["macd_hist"] = rows_of(lambda m, s: m - s, out["macd"], signal)

    def deviation(window):
        middle = mean(window)
        return math.sqrt(math.fsum((x - middle) ** 2 for x in window) / len(window))

    out["stddev_20"] = each(last20, deviation)
    out["bb_upper"] = rows_of(lambda m, s: m + 2 * s, out["sma_20"], out["stddev_20"])
    out["bb_middle"] = out["sma_20"]
    out["bb_lower"] = rows_of(lambda m, s: m - 2 * s, out["sma_20"], out["stddev_20"])
    highest, lowest = each(windows(high, 14), max), each(windows(low, 14), min)
    raw = rows_of(lambda h, l, c: 100 * (c - l) / (h - l) if h > l else 0.0, highest, lowest, close)
    k = [mean(raw[i - 2:i + 1]) if i >= 15 else None for i in range(n_rows)]
    d = [mean(k[i - 2:i + 1]) if i >= 17 else None for i in range(n_rows)]
    out["stoch_k"] = [value if i >= 17 else None for i, value in enumerate(k)]
    out["stoch_d"] = d
    plus, minus = [0.0] * n_rows, [0.0] * n_rows
    for i in range(1, n_rows):
        # By float64, as the definition has it: moves that are equal on paper may differ by rounding.
        rise, fall = high[i] - high[i - 1], low[i - 1] - low[i]
        plus[i] = rise if rise > fall and rise > 0 else 0.0
        minus[i] = fall if fall > rise and fall > 0 else 0.0

    def wilder_sum(values):
        sums, at = [None] * n_rows, math.fsum(values[1:14])
        for row in range(14, n_rows):
            at = at - at / 14 + values[row]
            sums[row] = at
        return sums

    ranges = wilder_sum([0.0] + true_range[1:])
    share = lambda part, whole: 100 * part / whole if whole > 0 else 0.0
    out["plus_di_14"] = rows_of(share, wilder_sum(plus), ranges)
    out["minus_di_14"] = rows_of(share, wilder_sum(minus), ranges)
    dx = rows_of(lambda p, m: 100 * abs(p - m) / (p + m) if p + m > 0 else 0.0, out["plus_di_14"], out["minus_di_14"])
    out["adx_14"] = wilder([0.0 if x is None else x for x in dx], 14, 27)
    typical_cents = [bar.high + bar.low + bar.close for bar in bars]
    typical = [cents / 300 for cents in typical_cents]

    def cci(window):
        middle = mean(window)
        off = mean([abs(x - middle) for x in window])
        return (window[-1] - middle) / (0.015 * off) if off > 1e-12 else 0.0

    out["cci_20"] = each(windows(typical, 20), cci)
    flows = [0.0] + [
        (1 if typical_cents[i] > typical_cents[i - 1] else -1 if typical_cents[i] < typical_cents[i - 1] else 0)
        * typical[i] * volume[i] for i in range(1, n_rows)
    ]

    def mfi(window):
        rising = math.fsum(flow for flow in window if flow > 0)
        falling = math.fsum(-flow for flow in window if flow < 0)
        return 100 * rising / (rising + falling) if rising + falling > 0 else 0.0

    out["mfi_14"] = [mfi(flows[i - 13:i + 1]) if i >= 14 else None for i in range(n_rows)]
    obv = [volume[0]] if volume else []
    for i in range(1, n_rows):
        sign = (bars[i].close > bars[i - 1].close) - (bars[i].close < bars[i - 1].close)
        obv.append(obv[-1] + sign * volume[i])
    out["obv"] = obv
    out["mom_10"] = [(bars[i].close - bars[i - 10].close) / 100 if i >= 10 else None for i in range(n_rows)]
    out["roc_10"] = [100 * (close[i] / close[i - 10] - 1) if i >= 10 else None for i in range(n_rows)]
    out["willr_14"] = rows_of(lambda h, l, c: -100 * (h - c) / (h - l) if h > l else 0.0, highest, lowest, close)
    if is_intraday:
        vwap, paid, traded, day = [], 0.0, 0.0, None
        for i, bar in enumerate(bars):
            if bar.day != day:
                paid, traded, day = 0.0, 0.0, bar.day
            paid, traded = paid + typical[i] * volume[i], traded + volume[i]
            vwap.append(paid / traded if traded > 0 else None)
        out["vwap"] = vwap
    return out


def write_indicators(interval, symbol, bars):
    columns = indicators(bars, interval != "1d")
    parquet(
        f"data/truth/ind/{DATASET}/{interval}/{symbol}.parquet",
        [("ts", "ts", [bar.ts for bar in bars])] + [(name, "float?", values) for name, values in columns.items()],
    )


# Quality, lists and CSV.


def longest_gap(present, n):
    longest = run = 0
    for i in range(n):
        run = 0 if i in present else run + 1
        longest = max(longest, run)
    return longest


def hour(us):
    return utc(us)[11:16]


def quality(series):
    head = ("dataset,symbol,date,session,early_close,open_utc,close_utc,rows,pre,regular,post,out_of_hours,"
            "expected,missing,longest_gap,quality_pct,first_utc,last_utc,volume_regular")
    rows = []
    for symbol, bars in series:
        for day in SESSIONS:
            since, until = nyse(day)
            these = [bar for bar in bars if bar.day == day]
            inside = [bar for bar in these if since <= bar.ts < until]
            before = len([bar for bar in these if bar.ts < since])
            after = len(these) - len(inside) - before
            n = (until - since) // MINUTE_US
            gap = longest_gap({(bar.ts - since) // MINUTE_US for bar in inside}, n)
            rows.append([
                DATASET, symbol, day, 1, int(is_early(NYSE_2024, day)), hour(since), hour(until), len(these), before,
                len(inside), after, 0, n, n - len(inside), gap, 100 * len(inside) / n, hour(these[0].ts),
                hour(these[-1].ts), float(sum(bar.volume for bar in inside)),
            ])
    csv("data/truth/quality/us_sessions.csv", head, rows)


def price(cents):
    return f"{cents // 100}.{cents % 100:02}"


def write_csv(symbol, bars):
    canonical = [[utc(b.ts), *map(price, (b.open, b.high, b.low, b.close)), float(b.volume)] for b in bars]
    csv(f"data/csv/canonical/{DATASET}_{symbol}_1m.csv", "ts,open,high,low,close,volume", canonical)
    # As a vendor writes it: New York's wall clock, the bar's end, the newest first.
    raw = []
    for b in reversed(bars):
        local = b.ts + MINUTE_US + new_york_offset(b.day) * 60 * MINUTE_US
        stamp = utc(local).replace("T", " ").rstrip("Z")
        raw.append([stamp, *map(price, (b.open, b.high, b.low, b.close)), b.volume])
    csv(f"data/csv/raw/{DATASET}_{symbol}_1m.csv", "datetime,open,high,low,close,volume", raw)


def main():
    calendars()
    dense, sparse, daily = minutes(7, 21_000, 0, 3), minutes(11, 4_550, 4, 5), days(13, 22_600)
    dense = [bar for i, bar in enumerate(dense) if i not in (40, 41, 42, 500)]
    csv("data/calendar/us_equity_sessions.csv", "session,open_utc,close_utc,early_close,minutes", [
        [day, utc(nyse(day)[0]), utc(nyse(day)[1]), int(is_early(NYSE_2024, day)),
         (nyse(day)[1] - nyse(day)[0]) // MINUTE_US]
        for day in days_of(NYSE_2024, "2024-11-01", "2024-12-31")
    ])
    rows = []
    for interval, symbol, bars in [("1m", "AAA", dense), ("1m", "BBB", sparse), ("1d", "AAA", daily)]:
        write_bars(interval, symbol, bars)
        path = f"bars/{DATASET}/{interval}/{symbol}.parquet"
        first, last = bars[0].ts, bars[-1].ts
        rows.append([path, "bars", DATASET, interval, symbol, "XNYS", len(bars), utc(first), utc(last)])
    csv("data/series.csv", "path,kind,dataset,interval,symbol,session,rows,first_ts,last_ts", rows)
    for symbol, bars in [("AAA", dense), ("BBB", sparse)]:
        inside = regular(bars)
        for interval, n_minutes in [("5m", 5), ("15m", 15), ("1h", 60), ("1d", 390)]:
            write_aggregate(interval, symbol, aggregate(inside, n_minutes))
        write_indicators("5m", symbol, aggregate(inside, 5))
    write_indicators("1m", "BBB", regular(sparse))
    write_aggregate("1w", "AAA", weeks(daily))
    write_indicators("1d", "AAA", daily)
    quality([("AAA", dense), ("BBB", sparse)])
    write_csv("BBB", sparse)
    if sys.argv[1:] == ["--check"]:
        stale = [path for path, data in files.items() if not (ROOT / path).is_file() or (ROOT / path).read_bytes() != data]
        there = {str(path.relative_to(ROOT)) for path in ROOT.rglob("*") if path.is_file()}
        stale += sorted(there - set(files))
        if stale:
            sys.exit("stale, run `python3 tests/data/reference.py`: " + ", ".join(stale))
        return
    for path, data in files.items():
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_bytes(data)


main()
