/** Results in the form of Kraken's REST API: https://docs.kraken.com/api/docs/category/rest-api/market-data */
import type { Bar } from "../core/bar.ts";
import type { Row } from "../core/board.ts";
import { lengthOf } from "../core/interval.ts";
import type { TapedTick } from "../core/tick.ts";
import { boughtAt, type Quote } from "../tape/figures.ts";
import { type Asset, isMoney, type Pair } from "./kraken_pairs.ts";
import {
  fixed,
  LOT_DECIMALS,
  micros,
  priceText,
  seconds,
  SIZE_DECIMALS,
  sizeText,
  tickerText,
} from "./kraken_text.ts";

export const INFOS = ["info", "leverage", "fees", "margin"] as const;
type Info = typeof INFOS[number];

const INFO_FIELDS: Readonly<Record<Exclude<Info, "info">, readonly string[]>> = {
  leverage: ["leverage_buy", "leverage_sell"],
  fees: ["fees", "fees_maker", "fee_volume_currency"],
  margin: ["margin_call", "margin_stop"],
};
const SPREADS_MAX = 200;

export function success(result: string): string {
  return `{"error":[],"result":${result}}`;
}

/** Joins `[name, text]` entries into one object; the texts are JSON. */
export function members(entries: readonly (readonly [name: string, text: string])[]): string {
  return `{${entries.map(([name, text]) => `${JSON.stringify(name)}:${text}`).join(",")}}`;
}

export function timeResult(now: number): string {
  const unixtime = Math.floor(now / 1_000);
  const rfc1123 = new Date(now).toUTCString().replace(/ \d\d(\d\d) /, " $1 ")
    .replace("GMT", "+0000");
  return JSON.stringify({ unixtime, rfc1123 });
}

export function statusResult(now: number): string {
  const timestamp = new Date(now).toISOString().replace(/\.\d+/, "");
  return JSON.stringify({ status: "online", timestamp, upcoming_maintenance: [], emergency: [] });
}

export function assetEntry(asset: Asset): string {
  const [decimals, display_decimals] = isMoney(asset) ? [4, 2] : [10, 5];
  const { altname } = asset;
  return JSON.stringify({
    aclass: "currency",
    altname,
    decimals,
    display_decimals,
    status: "enabled",
  });
}

export function pairEntry(pair: Pair, decimals: number, info: Info): string {
  const { altname, wsname, base, quote } = pair;
  const entry = {
    altname,
    wsname,
    aclass_base: "currency",
    base: base.id,
    aclass_quote: "currency",
    quote: quote.id,
    lot: "unit",
    cost_decimals: 5,
    pair_decimals: decimals,
    lot_decimals: SIZE_DECIMALS,
    lot_multiplier: 1,
    leverage_buy: [],
    leverage_sell: [],
    fees: [],
    fees_maker: [],
    fee_volume_currency: "ZUSD",
    margin_call: 80,
    margin_stop: 40,
    ordermin: (10 ** -SIZE_DECIMALS).toFixed(SIZE_DECIMALS),
    costmin: "0",
    tick_size: (10 ** -decimals).toFixed(decimals),
    status: "online",
    execution_venue: "international",
  };
  return JSON.stringify(entry, info === "info" ? undefined : [...INFO_FIELDS[info]]);
}

export function tickerEntry(quote: Quote, decimals: number): string {
  const opens = priceText(quote.today.open, decimals);
  return tickerText(quote, decimals, { lots: `"0","${lots(0)}"`, opens });
}

/** Candles from oldest to newest, and the start of the newest finished one. */
export function ohlcResult(name: string, bars: readonly Bar[], decimals: number): string {
  const rows = bars.map((bar) => {
    const { time, open, high, low, close, vwap, volume, count } = bar;
    const prices = [open, high, low, close, vwap].map((price) => `"${fixed(price, decimals)}"`);
    return `[${time / 1_000},${prices.join(",")},${sizeText(volume)},${count}]`;
  });
  const newest = bars.at(-1);
  const finished = newest === undefined
    ? 0
    : newest.closed
    ? newest.time
    : bars.at(-2)?.time ?? newest.time - lengthOf(newest.interval);
  return members([[name, `[${rows.join(",")}]`], ["last", String(finished / 1_000)]]);
}

/**
 * Trades from oldest to newest.
 * @param before the tick before the first one, if known
 * @param last nanoseconds after which the next page starts, for a page without trades
 */
export function tradesResult(
  name: string,
  ticks: readonly TapedTick[],
  before: TapedTick | undefined,
  decimals: number,
  last: string,
): string {
  let previous = before;
  const rows = ticks.map((tick) => {
    const { price, size, time, seq } = tick;
    const bought = boughtAt(tick, () => previous !== undefined && price < previous.price);
    previous = tick;
    const sizes = `${priceText(price, decimals)},${sizeText(size ?? 0)}`;
    return `[${sizes},${seconds(time)},"${bought ? "b" : "s"}","m","",${seq}]`;
  });
  const newest = ticks.reduce((time, tick) => Math.max(time, tick.time), -Infinity);
  const next = newest === -Infinity ? last : `${micros(newest)}000`;
  return members([[name, `[${rows.join(",")}]`], ["last", `"${next}"`]]);
}

/** The order book with one level per side: the best bid and ask. */
export function depthEntry({ bid, ask, time }: Row, decimals: number): string {
  const side = (price: number | null) =>
    price === null || time === null
      ? "[]"
      : `[[${priceText(price, decimals)},"${lots(0)}",${wholeSeconds(time)}]]`;
  return `{"asks":${side(ask)},"bids":${side(bid)}}`;
}

/** The newest changes of bid or ask. @param since seconds, inclusive */
export function spreadResult(
  name: string,
  ticks: readonly TapedTick[],
  decimals: number,
  since: number,
): string {
  const rows: string[] = [];
  let last = since;
  let bid: number | null = null, ask: number | null = null;
  for (const tick of ticks) {
    const known = `${bid} ${ask}`;
    bid = tick.bid ?? bid;
    ask = tick.ask ?? ask;
    const time = wholeSeconds(tick.time);
    if (bid === null || ask === null || known === `${bid} ${ask}` || time < since) continue;
    rows.push(`[${time},${priceText(bid, decimals)},${priceText(ask, decimals)}]`);
    last = Math.max(last, time);
  }
  const newest = rows.slice(-SPREADS_MAX);
  return members([[name, `[${newest.join(",")}]`], ["last", String(last)]]);
}

function lots(size: number): string {
  return fixed(size, LOT_DECIMALS);
}

function wholeSeconds(time: number): number {
  return Math.floor(time / 1_000);
}
