/**
 * The datafeed of TradingView's charting library, UDF:
 * https://www.tradingview.com/charting-library-docs/latest/connecting_data/UDF/
 */
import { Hono } from "hono";
import type { Bar } from "../../core/bar.ts";
import type { Instrument } from "../../core/instrument.ts";
import { type Interval, lengthOf } from "../../core/interval.ts";
import { known } from "../../core/known.ts";
import type { Market } from "../../core/market.ts";
import type { Grant } from "../../hub/grant.ts";
import { LOOKS_LIKE_MS_MIN } from "../../core/time.ts";
import { readBars } from "../../tape/bars.ts";
import type { Archive } from "../../tape/tape.ts";
import { newestBars } from "../native/bar_page.ts";
import { checkGranted, grantOf, type Listing, listingFor } from "../access/grants.ts";
import type { TimeSlices } from "../native/history.ts";
import { Query } from "../query.ts";
import { errorBody, HttpError, toHttpError } from "../http_error.ts";

export interface UdfOptions {
  readonly market: Market;
  readonly archive: Archive;
  readonly timeSlices: TimeSlices;
  now(): number;
  /** Called for errors of the server itself. */
  fault(error: unknown): void;
}

const EXCHANGE = "tickwire";
/** A chart requests some hundred bars, and then the earlier ones. */
const BARS_MAX = 20_000;

export const INTERVAL_OF: ReadonlyMap<string, Interval> = new Map([
  ["1S", "1s"],
  ["5S", "5s"],
  ["15S", "15s"],
  ["30S", "30s"],
  ["1", "1m"],
  ["5", "5m"],
  ["15", "15m"],
  ["30", "30m"],
  ["60", "1h"],
  ["240", "4h"],
  ["1D", "1d"],
  ["1W", "1w"],
]);
/** The chart builds months, and weeks too, from days. */
const RESOLUTIONS = [...INTERVAL_OF.keys(), "1M"];

const CONFIG = {
  supported_resolutions: RESOLUTIONS,
  supports_group_request: false,
  supports_marks: false,
  supports_search: true,
  supports_timescale_marks: false,
  supports_time: true,
  exchanges: [{ value: "", name: "All Exchanges", desc: "" }],
  symbols_types: [{ name: "All types", value: "" }],
};

/** `/udf` is the URL for the user's settings; the charting client adds the rest of each path. */
export function udfRoutes({ market, archive, timeSlices, now, fault }: UdfOptions): Hono {
  const { catalogue, board } = market;
  const router = new Hono()
    .get("/udf", (c) => c.json({ name: "tickwire", protocol: "udf", config: "udf/config" }))
    .get("/udf/config", (c) => c.json(CONFIG))
    .get("/udf/time", (c) => c.text(String(Math.floor(now() / 1_000))))
    .get("/udf/search", (c) => {
      const query = Query.of(c, now());
      const text = query.text("query") ?? "";
      const found = byRelevance(listingFor(grantOf(c), catalogue).search(text), text);
      return c.json(found.slice(0, query.limit()).map(searchResult));
    })
    .get("/udf/symbols", (c) => {
      const query = Query.of(c, now());
      return c.json(symbolInfo(resolve(catalogue, query.text("symbol"), grantOf(c))));
    })
    .get("/udf/history", async (c) => {
      const query = Query.of(c, now());
      const { symbol } = resolve(catalogue, query.text("symbol"), grantOf(c));
      const interval = intervalOf(query.text("resolution"));
      const from = secondsOf(query, "from") ?? -Infinity;
      const to = secondsOf(query, "to") ?? Infinity;
      const least = countbackOf(query);
      const span = Math.ceil((to - from) / lengthOf(interval));
      const limit = Math.min(BARS_MAX, Math.max(span, least, 1));
      const read = readBars.bind(undefined, market, archive, symbol, interval);
      return c.json(history(await newestBars(read, { to, limit }, timeSlices), from, least));
    })
    .get("/udf/quotes", (c) => {
      const names = (Query.of(c, now()).text("symbols") ?? "").split(",");
      const quotes = names.filter((name) => name !== "").map((name) => {
        checkGranted(grantOf(c).read, withoutExchange(name), "Cannot read");
        const instrument = find(catalogue, name);
        return instrument === undefined
          ? { s: "error", n: name, v: {}, errmsg: unknown(name) }
          : { s: "ok", n: name, v: quote(board.row(instrument.symbol), instrument) };
      });
      return c.json({ s: "ok", d: quotes });
    });
  // The client reads neither the status nor `detail`.
  return router.onError((error, c) => {
    const refusal = toHttpError(error, fault);
    const { message, status } = refusal;
    return c.json({ s: "error", errmsg: message, ...errorBody(refusal) }, status);
  });
}

type Catalogue = Market["catalogue"];

/** A chart may write the exchange before a symbol. */
function find(catalogue: Listing, name: string): Instrument | undefined {
  return catalogue.get(name) ?? catalogue.get(withoutExchange(name));
}

function withoutExchange(name: string): string {
  const prefix = `${EXCHANGE}:`;
  return name.toLowerCase().startsWith(prefix) ? name.slice(prefix.length) : name;
}

/** @throws {HttpError} for a symbol that is unknown, not given or not granted */
function resolve(all: Catalogue, name: string | undefined, grant: Grant): Instrument {
  if (name === undefined) {
    throw new HttpError(400, "bad_symbol", "Cannot answer without a symbol: name one");
  }
  const catalogue = listingFor(grant, all);
  // Charts change the user's input to capitals.
  const typed = withoutExchange(name).toLowerCase();
  const instrument = find(catalogue, name) ??
    catalogue.all().find(({ symbol }) => symbol.toLowerCase() === typed);
  if (instrument !== undefined) return instrument;
  checkGranted(grant.read, withoutExchange(name), "Cannot read");
  throw new HttpError(404, "unknown_symbol", unknown(name));
}

function unknown(name: string): string {
  return `Cannot find symbol ${JSON.stringify(name.slice(0, 100))}: it is unknown`;
}

/** Sorts the symbol itself first, then symbols that begin with the text. */
function byRelevance(found: readonly Instrument[], text: string): Instrument[] {
  const wanted = text.toLowerCase();
  const rank = ({ symbol }: Instrument) => {
    const at = symbol.toLowerCase().indexOf(wanted);
    return at !== 0 ? 2 : symbol.length === wanted.length ? 0 : 1;
  };
  return [...found].sort((a, b) => rank(a) - rank(b));
}

function searchResult({ symbol, name }: Instrument): Record<string, string> {
  return {
    symbol,
    full_name: symbol,
    description: name ?? symbol,
    exchange: EXCHANGE,
    ticker: symbol,
    type: "",
  };
}

function symbolInfo(instrument: Instrument): Record<string, unknown> {
  const multipliers = (pattern: RegExp) =>
    RESOLUTIONS.filter((name) => pattern.test(name)).map((name) => String(parseInt(name)));
  return {
    ...searchResult(instrument),
    name: instrument.symbol,
    listed_exchange: EXCHANGE,
    timezone: "Etc/UTC",
    session: "24x7",
    minmov: 1,
    pricescale: 10 ** instrument.decimals,
    has_intraday: true,
    intraday_multipliers: multipliers(/^\d+$/),
    has_seconds: true,
    seconds_multipliers: multipliers(/^\d+S$/),
    has_daily: true,
    has_weekly_and_monthly: false,
    supported_resolutions: RESOLUTIONS,
    volume_precision: 0,
  };
}

/** @throws {HttpError} */
function intervalOf(resolution = ""): Interval {
  const interval = INTERVAL_OF.get(/^[SDW]$/.test(resolution) ? `1${resolution}` : resolution);
  if (interval !== undefined) return interval;
  const known = [...INTERVAL_OF.keys()].join(", ");
  throw new HttpError(
    400,
    "bad_resolution",
    `Cannot use resolution ${JSON.stringify(resolution.slice(0, 100))}: it is none of ${known}`,
  );
}

/** @returns milliseconds @throws {HttpError} */
function secondsOf(query: Query, name: string): number | undefined {
  const text = query.text(name);
  if (text === undefined) return undefined;
  const seconds = Number(text);
  // A chart of a long time requests bars from before 1970.
  if (/^-?\d+(\.\d+)?$/.test(text) && Math.abs(seconds) < LOOKS_LIKE_MS_MIN) return seconds * 1_000;
  const shown = JSON.stringify(text.slice(0, 100));
  throw new HttpError(400, `bad_${name}`, `Cannot use ${name} ${shown}: it is no time in seconds`);
}

/** @throws {HttpError} */
function countbackOf(query: Query): number {
  const text = query.text("countback") ?? "0";
  if (/^\d+$/.test(text)) return Number(text);
  const shown = JSON.stringify(text.slice(0, 100));
  throw new HttpError(400, "bad_countback", `Cannot use countback ${shown}: it is no whole number`);
}

/** @param bars up to the end of the range, oldest first @param least minimum number of bars */
function history(bars: readonly Bar[], from: number, least: number): Record<string, unknown> {
  const newest = bars.at(-1);
  if (newest === undefined) return { s: "no_data" };
  if (newest.time < from) return { s: "no_data", nextTime: newest.time / 1_000 };
  const first = bars.findIndex(({ time }) => time >= from);
  const answered = bars.slice(Math.max(0, Math.min(first, bars.length - least)));
  return {
    s: "ok",
    t: answered.map(({ time }) => time / 1_000),
    o: answered.map(({ open }) => open),
    h: answered.map(({ high }) => high),
    l: answered.map(({ low }) => low),
    c: answered.map(({ close }) => close),
    // A list needs a value for each bar, and clients expect numbers.
    v: answered.map(({ volume }) => volume ?? 0),
  };
}

/** Unknown values are left out, because clients expect numbers. */
function quote(
  row: ReturnType<Market["board"]["row"]>,
  { symbol, name, decimals }: Instrument,
): Record<string, unknown> {
  const { bid, ask, change_percent } = row;
  const spread = bid === null || ask === null ? null : known(ask - bid);
  const fields = {
    ch: row.change,
    chp: change_percent === null ? null : Number((change_percent * 100).toFixed(4)),
    short_name: symbol,
    exchange: EXCHANGE,
    description: name ?? symbol,
    lp: row.price,
    ask,
    bid,
    spread: spread === null ? null : Number(spread.toFixed(decimals)),
    open_price: row.open,
    high_price: row.high,
    low_price: row.low,
    prev_close_price: row.prev_close,
    volume: row.volume,
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
}
