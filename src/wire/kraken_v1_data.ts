/** Data in the form of version 1 of Kraken's WebSocket API: `[channelID, payload, channelName, pair]`. */
import type { Bar } from "../core/bar.ts";
import type { Row } from "../core/board.ts";
import { type Interval, lengthOf } from "../core/interval.ts";
import type { TapedTick } from "../core/tick.ts";
import { Selection } from "../hub/topic.ts";
import type { Format, Item, Subscription } from "../hub/wire.ts";
import type { Figures, Quote } from "../tape/figures.ts";
import type { Pair, Pairs } from "./kraken_pairs.ts";
import {
  ALL_MINUTES,
  intervalOf,
  minutesOf,
  priceText,
  seconds,
  sizeText,
  tickerText,
} from "./kraken_text.ts";

export const NAMES = ["ticker", "ohlc", "trade", "spread"] as const;
export type Name = typeof NAMES[number];

/** One channel of one pair, as the client named them. */
export interface Topic {
  readonly name: Name;
  /** Length of the candles, for `ohlc`. */
  readonly interval?: Interval | undefined;
  readonly pair: Pair;
  /** Whether the client writes XBT/USD instead of BTC/USD. */
  readonly old: boolean;
}

const CHANNEL_NAMES = ["ticker", "trade", "spread", ...ALL_MINUTES.map((each) => `ohlc-${each}`)];

export function channelName({ name, interval }: Topic): string {
  return interval === undefined ? name : `${name}-${minutesOf(interval)}`;
}

export function pairName({ pair, old }: Topic): string {
  return old ? pair.wsname : pair.symbol;
}

/** A number that is unique for a channel, pair and spelling, and constant while the server runs. */
export function channelId(topic: Topic): number {
  const place = CHANNEL_NAMES.indexOf(channelName(topic));
  const number = topic.pair.number * CHANNEL_NAMES.length + place;
  return 1 + 2 * number + (topic.old ? 0 : 1);
}

/** Formats candles, trades and quotes of the pairs; all clients share it. */
export class V1Data {
  readonly #figures: Figures;
  readonly #pairs: Pairs;
  readonly #formats = new Map<string, Format>();
  readonly #topics = new Map<Format, Pick<Topic, "name" | "old">>();

  constructor(figures: Figures, pairs: Pairs) {
    this.#figures = figures;
    this.#pairs = pairs;
    for (const name of NAMES) {
      for (const old of [true, false]) {
        const format = this.#format(name, old);
        this.#formats.set(`${name} ${old}`, format);
        this.#topics.set(format, { name, old });
      }
    }
  }

  subscription({ name, interval, pair, old }: Topic): Subscription {
    return {
      selection: new Selection([pair.symbol]),
      channel: interval !== undefined
        ? { kind: "bar", interval }
        : { kind: name === "trade" ? "tick" : "quote" },
      mode: name === "trade" ? "all" : "latest",
      every: 0,
      format: this.#formats.get(`${name} ${old}`)!,
    };
  }

  topicOf({ selection, channel, format }: Subscription): Topic {
    const pair = this.#pairs.ofSymbol(selection.patterns[0]!)!;
    const interval = channel.kind === "bar" ? channel.interval : undefined;
    return { ...this.#topics.get(format)!, interval, pair };
  }

  topicOfId(id: unknown): Topic | undefined {
    if (!Number.isSafeInteger(id)) return undefined;
    const number = Math.floor((id as number - 1) / 2);
    const pair = this.#pairs.ofNumber(Math.floor(number / CHANNEL_NAMES.length));
    const channel = CHANNEL_NAMES[number % CHANNEL_NAMES.length];
    const [name, minutes] = channel?.split("-") ?? [];
    if (pair === undefined || name === undefined) return undefined;
    const interval = minutes === undefined ? undefined : intervalOf(Number(minutes));
    return { name: name as Name, interval, pair, old: (id as number) % 2 === 1 };
  }

  /** The snapshot for a new subscriber; `undefined` without data. */
  snapshot(topic: Topic): string | undefined {
    const { name, interval, pair: { symbol } } = topic;
    if (name === "trade") return this.#trades(topic, this.#figures.ticks(symbol));
    if (interval === undefined) return this.#message(topic, this.#figures.row(symbol));
    const [bar] = this.#figures.bars(symbol, interval, 1);
    return bar && this.#message(topic, bar);
  }

  #format(name: Name, old: boolean): Format {
    const topicOf = (symbol: string, interval?: Interval): Topic => ({
      name,
      interval,
      pair: this.#pairs.ofSymbol(symbol)!,
      old,
    });
    const isTrade = name === "trade";
    return {
      name: `kraken-v1-${name}-${old ? "old" : "new"}`,
      whole: false,
      columns: () => undefined,
      fragment: (channel, item) => {
        if (isTrade) return this.#trade(item as TapedTick);
        const interval = channel.kind === "bar" ? channel.interval : undefined;
        return this.#message(topicOf(item.symbol, interval), item) ?? "";
      },
      frame: ({ fragments }) => {
        if (!isTrade) return fragments.map(({ text }) => text).filter((text) => text !== "");
        const rows = fragments.map(({ text }) => text).join(",");
        return [wrap(topicOf(fragments[0]!.symbol), `[${rows}]`)];
      },
      announce: () => undefined,
      ...(name === "spread" ? { changeKey: spreadOf } : {}),
      ...(name === "ohlc" ? { changeKey: candleOf } : {}),
    };
  }

  #message(topic: Topic, item: Item): string | undefined {
    const decimals = this.#pairs.decimalsOf(topic.pair);
    if (topic.name === "ohlc") {
      const bar = item as Bar;
      return wrap(topic, candle(bar, this.#figures.lastTickAt(bar), decimals));
    }
    if (topic.name === "spread") {
      const { bid, ask, time } = item as Row;
      if (bid === null || ask === null || time === null) return undefined;
      const prices = `${priceText(bid, decimals)},${priceText(ask, decimals)}`;
      return wrap(topic, `[${prices},"${seconds(time)}",${sizeText(0)},${sizeText(0)}]`);
    }
    const quote = this.#figures.quote(item.symbol);
    return quote && wrap(topic, ticker(quote, decimals));
  }

  #trades(topic: Topic, ticks: readonly TapedTick[]): string | undefined {
    if (ticks.length === 0) return undefined;
    return wrap(topic, `[${ticks.map((tick) => this.#trade(tick)).join(",")}]`);
  }

  #trade(tick: TapedTick): string {
    const decimals = this.#pairs.decimalsOf(this.#pairs.ofSymbol(tick.symbol)!);
    const side = this.#figures.bought(tick) ? "b" : "s";
    const size = sizeText(tick.size ?? 0);
    return `[${priceText(tick.price, decimals)},${size},"${seconds(tick.time)}","${side}","m",""]`;
  }
}

function wrap(topic: Topic, payload: string): string {
  return `[${channelId(topic)},${payload},"${channelName(topic)}","${pairName(topic)}"]`;
}

/** Sends a spread only when bid or ask has changed. */
export function spreadOf(item: Item): string {
  const { bid, ask } = item as Row;
  return `${bid} ${ask}`;
}

/** Sends a candle only after a new tick. Kraken does not report that a candle has closed. */
export function candleOf(item: Item): string {
  const { time, count } = item as Bar;
  return `${time} ${count}`;
}

function candle(bar: Bar, updatedAt: number, decimals: number): string {
  const { time, interval, open, high, low, close, vwap, volume, count } = bar;
  const times = `"${seconds(updatedAt)}","${seconds(time + lengthOf(interval))}"`;
  const prices = [open, high, low, close, vwap].map((price) => priceText(price, decimals));
  return `[${times},${prices.join(",")},${sizeText(volume)},${count}]`;
}

function ticker(quote: Quote, decimals: number): string {
  const { today, lastDay } = quote;
  const opens = `[${priceText(today.open, decimals)},${priceText(lastDay.open, decimals)}]`;
  return tickerText(quote, decimals, { lots: `0,${sizeText(0)}`, opens });
}
