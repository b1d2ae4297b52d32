"""The fills of a moving-average cross in backtrader over the bars of an export, as `stamp,units,price` lines."""

import datetime
import sys

import backtrader
import polars

frame = polars.read_parquet(sys.argv[1]).sort("ts")


class Bars(backtrader.feed.DataBase):
    """The rows of the export, one after the other."""

    def start(self):
        super().start()
        self.rows = iter(frame.iter_rows(named=True))

    def _load(self):
        row = next(self.rows, None)
        if row is None:
            return False
        self.lines.datetime[0] = backtrader.date2num(row["ts"].replace(tzinfo=None))
        for name in ("open", "high", "low", "close", "volume"):
            getattr(self.lines, name)[0] = row[name]
        self.lines.openinterest[0] = 0
        return True


class Cross(backtrader.Strategy):
    """Holds a hundred while the fast mean stands above the slow one."""

    def __init__(self):
        self.fast = backtrader.indicators.SMA(self.data.close, period=5)
        self.slow = backtrader.indicators.SMA(self.data.close, period=20)
        self.was_above = None

    def next(self):
        is_above = self.fast[0] > self.slow[0]
        if self.was_above is not None and is_above != self.was_above:
            self.order_target_size(target=100 if is_above else 0)
        self.was_above = is_above

    def notify_order(self, order):
        if order.status == order.Completed:
            # Its clock counts days as a double: a stamp comes back some microseconds off.
            at = backtrader.num2date(order.executed.dt) + datetime.timedelta(milliseconds=500)
            size = int(order.executed.size)
            stamp = at.replace(microsecond=0).strftime("%Y-%m-%dT%H:%M:%SZ")
            price = order.executed.price
            print(f"{stamp},{size},{price:.12g}")


cerebro = backtrader.Cerebro()
cerebro.broker.set_cash(1_000_000.0)
cerebro.adddata(Bars(timeframe=backtrader.TimeFrame.Minutes))
cerebro.addstrategy(Cross)
cerebro.run()
