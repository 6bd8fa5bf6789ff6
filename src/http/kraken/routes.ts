/** Kraken's public API: REST below `/kraken/0/public`, and the paths of its WebSockets. */
import { type Context, Hono } from "hono";
import type { Bar } from "../../core/bar.ts";
import type { TapedTick } from "../../core/tick.ts";
import type { Hub } from "../../hub/hub.ts";
import { Figures, type FiguresOptions } from "../../tape/figures.ts";
import { type Asset, type Pair, type PairList, Pairs } from "../../wire/kraken_pairs.ts";
import * as rest from "../../wire/kraken_rest.ts";
import { intervalOf, micros } from "../../wire/kraken_text.ts";
import { krakenV1 } from "../../wire/kraken_v1.ts";
import { krakenV2 } from "../../wire/kraken_v2.ts";
import { readBody } from "../body.ts";
import { grantOf } from "../access/grants.ts";
import { SLICE_ROWS, type TimeSlices } from "../native/history.ts";
import { HttpError } from "../http_error.ts";
import type { SocketPlace } from "../sockets.ts";
import { tickPage } from "../native/tick_page.ts";

export interface KrakenApiOptions extends FiguresOptions {
  readonly hub: Hub;
  readonly timeSlices: TimeSlices;
  /** Called for errors of the server itself. */
  fault(error: unknown): void;
}

export const BODY_BYTES_MAX = 65_536;
export const METHODS = [
  "Time",
  "SystemStatus",
  "Assets",
  "AssetPairs",
  "Ticker",
  "OHLC",
  "Trades",
  "Depth",
  "Spread",
] as const;
type Method = typeof METHODS[number];
const CANDLES_MAX = 720;
const TRADES_MAX = 1_000;
const LEVELS_MAX = 500;
/** Maximum number of trades in a page, if the trades at its end have the same time. */
const PAGE_MAX = 100_000;
/** Number of ticks that are searched for changes of bid and ask. */
const SPREAD_TICKS = 1_000;
/** Maximum number of ticks in one slice. */
const SLICE_TICKS = 2_000;
/** A greater `since` is in nanoseconds. */
const LOOKS_LIKE_SECONDS_MAX = 1e14;

const BAD_ARGUMENTS = "EGeneral:Invalid arguments";

/** Ticks from oldest to newest. The tick before them tells whether the first price fell. */
interface Ticks {
  readonly before: TapedTick | undefined;
  readonly ticks: readonly TapedTick[];
}

/** An error in Kraken's words. Kraken answers errors with status 200. */
class KrakenFault extends Error {}
const DENIED = new KrakenFault("EGeneral:Permission denied");

/** The pairs that a client may see. */
interface Seen {
  readonly pairs: PairList;
  readonly isAll: boolean;
}

/** With a limited token an unknown name gets the same error as a forbidden one. */
function unknown({ isAll }: Seen, error: string): KrakenFault {
  return isAll ? new KrakenFault(error) : DENIED;
}

export class KrakenApi {
  readonly #options: KrakenApiOptions;
  readonly #figures: Figures;
  readonly #pairs: Pairs;
  readonly #methods: Readonly<
    Record<Method, (params: URLSearchParams, seen: Seen) => string | Promise<string>>
  >;
  #connections = 0;

  constructor(options: KrakenApiOptions) {
    this.#options = options;
    this.#figures = new Figures(options);
    this.#pairs = new Pairs(options.market.catalogue);
    this.#methods = {
      Time: () => rest.timeResult(options.now()),
      SystemStatus: () => rest.statusResult(options.now()),
      Assets: (...asked) => this.#assets(...asked),
      AssetPairs: (...asked) => this.#assetPairs(...asked),
      Ticker: (...asked) => this.#ticker(...asked),
      OHLC: (...asked) => this.#candles(...asked),
      Trades: (...asked) => this.#trades(...asked),
      Depth: (...asked) => this.#depth(...asked),
      Spread: (...asked) => this.#spread(...asked),
    };
  }

  /** `/kraken` and `/kraken/v2`, with or without a slash at the end. */
  places(): SocketPlace[] {
    const { hub } = this.#options;
    const options = {
      figures: this.#figures,
      pairs: this.#pairs,
      pairsMax: hub.limits.patternsMax,
    };
    const wires = { "/kraken": krakenV1(options), "/kraken/v2": krakenV2(options) };
    return Object.entries(wires).flatMap(([path, wire]) => {
      const accept: SocketPlace["accept"] = (_url, connectionGrant) => (socket) =>
        hub.open(socket, wire(++this.#connections, connectionGrant.grant.read), connectionGrant);
      return [{ path, accept }, { path: `${path}/`, accept }];
    });
  }

  /** `/kraken/0/public/METHOD`: `GET` with a query, and `POST` with a form. */
  routes(): Hono {
    const routes = new Hono();
    routes.onError((error, c) => {
      if (error === DENIED) return failure(c, error.message, 403);
      if (error instanceof KrakenFault) return failure(c, error.message);
      if (error instanceof HttpError) return failure(c, BAD_ARGUMENTS);
      this.#options.fault(error);
      return failure(c, "EService:Unavailable");
    });
    routes.on(["GET", "POST"], "/kraken/0/public/:method", async (c) => {
      const name = METHODS.find((name) => name === c.req.param("method"));
      if (name === undefined) return unknownMethod(c);
      const params = new URL(c.req.url).searchParams;
      if (c.req.method === "POST") {
        const form = new TextDecoder().decode(await readBody(c.req.raw, BODY_BYTES_MAX));
        for (const [key, value] of new URLSearchParams(form)) params.set(key, value);
      }
      const { read } = grantOf(c);
      const seen = { pairs: this.#pairs.within(read), isAll: read.isAll };
      const result = await this.#methods[name](params, seen);
      return c.body(rest.success(result), 200, { "Content-Type": "application/json" });
    });
    return routes.all("/kraken/0/*", unknownMethod);
  }

  #assets(params: URLSearchParams, seen: Seen): string {
    const assets = new Map<string, Asset>();
    for (const { base, quote } of seen.pairs.all()) {
      for (const asset of [base, quote]) assets.set(asset.id, asset);
    }
    const asked = listOf(params, "asset");
    const found = asked.map((name) =>
      assets.get(name) ?? [...assets.values()].find(({ altname }) => altname === name)
    );
    if (found.includes(undefined)) throw unknown(seen, "EQuery:Unknown asset");
    const chosen = asked.length === 0 ? [...assets.values()] : found as Asset[];
    return rest.members(chosen.map((asset) => [asset.id, rest.assetEntry(asset)]));
  }

  #assetPairs(params: URLSearchParams, seen: Seen): string {
    const asked = params.get("info") || rest.INFOS[0];
    const info = rest.INFOS.find((info) => info === asked);
    if (info === undefined) throw new KrakenFault(BAD_ARGUMENTS);
    return rest.members(
      this.#asked(params, seen).map(([name, pair]) =>
        [name, rest.pairEntry(pair, this.#decimals(pair), info)] as const
      ),
    );
  }

  /** Pairs without ticks are left out. */
  #ticker(params: URLSearchParams, seen: Seen): string {
    return rest.members(
      this.#asked(params, seen).flatMap(([name, pair]) => {
        const quote = this.#figures.quote(pair.symbol);
        return quote === undefined
          ? []
          : [[name, rest.tickerEntry(quote, this.#decimals(pair))] as const];
      }),
    );
  }

  #candles(params: URLSearchParams, seen: Seen): string {
    const [name, pair] = this.#one(params, seen);
    const interval = intervalOf(integerOf(params, "interval", 1));
    if (interval === undefined) throw new KrakenFault(BAD_ARGUMENTS);
    const since = secondsOf(params) * 1_000;
    const isAsked = ({ time }: Bar) => time >= since;
    const bars = this.#figures.bars(pair.symbol, interval, CANDLES_MAX).filter(isAsked);
    return rest.ohlcResult(name, bars, this.#decimals(pair));
  }

  async #trades(params: URLSearchParams, seen: Seen): Promise<string> {
    const [name, pair] = this.#one(params, seen);
    const count = integerOf(params, "count", TRADES_MAX);
    if (count < 1 || count > TRADES_MAX) throw new KrakenFault(BAD_ARGUMENTS);
    const since = microsOf(params);
    const { before, ticks } = since === undefined
      ? await this.#newestTicks(pair, count)
      : await this.#ticksAfter(pair, since, count);
    return rest.tradesResult(name, ticks, before, this.#decimals(pair), `${since ?? 0}000`);
  }

  #depth(params: URLSearchParams, seen: Seen): string {
    const [name, pair] = this.#one(params, seen);
    const count = integerOf(params, "count", 1);
    if (count < 1 || count > LEVELS_MAX) throw new KrakenFault(BAD_ARGUMENTS);
    const row = this.#figures.row(pair.symbol);
    return rest.members([[name, rest.depthEntry(row, this.#decimals(pair))]]);
  }

  async #spread(params: URLSearchParams, seen: Seen): Promise<string> {
    const [name, pair] = this.#one(params, seen);
    const since = secondsOf(params);
    const { ticks } = await this.#newestTicks(pair, SPREAD_TICKS);
    return rest.spreadResult(name, ticks, this.#decimals(pair), since);
  }

  async #newestTicks({ symbol }: Pair, count: number): Promise<Ticks> {
    const { tape, timeSlices } = this.#options;
    const range = { symbols: new Set([symbol]), limit: count + 1 };
    const page = await tickPage(tape, range, timeSlices);
    const ticks: TapedTick[] = [];
    for (; !page.done; await timeSlices.take()) ticks.push(...page.read(SLICE_ROWS).list());
    return { before: ticks.length > count ? ticks.shift() : undefined, ticks };
  }

  /**
   * Reads the first `count` ticks after a time, and the others at the time of the last one, because
   * the next page starts after that time.
   */
  async #ticksAfter({ symbol }: Pair, since: number, count: number): Promise<Ticks> {
    const { tape, timeSlices } = this.#options;
    const symbols = new Set([symbol]);
    const from = since / 1_000;
    const ticks: TapedTick[] = [];
    let before: TapedTick | undefined;
    let after = Math.max(tape.tail, tape.before(from));
    for (const { head: through } = tape; after < through; await timeSlices.take()) {
      const slice = tape.first({ symbols, from, after, through, limit: SLICE_TICKS });
      for (const tick of slice.ticks) {
        const time = micros(tick.time);
        if (time <= since) {
          if (ticks.length === 0) before = tick;
          continue;
        }
        const isFull = ticks.length >= count && time !== micros(ticks.at(-1)!.time);
        if (isFull || ticks.length >= PAGE_MAX) return { before, ticks };
        ticks.push(tick);
      }
      after = slice.seq;
    }
    return { before, ticks };
  }

  #decimals(pair: Pair): number {
    return this.#pairs.decimalsOf(pair);
  }

  /** The requested pairs with their names in the answer; all pairs if the request names none. */
  #asked(params: URLSearchParams, seen: Seen): [name: string, pair: Pair][] {
    const names = listOf(params, "pair");
    if (names.length === 0) return seen.pairs.all().map((pair) => [pair.key, pair]);
    return names.map((name) => {
      const pair = seen.pairs.ofName(name);
      if (pair === undefined) throw unknown(seen, "EQuery:Unknown asset pair");
      return [name === pair.symbol ? name : pair.key, pair];
    });
  }

  #one(params: URLSearchParams, seen: Seen): [name: string, pair: Pair] {
    if (listOf(params, "pair").length === 0) throw new KrakenFault(BAD_ARGUMENTS);
    const [first, another] = this.#asked(params, seen);
    if (another !== undefined) throw new KrakenFault("EQuery:Unknown asset pair");
    return first!;
  }
}

function failure(c: Context, error: string, status: 200 | 403 = 200): Response {
  return c.json({ error: [error] }, status);
}

function unknownMethod(c: Context): Response {
  return c.json({ error: ["EGeneral:Unknown method"] }, 404);
}

function listOf(params: URLSearchParams, name: string): string[] {
  const names = (params.get(name) ?? "").split(",").map((item) => item.trim());
  return [...new Set(names)].filter((item) => item !== "");
}

function integerOf(params: URLSearchParams, name: string, fallback: number): number {
  const text = params.get(name) || String(fallback);
  if (!/^\d{1,9}$/.test(text)) throw new KrakenFault(BAD_ARGUMENTS);
  return Number(text);
}

/** The text of `since`, a number that is not negative. */
function sinceOf(params: URLSearchParams): string | undefined {
  const text = params.get("since") || undefined;
  if (text === undefined || /^\d{1,25}(?:\.\d{1,12})?$/.test(text)) return text;
  throw new KrakenFault(BAD_ARGUMENTS);
}

function secondsOf(params: URLSearchParams): number {
  return Number(sinceOf(params) ?? 0);
}

/** `since` in whole microseconds. The text has seconds, or nanoseconds too large for a number. */
function microsOf(params: URLSearchParams): number | undefined {
  const text = sinceOf(params);
  if (text === undefined) return undefined;
  const [whole] = text.split(".");
  return Number(text) > LOOKS_LIKE_SECONDS_MAX
    ? Number(BigInt(whole!) / 1_000n)
    : Math.round(Number(text) * 1e6);
}
