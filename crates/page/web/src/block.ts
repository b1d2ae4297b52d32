// The data of the page: blocks of bars as crates/page/src/chart/block.rs writes them, and the index.

export interface SeriesFacts {
  id: string;
  name: string;
  width_s: number;
  /** Whether it is of all sessions, or of those in which something happened. */
  whole: boolean;
  decimals: number;
  exact: boolean;
  volume_step: number;
  indicators: { name: string; least: number; step: number }[];
}

export interface Index {
  zone: string;
  /** Open and close of each session, in seconds. */
  sessions: [number, number][];
  symbols: { symbol: string; series: SeriesFacts[] }[];
}

export interface Marks {
  /** By symbol: second and text. */
  signals: Record<string, [number, string][]>;
  /** By symbol: open of the bar, whether it bought, price and text. */
  fills: Record<string, [number, boolean, number, string][]>;
  /** Since, until, why. */
  shut: [number, number, string][];
}

export interface Bars {
  opens: number[];
  open: number[];
  high: number[];
  low: number[];
  close: number[];
  volume: number[];
  /** Values, null where there is none. */
  indicators: { name: string; values: (number | null)[] }[];
}

const textOf = (id: string): string | undefined => document.getElementById(id)?.textContent ?? undefined;

export function index(): Index | undefined {
  const text = textOf("index");
  return text === undefined ? undefined : (JSON.parse(text) as Index);
}

export async function marks(): Promise<Marks> {
  return JSON.parse(new TextDecoder().decode(await inflated("marks"))) as Marks;
}

async function inflated(id: string): Promise<Uint8Array> {
  const packed = Uint8Array.from(atob(textOf(id) ?? ""), (c) => c.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Reads numbers of seven bits a byte, the lowest first. */
class Numbers {
  #at = 0;
  constructor(readonly bytes: Uint8Array) {}

  unsigned(): number {
    let [value, scale] = [0, 1];
    for (;;) {
      const byte = this.bytes[this.#at++] ?? 0;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 128; // No shift: it would end at 32 bits.
    }
  }

  signed(): number {
    const value = this.unsigned();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }
}

export async function bars(facts: SeriesFacts): Promise<Bars> {
  const numbers = new Numbers(await inflated(facts.id));
  const n = numbers.unsigned();
  const column = (next: (i: number) => number): number[] => Array.from({ length: n }, (_, i) => next(i));
  let [at, step] = [0, 0];
  const opens = column(() => {
    step += numbers.signed();
    at += step;
    return at;
  });
  // Opens follow from the closes before, which come after them.
  const leaps = column(() => numbers.signed());
  const gains = column(() => numbers.signed());
  const [open, close]: [number[], number[]] = [[], []];
  for (let i = 0; i < n; i++) {
    open.push((close[i - 1] ?? 0) + leaps[i]!);
    close.push(open[i]! + gains[i]!);
  }
  const high = column((i) => Math.max(open[i]!, close[i]!) + numbers.signed());
  const low = column((i) => Math.min(open[i]!, close[i]!) - numbers.signed());
  const scale = 10 ** facts.decimals;
  const price = (ticks: number[]) => ticks.map((tick) => tick / scale);
  const volume = column(() => numbers.unsigned() * facts.volume_step);
  const indicators = facts.indicators.map(({ name, least, step }) => {
    let place = 0;
    const values = Array.from({ length: n }, () => {
      place += numbers.signed();
      return place === 0 ? null : least + (place - 1) * step;
    });
    return { name, values };
  });
  return { opens, open: price(open), high: price(high), low: price(low), close: price(close), volume, indicators };
}

/** The session in which a second lies, by its place: the last that has opened by then. */
export function sessionOf(sessions: [number, number][], at: number): number {
  let [low, high] = [0, sessions.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sessions[middle]![0] <= at) low = middle + 1;
    else high = middle;
  }
  return Math.max(low - 1, 0);
}

/** The same bars, `n` of a session as one; indicators as they stood at the last of them. */
export function folded(bars: Bars, n: number, sessions: [number, number][]): Bars {
  if (n <= 1) return bars;
  const out: Bars = {
    opens: [], open: [], high: [], low: [], close: [], volume: [],
    indicators: bars.indicators.map(({ name }) => ({ name, values: [] })),
  };
  let [session, count] = [-1, 0];
  bars.opens.forEach((at, i) => {
    const of = sessionOf(sessions, at);
    if (of !== session || count === n) {
      [session, count] = [of, 0];
      out.opens.push(at);
      out.open.push(bars.open[i]!);
      out.high.push(bars.high[i]!);
      out.low.push(bars.low[i]!);
      out.close.push(bars.close[i]!);
      out.volume.push(0);
      out.indicators.forEach((it) => it.values.push(null));
    }
    const last = out.opens.length - 1;
    count += 1;
    out.high[last] = Math.max(out.high[last]!, bars.high[i]!);
    out.low[last] = Math.min(out.low[last]!, bars.low[i]!);
    out.close[last] = bars.close[i]!;
    out.volume[last]! += bars.volume[i]!;
    out.indicators.forEach((it, k) => (it.values[last] = bars.indicators[k]!.values[i]!));
  });
  return out;
}
