/** Data in the form of version 2 of Kraken's WebSocket API: `{"channel", "type", "data"}`, with fixed decimals. */
import type { Bar } from "../core/bar.ts";
import { DECIMALS_MIN } from "../core/instrument.ts";
import { type Interval, lengthOf } from "../core/interval.ts";
import type { TapedTick } from "../core/tick.ts";
import { Selection } from "../hub/topic.ts";
import type { Format, Item, Subscription } from "../hub/wire.ts";
import type { Figures, Quote } from "../tape/figures.ts";
import { type Asset, isMoney, type Pair, type PairList, type Pairs } from "./kraken_pairs.ts";
import { fixed, minutesOf, SIZE_DECIMALS, timestamp } from "./kraken_text.ts";
import { candleOf, spreadOf } from "./kraken_v1_data.ts";

export const NAMES = ["ticker", "ohlc", "trade", "instrument"] as const;
export type Name = typeof NAMES[number];

export const TRIGGERS = ["trades", "bbo"] as const;
/** The event that sends a new `ticker`: any tick, or a new bid or ask. */
export type Trigger = typeof TRIGGERS[number];

/** One channel of one pair; `instrument` has no pair. */
export interface Topic {
  readonly name: Name;
  readonly pair?: Pair | undefined;
  /** Length of the candles, for `ohlc`. */
  readonly interval?: Interval | undefined;
  /** Only for `ticker`. */
  readonly trigger?: Trigger | undefined;
}

type MessageType = "snapshot" | "update";

/** Number of candles in a snapshot. */
const CANDLES = 10;
const COST_DECIMALS = 5;
/** The smallest quantity that the decimals allow. */
const LOT_MIN = (0).toFixed(SIZE_DECIMALS - 1) + "1";

const ESSENCES: Readonly<Record<string, (item: Item) => string>> = {
  "ticker bbo": spreadOf,
  ohlc: candleOf,
  // Sends each pair only once.
  instrument: () => "",
};

/** Formats candles, trades and quotes of the pairs; all clients share it. */
export class V2Data {
  readonly #figures: Figures;
  readonly #pairs: Pairs;
  readonly #formats = new Map<string, Format>();
  readonly #topics = new Map<Format, Pick<Topic, "name" | "trigger">>();

  constructor(figures: Figures, pairs: Pairs) {
    this.#figures = figures;
    this.#pairs = pairs;
    for (const name of NAMES) {
      for (const trigger of name === "ticker" ? TRIGGERS : [undefined]) {
        const format = this.#format(name, trigger);
        this.#formats.set(`${name} ${trigger}`, format);
        this.#topics.set(format, { name, trigger });
      }
    }
  }

  subscription({ name, pair, interval, trigger }: Topic): Subscription {
    return {
      selection: new Selection([pair?.symbol ?? "*"]),
      channel: interval !== undefined
        ? { kind: "bar", interval }
        : { kind: name === "trade" ? "tick" : "quote" },
      mode: name === "trade" ? "all" : "latest",
      every: 0,
      format: this.#formats.get(`${name} ${trigger}`)!,
    };
  }

  topicOf({ selection, channel, format }: Subscription): Topic {
    const pair = this.#pairs.ofSymbol(selection.patterns[0]!);
    const interval = channel.kind === "bar" ? channel.interval : undefined;
    return { ...this.#topics.get(format)!, pair, interval };
  }

  /**
   * The snapshot for a new subscriber; `undefined` without data.
   * @param seen the pairs that the client may see
   */
  snapshot({ name, pair, interval }: Topic, seen: PairList): string | undefined {
    if (pair === undefined) return this.#instruments(seen.all(), "snapshot");
    const { symbol } = pair;
    if (interval !== undefined) {
      return this.#candles(this.#figures.bars(symbol, interval, CANDLES), "snapshot");
    }
    if (name === "ticker") return this.#ticker(symbol, "snapshot");
    const trades = this.#figures.ticks(symbol).map((tick) => this.#trade(tick));
    return message(name, "snapshot", trades.join(","));
  }

  #format(name: Name, trigger: Trigger | undefined): Format {
    const essence = ESSENCES[trigger === undefined ? name : `${name} ${trigger}`];
    const isTrade = name === "trade";
    return {
      name: ["kraken-v2", name, trigger].join("-"),
      whole: false,
      columns: () => undefined,
      fragment: (_channel, item) =>
        isTrade ? this.#trade(item as TapedTick) : this.#update(name, item) ?? "",
      frame: ({ fragments }) => {
        const texts = fragments.map(({ text }) => text).filter((text) => text !== "");
        return isTrade ? [message(name, "update", texts.join(","))] : texts;
      },
      announce: () => undefined,
      ...(essence === undefined ? {} : { changeKey: essence }),
    };
  }

  #update(name: Name, item: Item): string | undefined {
    if (name === "ohlc") return this.#candles([item as Bar], "update");
    if (name === "ticker") return this.#ticker(item.symbol, "update");
    const pair = this.#pairs.ofSymbol(item.symbol);
    return pair && this.#instruments([pair], "update");
  }

  #ticker(symbol: string, type: MessageType): string | undefined {
    const quote = this.#figures.quote(symbol);
    return quote && message("ticker", type, ticker(quote, this.#decimals(symbol)));
  }

  #candles(bars: readonly Bar[], type: MessageType): string | undefined {
    const newest = bars.at(-1);
    if (newest === undefined) return undefined;
    const rows = bars.map((bar) => candle(bar, this.#decimals(bar.symbol)));
    return message("ohlc", type, rows.join(","), this.#figures.lastTickAt(newest));
  }

  #trade(tick: TapedTick): string {
    const { seq, symbol, price, size, time } = tick;
    const side = this.#figures.bought(tick) ? "buy" : "sell";
    return `{"symbol":"${symbol}","side":"${side}","price":${
      fixed(price, this.#decimals(symbol))
    },` +
      `"qty":${fixed(size ?? 0, SIZE_DECIMALS)},"ord_type":"market","trade_id":${seq},` +
      `"timestamp":"${timestamp(time)}"}`;
  }

  #instruments(pairs: readonly Pair[], type: MessageType): string {
    const assets = new Map(
      pairs.flatMap(({ base, quote }) => [base, quote]).map((asset) => [asset.code, asset]),
    );
    const listed = pairs.map((pair) => instrument(pair, this.#decimals(pair.symbol)));
    const data = `{"assets":[${[...assets.values()].map(assetRow).join(",")}],` +
      `"pairs":[${listed.join(",")}]}`;
    return `{"channel":"instrument","type":"${type}","data":${data}}`;
  }

  #decimals(symbol: string): number {
    return this.#figures.catalogue.get(symbol)?.decimals ?? DECIMALS_MIN;
  }
}

function message(name: Name, type: MessageType, rows: string, time?: number): string {
  const at = time === undefined ? "" : `"timestamp":"${timestamp(time, true)}",`;
  return `{"channel":"${name}","type":"${type}",${at}"data":[${rows}]}`;
}

/** All figures except bid, ask and last cover the last 24 hours. */
function ticker({ symbol, time, price, bid, ask, lastDay }: Quote, decimals: number): string {
  const { open, volume, vwap, low, high, count } = lastDay;
  const number = (value: number | null) => fixed(value, decimals);
  // The quantities at bid and ask are unknown, so they are 0.
  const level = (name: string, value: number | null) =>
    `"${name}":${number(value ?? price)},"${name}_qty":${fixed(0, SIZE_DECIMALS)}`;
  const percent = open === 0 ? 0 : 100 * (price - open) / Math.abs(open);
  return `{"symbol":"${symbol}",${level("bid", bid)},${level("ask", ask)},` +
    `"last":${number(price)},"volume":${fixed(volume, SIZE_DECIMALS)},"vwap":${number(vwap)},` +
    `"low":${number(low)},"high":${number(high)},"change":${number(price - open)},` +
    `"change_pct":${fixed(percent, 2)},"trades":${count},"timestamp":"${timestamp(time)}"}`;
}

function candle(bar: Bar, decimals: number): string {
  const { symbol, open, high, low, close, count, volume, vwap, time, interval } = bar;
  const number = (value: number | null) => fixed(value, decimals);
  return `{"symbol":"${symbol}","open":${number(open)},"high":${number(high)},` +
    `"low":${number(low)},"close":${number(close)},"trades":${count},` +
    `"volume":${fixed(volume, SIZE_DECIMALS)},"vwap":${number(vwap)},` +
    `"interval_begin":"${timestamp(time, true)}","interval":${minutesOf(interval)},` +
    `"timestamp":"${timestamp(time + lengthOf(interval))}"}`;
}

function assetRow(asset: Asset): string {
  const [precision, shown] = isMoney(asset) ? [4, 2] : [10, 5];
  return `{"id":"${asset.code}","status":"enabled","precision":${precision},` +
    `"precision_display":${shown},"borrowable":false,"collateral_value":0.00,"margin_rate":0.00}`;
}

function instrument({ symbol, base, quote }: Pair, decimals: number): string {
  const step = (10 ** -decimals).toFixed(decimals);
  return `{"symbol":"${symbol}","base":"${base.code}","quote":"${quote.code}","status":"online",` +
    `"qty_precision":${SIZE_DECIMALS},"qty_increment":${LOT_MIN},"price_precision":${decimals},` +
    `"cost_precision":${COST_DECIMALS},"marginable":false,"has_index":false,"cost_min":0.00,` +
    `"margin_initial":0.00,"position_limit_long":0,"position_limit_short":0,` +
    `"tick_size":${step},"price_increment":${step},"qty_min":${LOT_MIN}}`;
}
