// Candles with volume, indicators, marks and gate bands, drawn by uPlot: places side by side, without the
// nights between sessions.
import uPlot from "uplot";
import type { Bars } from "./block";

export interface Shown {
  bars: Bars;
  /** Names of the indicators that are drawn. */
  indicators: string[];
  signals: Map<number, string[]>;
  fills: Map<number, { buys: boolean; price: number; text: string }[]>;
  shut: [number, number][];
  /** The first place of each session. */
  starts: number[];
  label: (at: number, withDate: boolean) => string;
  price: (value: number) => string;
}

const colour = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

/** Indicators beside the price have its scale; others, as of 0 to 100, one of their own. */
function isPriceLike(values: (number | null)[], low: number, high: number): boolean {
  const known = values.filter((value): value is number => value !== null);
  const inside = known.filter((value) => value > low - (high - low) && value < high + (high - low));
  return inside.length * 2 > known.length;
}

export function plot(host: HTMLElement, shown: Shown, moved: (place: number | null) => void): uPlot {
  const { bars } = shown;
  const n = bars.opens.length;
  const places = bars.opens.map((_, i) => i);
  const withDates = shown.starts.length > 1;
  const low = Math.min(...bars.low);
  const high = Math.max(...bars.high);
  const dim = colour("dim");
  const grid = { stroke: colour("line"), width: 1 };
  const font = "12px system-ui, sans-serif";
  const drawn = bars.indicators.filter(({ name }) => shown.indicators.includes(name));
  const dashes = [[], [8, 4], [2, 3], [10, 3, 2, 3]];
  let nOther = 0;
  // An indicator ends with its session: from one to the next there is no line.
  const gaps: uPlot.Series.GapsRefiner = (u, _, first, last, known) => {
    const between = shown.starts.filter((place) => place > first && place <= last);
    const px = (place: number) => u.valToPos(place, "x", true);
    const nights = between.map((place): [number, number] => [Math.floor(px(place - 1)), Math.ceil(px(place))]);
    return [...known, ...nights].sort((a, b) => a[0] - b[0]);
  };
  const series: uPlot.Series[] = drawn.map(({ name, values }, i) => {
    const scale = isPriceLike(values, low, high) ? "price" : "other";
    if (scale === "other") nOther += 1;
    const stroke = colour(i % 2 === 0 ? "orange" : "blue");
    return { label: name, scale, stroke, width: 1.5, dash: dashes[(i >> 1) % dashes.length], points: { show: false }, spanGaps: false, gaps };
  });
  const span = Math.max(high - low, Math.abs(high) * 1e-6, 1e-9);
  const options: uPlot.Options = {
    width: host.clientWidth,
    height: Math.max(host.clientHeight, 320),
    legend: { show: false },
    cursor: { y: false, drag: { x: true, y: false }, points: { show: false } },
    scales: {
      x: { time: false, range: (_, min, max) => [Math.max(min, -1), Math.min(Math.max(max, min + 5), n)] },
      price: { range: () => [low - span * 0.3, high + span * 0.06] },
      volume: { range: () => [0, Math.max(...bars.volume, 1) * 5] },
      other: {},
    },
    axes: [
      {
        stroke: dim, grid, ticks: grid, font, space: withDates ? 150 : 70,
        values: (_, splits) => splits.map((place) => {
          const at = bars.opens[place];
          return at === undefined ? "" : shown.label(at, withDates);
        }),
        incrs: [1, 2, 5, 10, 15, 30, 60, 120, 240, 500, 1000, 2000],
      },
      { scale: "price", stroke: dim, grid, ticks: grid, font, size: 64, values: (_, splits) => splits.map(shown.price) },
      ...(nOther > 0 ? [{ scale: "other", side: 1 as const, stroke: dim, grid: { show: false }, ticks: grid, font }] : []),
    ],
    series: [
      {},
      { label: "close", scale: "price", paths: () => null, points: { show: false } },
      { label: "volume", scale: "volume", paths: () => null, points: { show: false } },
      ...series,
    ],
    hooks: {
      drawAxes: [(u) => behind(u, shown)],
      draw: [(u) => candles(u, shown)],
      setCursor: [(u) => moved(u.cursor.idx ?? null)],
    },
  };
  const data = [places, bars.close, bars.volume, ...drawn.map(({ values }) => values)];
  return new uPlot(options, data as uPlot.AlignedData, host);
}

/** The places that are in view. */
function inView(u: uPlot, n: number): [number, number] {
  const { min, max } = u.scales["x"]!;
  return [Math.max(Math.floor(min ?? 0) - 1, 0), Math.min(Math.ceil(max ?? n) + 1, n)];
}

/** Where the gate was shut, and volume. */
function behind(u: uPlot, { bars, shut }: Shown) {
  const { ctx } = u;
  const { left, top, width, height } = u.bbox;
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, top, width, height);
  ctx.clip();
  const step = Math.abs(u.valToPos(1, "x", true) - u.valToPos(0, "x", true));
  ctx.strokeStyle = colour("orange");
  ctx.lineWidth = 1;
  for (const [since, until] of shut) {
    const x = u.valToPos(since, "x", true) - step / 2;
    const right = Math.max(u.valToPos(until, "x", true) + step / 2, x + 3);
    ctx.save();
    ctx.beginPath();
    ctx.rect(x, top, right - x, height);
    ctx.clip();
    ctx.globalAlpha = 0.55;
    ctx.beginPath();
    for (let at = Math.max(x, left) - height; at < Math.min(right, left + width); at += 9) {
      ctx.moveTo(at, top + height);
      ctx.lineTo(at + height, top);
    }
    ctx.stroke();
    ctx.restore();
  }
  ctx.fillStyle = colour("line");
  const floor = u.valToPos(0, "volume", true);
  const [first, last] = inView(u, bars.opens.length);
  const half = Math.max(step * 0.35, 0.5);
  for (let i = first; i < last; i++) {
    const y = u.valToPos(bars.volume[i]!, "volume", true);
    ctx.fillRect(u.valToPos(i, "x", true) - half, y, half * 2, floor - y);
  }
  ctx.restore();
}

/** Rising candles are hollow and blue, falling ones filled and orange; marks above and below. */
function candles(u: uPlot, shown: Shown) {
  const { bars } = shown;
  const { ctx } = u;
  const { left, top, width, height } = u.bbox;
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, top, width, height);
  ctx.clip();
  const step = Math.abs(u.valToPos(1, "x", true) - u.valToPos(0, "x", true));
  const half = Math.max(Math.min(step * 0.35, 12 * devicePixelRatio), 0.5);
  const [blue, orange, ground, text] = [colour("blue"), colour("orange"), colour("ground"), colour("text")];
  const y = (value: number) => u.valToPos(value, "price", true);
  const [first, last] = inView(u, bars.opens.length);
  ctx.lineWidth = Math.max(devicePixelRatio, 1);
  for (let i = first; i < last; i++) {
    const x = Math.round(u.valToPos(i, "x", true)) + 0.5;
    const rises = bars.close[i]! >= bars.open[i]!;
    const [upper, lower] = [y(Math.max(bars.open[i]!, bars.close[i]!)), y(Math.min(bars.open[i]!, bars.close[i]!))];
    ctx.strokeStyle = ctx.fillStyle = rises ? blue : orange;
    ctx.beginPath();
    ctx.moveTo(x, y(bars.high[i]!));
    ctx.lineTo(x, upper);
    ctx.moveTo(x, lower);
    ctx.lineTo(x, y(bars.low[i]!));
    ctx.stroke();
    if (half < 1) {
      ctx.fillRect(x - half, upper, half * 2, Math.max(lower - upper, 1));
      continue;
    }
    if (rises) ctx.fillStyle = ground;
    ctx.fillRect(x - half, upper, half * 2, Math.max(lower - upper, 1));
    ctx.strokeRect(x - half, upper, half * 2, Math.max(lower - upper, 1));
  }
  const size = 5 * devicePixelRatio;
  const triangle = (x: number, tip: number, up: boolean) => {
    const base = up ? tip + size * 1.6 : tip - size * 1.6;
    ctx.beginPath();
    ctx.moveTo(x, tip);
    ctx.lineTo(x - size, base);
    ctx.lineTo(x + size, base);
    ctx.closePath();
  };
  ctx.fillStyle = ctx.strokeStyle = text;
  for (const place of shown.signals.keys()) {
    if (place < first || place >= last) continue;
    triangle(u.valToPos(place, "x", true), y(bars.high[place]!) - size * 0.8, false);
    ctx.stroke();
  }
  for (const [place, fills] of shown.fills) {
    if (place < first || place >= last) continue;
    for (const { buys } of fills) {
      ctx.fillStyle = buys ? blue : orange;
      const tip = buys ? y(bars.low[place]!) + size * 0.8 : y(bars.high[place]!) - size * 3;
      triangle(u.valToPos(place, "x", true), tip, buys);
      ctx.fill();
      ctx.strokeStyle = ground;
      ctx.stroke();
      ctx.strokeStyle = text;
    }
  }
  ctx.restore();
}
