"""Recomputes what an account filled and what it came to, from bars and orders: plain loops, nothing of the engine.

Lines come in, lines go out. In: `settings`, then in order of time `open`, `bar`, `publish`, `close`, `order`,
`cancel`; `name` says under which number an exit of an entry is cancelled. Out: `fill` and `figure` lines.
Nothing but Python's own library is needed.
"""

import math
import sys

settings = {}
cash = 0.0
held, average, marks, latest = {}, {}, {}, {}
orders = []  # All that rest, in order of arrival.
exit_names = {}  # Numbers of exits by their entry.
frozen = []  # Money that is not to be spent in bars that open before.
last_bars = {}  # By symbol: the bar, and the volume that is left of it.
lines, closes, traded = [], [], 0.0
gains = []  # Of closed trades.
open_trades = {}  # By symbol: what the trade has come to.
peak, depth = None, 0.0


class Order:
    def __init__(self, number, symbol, side, kind, stop, limit, lots, given, stays, reduces, exit_stop, exit_target):
        self.number, self.symbol, self.sign, self.kind = number, symbol, 1 if side == "buy" else -1, kind
        self.stop, self.limit, self.left, self.given = stop, limit, lots, given
        self.lots = lots
        self.stays, self.reduces, self.exits = stays, reduces, (exit_stop, exit_target)
        self.pulled = self.done = False
        self.partner = self.entered = None
        self.units = self.value = self.paid = 0.0
        self.reserve = None

    def slips(self):
        return self.kind in ("market", "stop", "on_close")


def end(order):
    order.done = True
    if order.partner:
        order.partner.partner = None
        order.partner = None


def owed(units, value):
    if units <= 0:
        return 0.0
    s = settings
    return max(s["min"], s["per_trade"] + s["per_share"] * units + s["bps"] / 10_000.0 * value)


def closable(symbol, sign):
    lots = held.get(symbol, 0)
    return abs(lots) if lots * sign < 0 else 0


def free(without=None):
    money = cash - sum(amount for _, amount in frozen)
    for symbol in sorted(set(held) | {order.symbol for order in orders}):
        rest = {1: closable(symbol, 1), -1: closable(symbol, -1)}
        for order in orders:
            if order.symbol != symbol or order.done or order.reduces:
                continue
            if without and order in (without, without.partner):
                continue
            if order.partner and order.partner.number < order.number:
                continue
            closing = min(order.left, rest[order.sign])
            rest[order.sign] -= closing
            opening = order.left - closing
            if opening:
                price = max(order.reserve, order.partner.reserve) if order.partner else order.reserve
                fee = owed(order.units + opening, order.value + opening * price) - order.paid
                needed = opening * price + max(fee, 0.0)
                if order.sign > 0:  # No more than what is left of the sum for all of it.
                    whole = order.lots * price + owed(order.lots, order.lots * price)
                    needed = min(needed, max(whole - order.value - order.paid, 0.0))
                money -= needed
        if held.get(symbol, 0) < 0:
            money -= 2.0 * -held[symbol] * marks[symbol]
    return money


def touches(order, bar):
    """The price and `open` or `inside`; `armed` where a stop-limit is triggered; None."""
    _, opens, _, o, h, l, _, _ = bar
    buy = order.sign > 0
    inside_only = False
    if order.entered and order.entered[0] == opens:
        if order.entered[1] == "close":
            return None
        inside_only = order.entered[1] == "inside"
    elif order.given > opens:
        return None
    if order.kind == "on_close":
        return None

    def as_limit():
        if o <= order.limit if buy else o >= order.limit:
            return (o, "open")
        if l < order.limit if buy else h > order.limit:
            return (order.limit, "inside")
        return None

    if order.kind == "market" or (order.kind == "stop" and order.pulled):
        return (o, "open")
    if order.kind == "limit":
        return None if inside_only else as_limit()
    if order.kind == "stop_limit" and order.pulled:
        return as_limit()
    if not (h >= order.stop if buy else l <= order.stop):
        return None
    gaps = (o >= order.stop if buy else o <= order.stop) and not inside_only
    if order.kind == "stop":
        return (o, "open") if gaps else (order.stop, "inside")
    return (as_limit() if gaps else None) or "armed"


def fill(order, price, moment, bar, volume):
    """Fills what can be filled; returns the volume that is left."""
    global cash, traded
    symbol, opens, until = bar[:3]
    if price <= 0:
        end(order)
        return volume
    slip = price * settings["slippage"] / 10_000.0 if order.slips() else 0.0
    each = price + order.sign * slip
    can_close = closable(symbol, order.sign)
    wanted, rest_ends = order.left, False
    if order.reduces or (order.sign < 0 and not settings["short"]):
        wanted = min(wanted, can_close)
    lots = min(wanted, volume)
    rest_ends = wanted < order.left and lots == wanted
    closing = min(lots, can_close)
    opening = lots - closing
    if opening:
        money = free(order)

        def covers(more):
            all_units = order.units + closing + more
            fee = owed(all_units, order.value + (closing + more) * each) - order.paid
            return more * each + max(fee, 0.0) <= money

        if not covers(opening):
            rest_ends = True
            low, high = 0, opening
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if covers(middle) else (low, middle)
            opening = low
        lots = closing + opening
    if lots:
        before = free()
        order.units += lots
        order.value += lots * each
        fee = owed(order.units, order.value) - order.paid
        order.paid += fee
        cash -= order.sign * lots * each + fee
        traded += lots * each
        trade = open_trades.get(symbol, 0.0)
        was = held.get(symbol, 0)
        if closing:
            trade += (1 if was > 0 else -1) * (each - average[symbol]) * closing - fee * closing / lots
        held[symbol] = was + order.sign * lots
        if closing and (held[symbol] == 0 or opening):
            gains.append(trade)
            trade = 0.0
        trade -= fee * opening / lots
        open_trades[symbol] = trade
        if opening:
            old = abs(was) if not closing else 0
            average[symbol] = (average.get(symbol, 0.0) * old + each * opening) / (old + opening)
        volume -= lots
        order.left -= lots
        if order.partner:
            order.partner.left = max(order.partner.left - lots, 0)
            if order.partner.left == 0:
                end(order.partner)
        if order.left == 0:
            end(order)
        if free() > before:
            frozen.append((until, free() - before))
        at = opens if moment == "open" else until
        lines.append(f"fill {symbol} {order.sign * lots} {each!r} {fee!r} {at}")
        if opening and order.exits != (None, None):
            made = []
            for kind, price_of in (("stop", order.exits[0]), ("limit", order.exits[1])):
                if price_of is None:
                    continue
                names = exit_names.get(order.number, [])
                exit_order = Order(names.pop(0) if names else None, symbol, "sell" if order.sign > 0 else "buy",
                                   kind, price_of, price_of, opening, order.given, True, True, None, None)
                exit_order.entered, exit_order.reserve = (opens, moment), 0.0
                made.append(exit_order)
            if len(made) == 2:
                made[0].partner, made[1].partner = made[1], made[0]
            orders.extend(made)
        if closing and closable(symbol, order.sign) == 0:
            for other in orders:
                if other.symbol == symbol and other.reduces and other.sign == order.sign and not other.done:
                    end(other)
    if rest_ends and not order.done:
        end(order)
    return volume


def meet(bar):
    symbol, opens = bar[:2]
    frozen[:] = [(until, money) for until, money in frozen if until > opens]
    for name, (price, at) in list(latest.items()):
        if at <= opens:
            marks[name] = price
    volume = math.floor(settings["participation"] * bar[7])
    seen = set()
    at = 0
    while at < len(orders):
        order = orders[at]
        at += 1
        if order.symbol != symbol or order.done or id(order) in seen:
            continue
        turn = [order]
        if order.partner:
            stop, target = (order, order.partner) if order.kind == "stop" else (order.partner, order)
            seen.add(id(order.partner))
            by_stop, by_target = touches(stop, bar), touches(target, bar)
            target_opens = by_target and by_target[1] == "open" and not (by_stop and by_stop[1] == "open")
            turn = [target, stop] if target_opens or not by_stop else [stop]
        seen.add(id(order))
        for one in turn:
            touch = None if one.done else touches(one, bar)
            if not touch:
                continue
            if one.kind in ("stop", "stop_limit"):
                one.pulled = True
                if one.partner:
                    end(one.partner)
            if touch != "armed":
                volume = fill(one, touch[0], touch[1], bar, volume)
    last_bars[symbol] = (bar, volume)
    latest[symbol] = (bar[6], bar[2])


def publish():
    global peak, depth
    frozen.clear()
    for name, (price, _) in latest.items():
        marks[name] = price
    orders[:] = [order for order in orders if not order.done]
    equity = cash + sum(lots * marks[name] for name, lots in held.items())
    peak = equity if peak is None else max(peak, equity)
    depth = max(depth, 1.0 - equity / peak)
    return equity


def close(at):
    for symbol in sorted(last_bars):
        bar, volume = last_bars[symbol]
        for order in list(orders):
            is_due = order.symbol == symbol and order.kind == "on_close" and not order.done
            if is_due and order.given <= bar[1]:
                volume = fill(order, bar[6], "close", bar, volume)
        last_bars[symbol] = (bar, volume)
    for order in orders:
        if not order.stays and order.given < at:
            end(order)
    closes.append(publish())


def number(text):
    return None if text == "-" else float(text)


for line in sys.stdin:
    word, *rest = line.split()
    if word == "settings":
        names = ["cash", "participation", "slippage", "per_trade", "per_share", "bps", "min", "short"]
        settings = dict(zip(names, map(float, rest)))
        cash = settings["cash"]
        peak = cash
    elif word == "name":
        exit_names.setdefault(int(rest[1]), []).append(int(rest[0]))
    elif word == "bar":
        meet((rest[0], int(rest[1]), int(rest[2]), *map(float, rest[3:])))
    elif word == "publish":
        publish()
    elif word == "close":
        close(int(rest[0]))
    elif word == "cancel":
        for order in orders:
            if order.number == int(rest[0]):
                end(order)
        orders[:] = [order for order in orders if not order.done]
    elif word == "order":
        order = Order(int(rest[0]), rest[1], rest[2], rest[3], number(rest[4]), number(rest[5]), int(rest[6]),
                      int(rest[7]), rest[8] == "stays", rest[9] == "reduces", number(rest[10]), number(rest[11]))
        known = float(rest[12])
        marks[order.symbol] = known
        price = {"market": known, "on_close": known, "stop": order.stop}.get(order.kind, order.limit)
        order.reserve = price * (1.0 + settings["slippage"] / 10_000.0) if order.slips() else price
        if rest[13] != "-":
            for other in orders:
                if other.number == int(rest[13]):
                    other.partner, order.partner = order, other
        orders.append(order)

print("\n".join(lines))
start = settings["cash"]
returns = [now / before - 1.0 for before, now in zip([start] + closes, closes)]
n = len(returns)
mean = sum(returns) / n
deviation = math.sqrt(sum((r - mean) ** 2 for r in returns) / (n - 1))
downside = math.sqrt(sum(min(r, 0.0) ** 2 for r in returns) / n)
wins, losses = [g for g in gains if g > 0], [-g for g in gains if g < 0]
figures = {
    "total": closes[-1] / start - 1.0,
    "volatility": deviation,
    "sharpe": mean / deviation if deviation > 0 else None,
    "sortino": mean / downside if downside > 0 else None,
    "depth": depth,
    "turnover": traded / (sum(closes) / n),
    "trades": float(len(gains)),
    "hit_rate": len(wins) / len(gains) if gains else None,
    "profit": sum(wins) - sum(losses),
    "profit_factor": sum(wins) / sum(losses) if losses else None,
    "average_win": sum(wins) / len(wins) if wins else None,
    "average_loss": sum(losses) / len(losses) if losses else None,
}
for name, value in figures.items():
    print(f"figure {name} {'-' if value is None else repr(value)}")
