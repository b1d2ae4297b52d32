// The chart of one symbol: what is shown of it, a cursor that keys move too, and a table of the same.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type uPlot from "uplot";
import { bars as barsOf, folded, sessionOf, type Bars, type Index, type Marks } from "./block";
import { plot, type Shown } from "./plot";

/** Candles that are drawn at most: more are folded, and the page says so. */
const CANDLES_MAX = 2000;
const ROWS_MAX = 200;

interface Props {
  index: Index;
  marks: Marks;
  /** Changes when colours do. */
  theme: string;
}

export function Chart({ index, marks, theme }: Props) {
  const [place, setPlace] = useState(0);
  const [nth, setNth] = useState(0);
  const [session, setSession] = useState(-1);
  const [hidden, setHidden] = useState<string[]>([]);
  const [all, setAll] = useState<Bars>();
  const [at, setAt] = useState<number | null>(null);
  const [isTable, setTable] = useState(false);
  const host = useRef<HTMLDivElement>(null);
  const drawn = useRef<uPlot | null>(null);
  const symbol = index.symbols[place]!;
  const series = symbol.series[nth] ?? symbol.series[0]!;
  const clock = useMemo(() => clockOf(index.zone), [index.zone]);
  const days = useMemo(() => daysOf(all, index.sessions), [all, index]);

  useEffect(() => {
    let isWanted = true;
    setAll(undefined);
    barsOf(series).then((bars) => isWanted && setAll(bars));
    return () => void (isWanted = false);
  }, [series]);

  const { bars, n } = useMemo(() => {
    const day = days.find((day) => day.session === session);
    const part = all && (day ? sliced(all, day.first, day.last) : all);
    const n = part ? Math.ceil(part.opens.length / CANDLES_MAX) : 1;
    return { bars: part && folded(part, n, index.sessions), n };
  }, [all, days, session, index]);

  const shown = useMemo(
    () => bars && shownOf(bars, series.width_s * n, series.decimals, symbol.symbol, marks, clock, index.sessions),
    [bars, series, n, symbol, marks, clock, index],
  );

  useEffect(() => {
    if (!host.current || !shown || shown.bars.opens.length === 0) return;
    const indicators = shown.bars.indicators.map(({ name }) => name).filter((name) => !hidden.includes(name));
    const made = plot(host.current, { ...shown, indicators }, setAt);
    drawn.current = made;
    const fit = new ResizeObserver(() => {
      const width = host.current?.clientWidth ?? 0;
      if (width > 0 && width !== made.width) made.setSize({ width, height: made.height });
    });
    fit.observe(host.current);
    return () => {
      fit.disconnect();
      made.destroy();
      drawn.current = null;
    };
  }, [shown, hidden, theme]);

  const keyed = (event: KeyboardEvent) => {
    const steps: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, PageUp: -20, PageDown: 20, Home: -1e9, End: 1e9 };
    if (event.key === "t") return setTable(!isTable);
    const step = steps[event.key];
    const made = drawn.current;
    if (step === undefined || !made || !shown) return;
    event.preventDefault();
    const next = Math.min(Math.max((at ?? -1) + step, 0), shown.bars.opens.length - 1);
    made.setCursor({ left: made.valToPos(next, "x"), top: made.over.clientHeight / 2 });
  };

  const text = shown ? words(shown, at) : "Opening the data …";
  return (
    <>
      <div class="controls">
        <label>
          Symbol
          <select value={place} onChange={(event) => { setPlace(Number(event.currentTarget.value)); setNth(0); setAt(null); }}>
            {index.symbols.map(({ symbol }, i) => <option key={i} value={i}>{symbol}</option>)}
          </select>
        </label>
        <label>
          Interval
          <select value={nth} onChange={(event) => { setNth(Number(event.currentTarget.value)); setAt(null); }}>
            {symbol.series.map((series, i) => (
              <option key={i} value={i}>{series.name}{series.whole ? "" : ", sessions with events"}</option>
            ))}
          </select>
        </label>
        <label>
          Session
          <select value={session} onChange={(event) => { setSession(Number(event.currentTarget.value)); setAt(null); }}>
            <option value={-1}>all</option>
            {days.map((day) => <option key={day.session} value={day.session}>{clock.date(index.sessions[day.session]![0])}</option>)}
          </select>
        </label>
        {series.indicators.length > 0 && (
          <fieldset>
            <legend>Indicators</legend>
            {series.indicators.map(({ name }) => (
              <label key={name}>
                <input
                  type="checkbox"
                  checked={!hidden.includes(name)}
                  onChange={() => setHidden(hidden.includes(name) ? hidden.filter((it) => it !== name) : [...hidden, name])}
                />
                {name}
              </label>
            ))}
          </fieldset>
        )}
        <button type="button" aria-pressed={isTable} onClick={() => setTable(!isTable)}>As a table</button>
      </div>
      <div
        class="chart"
        ref={host}
        tabIndex={0}
        role="group"
        aria-roledescription="chart"
        aria-label={`Chart of ${symbol.symbol}, ${series.name}: arrow keys move the cursor, t shows a table`}
        onKeyDown={keyed}
      />
      <output class="readout" aria-live="polite">{text}</output>
      <p class="note">
        Clock of {index.zone}. Hollow candles rise, filled ones fall; hatched: the gate was shut; ▽ signals, ▲ bought, ▼ sold.
        Drag over a stretch to look closer, double click to see all.
        {n > 1 && ` ${n} bars of ${series.name} are drawn as one here; choose a session to see each.`}
        {!series.exact && ` Prices without a tick are shown to ${series.decimals} decimals.`}
      </p>
      {isTable && shown && <BarTable shown={shown} at={at} />}
    </>
  );
}

function BarTable({ shown, at }: { shown: Shown; at: number | null }) {
  const n = shown.bars.opens.length;
  const first = Math.max(Math.min((at ?? 0) - ROWS_MAX / 2, n - ROWS_MAX), 0);
  const rows = Array.from({ length: Math.min(n, ROWS_MAX) }, (_, i) => first + i);
  const { bars } = shown;
  return (
    <div class="wide" tabIndex={0} role="region" aria-label="Bars">
      <table>
        <caption>Bars {first + 1} to {first + rows.length} of {n}, around the cursor</caption>
        <thead>
          <tr>
            <th scope="col">Opens at</th>
            {["Open", "High", "Low", "Close", "Volume", ...bars.indicators.map(({ name }) => name)].map((name) => <th scope="col" class="n" key={name}>{name}</th>)}
          </tr>
        </thead>
        <tbody>
          {rows.map((i) => (
            <tr key={i}>
              <th scope="row">{shown.label(bars.opens[i]!, true)}</th>
              {[bars.open, bars.high, bars.low, bars.close].map((column, k) => <td class="n" key={k}>{shown.price(column[i]!)}</td>)}
              <td class="n">{Math.round(bars.volume[i]!).toLocaleString("en")}</td>
              {bars.indicators.map(({ name, values }) => <td class="n" key={name}>{valueText(values[i])}</td>)}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const valueText = (value: number | null | undefined) => (value == null ? "–" : String(Number(value.toPrecision(6))));

/** What stands at the cursor, as a line. */
function words(shown: Shown, at: number | null): string {
  const { bars } = shown;
  const opens = at === null ? undefined : bars.opens[at];
  if (at === null || opens === undefined) return `${bars.opens.length} bars; move over the chart, or focus it and use the arrow keys.`;
  const price = (column: number[]) => shown.price(column[at]!);
  const parts = [
    `${shown.label(opens, true)}: open ${price(bars.open)}, high ${price(bars.high)}, low ${price(bars.low)}, close ${price(bars.close)}`,
    `volume ${Math.round(bars.volume[at]!).toLocaleString("en")}`,
    ...bars.indicators.map(({ name, values }) => `${name} ${valueText(values[at])}`),
    ...(shown.signals.get(at) ?? []).slice(0, 5),
    ...(shown.fills.get(at) ?? []).map(({ text }) => text),
  ];
  if (shown.shut.some(([since, until]) => since <= at && at <= until)) parts.push("gate shut");
  return parts.join("; ");
}

interface Clock {
  date: (at: number) => string;
  label: (at: number, withDate: boolean) => string;
}

function clockOf(timeZone: string): Clock {
  const format = (options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat("en-CA", { timeZone, ...options });
  const date = format({ year: "numeric", month: "2-digit", day: "2-digit" });
  const time = format({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  return {
    date: (at) => date.format(at * 1000),
    label: (at, withDate) => (withDate ? `${date.format(at * 1000)} ` : "") + time.format(at * 1000),
  };
}

/** The stretch of bars of each session that has some. */
function daysOf(bars: Bars | undefined, sessions: [number, number][]) {
  const days: { session: number; first: number; last: number }[] = [];
  bars?.opens.forEach((at, i) => {
    const session = sessionOf(sessions, at);
    const known = days[days.length - 1];
    if (known?.session === session) known.last = i + 1;
    else days.push({ session, first: i, last: i + 1 });
  });
  return days;
}

function sliced(bars: Bars, first: number, last: number): Bars {
  const part = <T,>(column: T[]) => column.slice(first, last);
  return {
    opens: part(bars.opens), open: part(bars.open), high: part(bars.high), low: part(bars.low),
    close: part(bars.close), volume: part(bars.volume),
    indicators: bars.indicators.map(({ name, values }) => ({ name, values: part(values) })),
  };
}

/** Bars with what happened at them, by the place of the bar. */
function shownOf(bars: Bars, width: number, decimals: number, symbol: string, marks: Marks, clock: Clock, sessions: [number, number][]): Shown {
  const placeOf = (at: number): number => {
    let [low, high] = [0, bars.opens.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (bars.opens[middle]! <= at) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  };
  /** The bar in which an instant lies; none where it lies in no bar of these. */
  const within = (at: number) => {
    const place = placeOf(at);
    return place >= 0 && at - bars.opens[place]! < width + 60 * 60 * 24 * (width >= 86400 ? 1 : 0) ? place : -1;
  };
  const signals = new Map<number, string[]>();
  for (const [at, text] of marks.signals[symbol] ?? []) {
    const place = within(at - 1); // It was given at the close of a bar.
    if (place >= 0) signals.set(place, [...(signals.get(place) ?? []), text]);
  }
  const fills: Shown["fills"] = new Map();
  for (const [at, buys, price, text] of marks.fills[symbol] ?? []) {
    const place = within(at);
    if (place >= 0) fills.set(place, [...(fills.get(place) ?? []), { buys, price, text }]);
  }
  const shut = marks.shut
    .map(([since, until]): [number, number] => [placeOf(since), placeOf(Math.max(until - 1, since))])
    .filter(([since, until], i) => until >= 0 && bars.opens.length > 0 && (marks.shut[i]?.[1] ?? 0) > bars.opens[0]! && since < bars.opens.length);
  const starts = daysOf(bars, sessions).map(({ first }) => first);
  return { bars, indicators: [], signals, fills, shut, starts, label: clock.label, price: (value) => value.toFixed(decimals) };
}
