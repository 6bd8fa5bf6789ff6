// deno-lint-ignore-file no-explicit-any -- answers are whatever the server sends
import assert from "node:assert/strict";
import { tableFromIPC } from "@uwdata/flechette";
import type { Bar, BarRange } from "../../src/core/bar.ts";
import { type Interval, INTERVALS } from "../../src/core/interval.ts";
import type { TapedTick } from "../../src/core/tick.ts";
import { exportHistory, type ExportOptions } from "../../src/terminal/export.ts";
import { FakeTerminal } from "../terminal/fake_terminal.ts";
import type { Known, Reckoning } from "./reckoning.ts";
import type { Address } from "./senders.ts";

/** A question for all places: one symbol, and a time range that contains all its ticks. */
export interface Question {
  readonly symbol: string;
  readonly from: number;
  readonly to: number;
}

/** A place that returns ticks, or data derived from them. */
export interface Place {
  readonly name: string;
  ask(server: Address): Promise<unknown>;
  /** The same answer, calculated from the plain list of ticks. */
  reckon(all: Reckoning): unknown;
}

type Row = Record<string, unknown>;

export const FORMATS = ["json", "ndjson", "csv", "arrow"] as const;
type Format = typeof FORMATS[number];

const ALL = 10_000_000;

/** Kraken's intervals in minutes, and the resolutions of a charting library, by interval. */
const MINUTES = { "1m": 1, "5m": 5, "15m": 15, "30m": 30, "1h": 60, "4h": 240, "1d": 1_440 };
const RESOLUTIONS = {
  "1s": "1S",
  "5s": "5S",
  "1m": "1",
  "5m": "5",
  "1h": "60",
  "1d": "1D",
  "1w": "1W",
};
/** Most bars in one answer of UDF. */
const UDF_BARS_MAX = 20_000;

/** All places that HTTP serves. */
export function places(question: Question): Place[] {
  return [
    ...FORMATS.flatMap((format) => INTERVALS.map((each) => allBars(question, each, format))),
    ...(["1s", "1m", "1h", "1d"] as const).flatMap((each) => [
      ...someBars(question, each),
      bookOfBars(question, each),
    ]),
    ...FORMATS.map((format) => allTicks(question, format)),
    ...someTicks(question),
    ...activities(question),
    ...(Object.keys(RESOLUTIONS) as (keyof typeof RESOLUTIONS)[]).flatMap((e) => udf(question, e)),
    ...(Object.keys(MINUTES) as (keyof typeof MINUTES)[]).map((each) => ohlc(question, each)),
    ...trades(question),
    ticker(question),
    ...(["1s", "1m", "1d"] as const).flatMap((interval) => openbb(question, interval)),
    ...exports(question),
    quote(question),
  ];
}

/** All data in one format each, and the places with their own way of reading. */
export function fewPlaces(question: Question): Place[] {
  return [...wholePlaces(question), ...partPlaces(question)];
}

export function wholePlaces(question: Question): Place[] {
  return (["1s", "1m", "1h"] as const).flatMap((interval) => [
    allBars(question, interval, "arrow"),
    bookOfBars(question, interval),
  ]);
}

/** Answers that are short for any number of ticks. */
export function partPlaces(question: Question): Place[] {
  return [
    ...someBars(question, "1s"),
    ...someBars(question, "1m"),
    ...someTicks(question),
    ...activities(question),
    ...udf(question, "1s"),
    ...udf(question, "1m"),
    ohlc(question, "1m"),
    ...trades(question),
    ticker(question),
    ...openbb(question, "1m"),
    quote(question),
  ];
}

function allBars({ symbol }: Question, interval: Interval, format: Format): Place {
  const path = bars({ symbol, interval, from: 0, limit: ALL, format });
  return { name: path, ask: rows(path), reckon: (all) => all.bars(symbol, interval) };
}

function someBars({ symbol, from, to }: Question, interval: Interval): Place[] {
  const [third, twoThirds] = [between(from, to, 1 / 3), between(from, to, 2 / 3)];
  const ranges: BarRange[] = [
    { limit: 7 },
    { limit: 1_000 },
    { to: third, limit: 300 },
    { from: third, limit: 300 },
    { from: third, to: twoThirds, limit: ALL },
  ];
  const fillable = ranges.filter(({ limit }) => limit < ALL);
  return [
    ...ranges.map((range) => ({
      name: bars({ symbol, interval, ...range }),
      ask: rows(bars({ symbol, interval, ...range })),
      reckon: (all: Reckoning) => all.bars(symbol, interval, range),
    })),
    ...fillable.map((range) => ({
      name: bars({ symbol, interval, fill: "previous", ...range }),
      ask: rows(bars({ symbol, interval, fill: "previous", ...range })),
      reckon: (all: Reckoning) => all.filled(symbol, interval, range),
    })),
  ];
}

/** All bars, page by page. */
function bookOfBars({ symbol }: Question, interval: Interval): Place {
  const path = bars({ symbol, interval, from: 0, limit: 1_777 });
  return {
    name: `${path}, page by page`,
    ask: pages(path),
    reckon: (all) => all.bars(symbol, interval),
  };
}

function allTicks({ symbol }: Question, format: Format): Place {
  const path = query("/ticks", { symbol, from: 0, limit: ALL, format });
  return { name: path, ask: rows(path), reckon: (all) => all.ticks(symbol) };
}

function someTicks({ symbol, from, to }: Question): Place[] {
  const third = between(from, to, 1 / 3);
  const place = (params: object, reckon: (ticks: readonly TapedTick[]) => unknown): Place => ({
    name: query("/ticks", { symbol, ...params }),
    ask: rows(query("/ticks", { symbol, ...params })),
    reckon: (all) => reckon(all.ticks(symbol)),
  });
  return [
    place({ limit: 100 }, (ticks) => ticks.slice(-100)),
    place(
      { from: third, limit: 100 },
      (ticks) => ticks.filter(({ time }) => time >= third).slice(0, 100),
    ),
    place(
      { to: third, limit: 100 },
      (ticks) => ticks.filter(({ time }) => time < third).slice(-100),
    ),
  ];
}

function activities({ from, to }: Question): Place[] {
  const ranges = [[from, to, 240], [from, to, 2_000], [between(from, to, 0.5), to, 100]] as const;
  return ranges.map(([from, to, limit]) => {
    const path = query("/activity", { from, to, limit });
    return { name: path, ask: json(path), reckon: (all) => all.activity(from, to, limit) };
  });
}

/** https://www.tradingview.com/charting-library-docs/latest/connecting_data/UDF/ */
function udf({ symbol, from, to }: Question, interval: keyof typeof RESOLUTIONS): Place[] {
  const place = (params: { from: number; to: number; countback: number }): Place => {
    const path = query("/udf/history", { symbol, resolution: RESOLUTIONS[interval], ...params });
    const reckon = (all: Reckoning) => {
      const range = { to: params.to * 1_000, limit: UDF_BARS_MAX };
      const before = all.bars(symbol, interval, range);
      const within = before.filter(({ time }) => time! >= params.from * 1_000);
      if (within.length === 0) return { s: "no_data", nextTime: before.at(-1)!.time! / 1_000 };
      const bars = before.slice(-Math.max(params.countback, within.length));
      const [o, h, l, c, v] = (["open", "high", "low", "close", "volume"] as const)
        .map((name) => bars.map((bar) => bar[name]));
      return { s: "ok", t: bars.map(({ time }) => time! / 1_000), o, h, l, c, v };
    };
    return { name: path, ask: json(path), reckon };
  };
  // The week of the first tick started before it.
  const [begin, end] = [Math.floor(from / 1_000) - 604_800, Math.ceil(to / 1_000)];
  const half = between(from / 1_000, to / 1_000, 0.5);
  return [
    place({ from: begin, to: end, countback: 2 }),
    place({ from: half - 60, to: half, countback: 300 }),
    place({ from: half - 600, to: half, countback: 3_000 }),
  ];
}

/** https://docs.kraken.com/api/docs/rest-api/get-ohlc-data */
function ohlc({ symbol }: Question, interval: keyof typeof MINUTES): Place {
  const path = query("/kraken/0/public/OHLC", { pair: symbol, interval: MINUTES[interval] });
  return {
    name: path,
    ask: async (server) =>
      ((await json(path)(server)).result[symbol] as any[]).map((row) => row.map(Number)),
    reckon: (all) =>
      all.bars(symbol, interval, { limit: 720 }).map((bar) => {
        const { time, open, high, low, close, vwap, volume, count } = bar as Bar;
        return [time / 1_000, open, high, low, close, Number(vwap!.toFixed(2)), volume, count];
      }),
  };
}

/** https://docs.kraken.com/api/docs/rest-api/get-recent-trades */
function trades({ symbol, from, to }: Question): Place[] {
  const since = Math.floor(between(from, to, 0.5) / 1_000);
  const place = (params: object, reckon: (ticks: readonly TapedTick[]) => unknown[]): Place => {
    const path = query("/kraken/0/public/Trades", { pair: symbol, ...params });
    return {
      name: path,
      ask: async (server) =>
        ((await json(path)(server)).result[symbol] as any[]).map((row) =>
          [row[0], row[1], row[2], row[6]].map(Number)
        ),
      reckon: (all) => reckon(all.ticks(symbol)),
    };
  };
  const trade = ({ seq, time, price, size }: TapedTick) => [price, size ?? 0, time / 1_000, seq];
  return [
    place({}, (ticks) => ticks.slice(-1_000).map(trade)),
    place({ since, count: 500 }, (ticks) => {
      const later = ticks.filter(({ time }) => time > since * 1_000);
      // The page includes all trades with the time of the last one.
      const more = later.slice(500).findIndex(({ time }) => time !== later[499]!.time);
      return later.slice(0, more < 0 ? undefined : 500 + more).map(trade);
    }),
  ];
}

/**
 * Figures of today and of the last 24 hours:
 * https://docs.kraken.com/api/docs/rest-api/get-ticker-information
 */
function ticker({ symbol }: Question): Place {
  const path = query("/kraken/0/public/Ticker", { pair: symbol });
  return {
    name: path,
    async ask(server) {
      const { c, v, t, l, h, o } = (await json(path)(server)).result[symbol];
      return { price: c[0], day: [v[0], t[0], l[0], h[0], o], last: [v[1], t[1], l[1], h[1]] };
    },
    reckon(all) {
      const day = all.bars(symbol, "1d").at(-1)! as Bar;
      const minute = Math.floor(Date.now() / 60_000) * 60_000;
      const last = all.bars(symbol, "1m", { from: minute + 60_000 - 86_400_000 }) as Bar[];
      const { price } = all.newest(symbol);
      const [highs, lows] = [last.map(({ high }) => high), last.map(({ low }) => low)];
      const text = (value: number) => value.toFixed(5);
      const sizes = (value: number) => value.toFixed(8);
      const sum = (name: "volume" | "count") => last.reduce((sum, bar) => sum + bar[name]!, 0);
      const none = last.length === 0;
      return {
        price: text(price),
        day: [sizes(day.volume!), day.count, text(day.low), text(day.high), text(day.open)],
        last: [
          sizes(sum("volume")),
          sum("count"),
          text(none ? price : lows.reduce((a, b) => Math.min(a, b))),
          text(none ? price : highs.reduce((a, b) => Math.max(a, b))),
        ],
      };
    },
  };
}

/** A table and Plotly candles of the newest 300 bars. */
function openbb({ symbol }: Question, interval: Interval): Place[] {
  const reckon = (all: Reckoning) => all.bars(symbol, interval, { limit: 300 });
  const date = ({ time }: Known<Bar>) => new Date(time!).toISOString();
  const table = (all: Reckoning) =>
    reckon(all).map((bar) => {
      const { symbol: _, interval: __, time: ___, closed: ____, revised: _____, ...figures } = bar;
      return { date: date(bar), ...figures };
    }).reverse();
  const [rows, raw, chart] = [
    query("/openbb/bars", { symbol, interval }),
    query("/openbb/chart", { symbol, interval, raw: true }),
    query("/openbb/chart", { symbol, interval }),
  ];
  return [
    { name: rows, ask: json(rows), reckon: table },
    { name: raw, ask: json(raw), reckon: table },
    {
      name: chart,
      async ask(server) {
        const { data: [{ x, open, high, low, close }, volume] } = await json(chart)(server);
        return { x, open, high, low, close, y: volume.y };
      },
      reckon(all) {
        const bars = reckon(all);
        const of = (name: keyof Bar) => bars.map((bar) => bar[name]);
        const [open, high, low, close] = [of("open"), of("high"), of("low"), of("close")];
        return { x: bars.map(date), open, high, low, close, y: of("volume") };
      },
    },
  ];
}

/** `tickwire export`. */
function exports({ symbol }: Question): Place[] {
  const place = (
    options: { format: Parameters<typeof parse>[0]; interval?: ExportOptions["interval"] },
    reckon: Place["reckon"],
  ): Place => ({
    name: `tickwire export ${JSON.stringify(options)}`,
    async ask({ http }) {
      const terminal = new FakeTerminal();
      await exportHistory(terminal, { url: http, symbol, ...options });
      return parse(options.format, Buffer.concat(terminal.bytes));
    },
    reckon,
  });
  return [
    place({ format: "csv" }, (all) => all.ticks(symbol)),
    place({ format: "csv", interval: "1s" }, (all) => all.bars(symbol, "1s")),
    place({ format: "ndjson", interval: "5m" }, (all) => all.bars(symbol, "5m")),
    place({ format: "arrow", interval: "1d" }, (all) => all.bars(symbol, "1d")),
  ];
}

/** The row of the board. */
export function quoteOf(all: Reckoning, symbol: string): Row {
  const { time, price } = all.newest(symbol);
  const days = all.bars(symbol, "1d");
  const { open, high, low, volume } = days.at(-1)!;
  return { symbol, time, price, open, high, low, volume, prev_close: days.at(-2)?.close ?? null };
}

function quote({ symbol }: Question): Place {
  const path = query("/snapshot", { symbol });
  return { name: path, ask: json(path), reckon: (all) => [quoteOf(all, symbol)] };
}

function bars(params: Record<string, unknown>): string {
  return query("/bars", params);
}

function query(path: string, params: Record<string, unknown>): string {
  const given = Object.entries(params).filter(([, value]) => value !== undefined);
  return `${path}?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}`;
}

function between(from: number, to: number, part: number): number {
  return Math.floor(from + (to - from) * part);
}

async function get({ http }: Address, path: string): Promise<Response> {
  const response = await fetch(http + path);
  assert.equal(response.status, 200, path);
  return response;
}

function json(path: string): (server: Address) => Promise<any> {
  return async (server) => (await get(server, path)).json();
}

function rows(path: string): (server: Address) => Promise<Row[]> {
  const format = FORMATS.find((format) => path.endsWith(`format=${format}`)) ?? "json";
  return async (server) => {
    const response = await get(server, path);
    return parse(format, new Uint8Array(await response.arrayBuffer()));
  };
}

/** Follows the links to the next pages. */
function pages(path: string): (server: Address) => Promise<Row[]> {
  return async (server) => {
    const all: Row[][] = [];
    for (let next: string | undefined = path; next !== undefined;) {
      const response: Response = await get(server, next);
      all.push(await response.json());
      next = /<([^>]+)>/.exec(response.headers.get("link") ?? "")?.[1];
    }
    return all.flat();
  };
}

function parse(format: Format, bytes: Uint8Array): Row[] {
  if (format === "arrow") return tableFromIPC(bytes).toArray();
  const text = new TextDecoder().decode(bytes);
  if (format === "json") return JSON.parse(text);
  const [first = "", ...lines] = text.trimEnd().split(/\r?\n/);
  if (text === "") return [];
  if (format === "ndjson") return [first, ...lines].map((line) => JSON.parse(line));
  const names = first.split(",");
  return lines.map((line) => {
    const values = line.split(",").map(typed);
    return Object.fromEntries(names.map((name, index) => [name, values[index]]));
  });
}

function typed(text: string): unknown {
  if (text === "") return null;
  if (text === "true" || text === "false") return text === "true";
  return Number.isNaN(Number(text)) ? text : Number(text);
}
