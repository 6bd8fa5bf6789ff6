import { DECIMALS_MIN } from "../core/instrument.ts";
import { parseDuration } from "../core/duration.ts";
import { symbolFault, type Tick } from "../core/tick.ts";
import {
  checkOptions,
  type Feed,
  type FeedContext,
  type FeedSpec,
  listOption,
  numberOption,
  unusable,
} from "./feed.ts";
import { seededRandom } from "./random.ts";
import { type Character, RandomWalk } from "./random_walk.ts";

const RATE_DEFAULT = 20;
const RATE_MAX = 1_000_000;
const HISTORY_DEFAULT = "2h";
/** Limits the ticks of the history, and so the time that a start takes. */
const HISTORY_TICKS_MAX = 150_000;
const SYMBOLS_MAX = 10_000;
/** Shortest pause between two batches. */
const SLICE_MS = 5;
const BATCH_MAX = 2_000;

const stock = { decimals: 2, volatility: 0.35, size: 60, sizeStep: 1, spread: 0.0001 };
const coin = { decimals: 2, volatility: 0.7, sizeStep: 0.0001, spread: 0.00005 };

/** The market without a `--feed`. Prices and share counts are only roughly right. */
const MARKET: readonly Character[] = [
  { symbol: "AAPL", name: "Apple Inc.", price: 150, shares: 15.1e9, ...stock },
  { symbol: "GOOGL", name: "Alphabet Inc.", price: 172, shares: 12.2e9, ...stock },
  { symbol: "MSFT", name: "Microsoft Corporation", price: 428, shares: 7.43e9, ...stock },
  { symbol: "AMZN", name: "Amazon.com, Inc.", price: 186, shares: 10.5e9, ...stock },
  { symbol: "TSLA", name: "Tesla, Inc.", price: 248, shares: 3.2e9, ...stock, volatility: 0.6 },
  {
    symbol: "EUR/USD",
    name: "Euro in US dollars",
    price: 1.0845,
    decimals: 5,
    volatility: 0.08,
    size: 50_000,
    sizeStep: 1_000,
    spread: 0.00008,
  },
  { symbol: "BTC/USD", name: "Bitcoin in US dollars", price: 64_000, size: 0.02, ...coin },
  { symbol: "ETH/USD", name: "Ether in US dollars", price: 3_100, size: 0.3, ...coin },
];

/**
 * A simulated market with a seed: `synthetic:?symbols=AAPL,MSFT&rate=1000&seed=1&history=2h`. `symbols` is a list,
 * or a number for S000, S001 …; `rate` is ticks per second over all symbols.
 * @throws {RangeError} for an invalid option
 */
export function synthetic(spec: FeedSpec): Feed {
  checkOptions(spec, ["symbols", "rate", "seed", "history"]);
  const rate = numberOption(spec, "rate", RATE_DEFAULT);
  if (rate > RATE_MAX) throw unusable(spec, `rate=${rate} is more than ${RATE_MAX}`);
  const random = seededRandom(numberOption(spec, "seed", 1));
  const historyText = spec.options.get("history") ?? HISTORY_DEFAULT;
  const historyMs = parseDuration(historyText);
  if (historyMs === undefined) throw unusable(spec, `history=${historyText} is not a duration`);
  const characters = chooseCharacters(spec, random);
  return {
    name: spec.name,
    run: (context) => run(context, { characters, rate, historyMs, random }),
  };
}

interface Settings {
  readonly characters: readonly Character[];
  readonly rate: number;
  readonly historyMs: number;
  readonly random: () => number;
}

async function run(context: FeedContext, settings: Settings): Promise<void> {
  const { characters, rate, random } = settings;
  const start = context.now();
  const historyMs = context.tapeEmpty ? settings.historyMs : 0;
  const market = new Market(
    characters.map((character) =>
      new RandomWalk(character, random, start - historyMs, context.newestPrice(character.symbol))
    ),
    random,
    start - historyMs,
  );
  for (const { symbol, name, decimals, price, shares } of characters) {
    // The previous close differs from the first price by about a day's change.
    const prevClose = Number((price * (1 + 0.02 * (random() - 0.5))).toFixed(decimals));
    void context.define(symbol, {
      name,
      decimals,
      prevClose,
      ...(shares === undefined ? {} : { shares }),
    });
  }
  if (historyMs > 0) {
    const historyRate = Math.min(
      Math.max(rate, characters.length / 10),
      HISTORY_TICKS_MAX / (historyMs / 1_000),
    );
    while (market.time < start && !context.signal.aborted) {
      await context.emit(market.until(start, historyRate, BATCH_MAX));
      await context.sleep(0);
    }
  }
  context.ready();
  market.skipTo(start);
  while (!context.signal.aborted) {
    if (rate === 0) {
      await context.sleep(60_000);
      continue;
    }
    // After a long stall of the process skip the missed ticks instead of emitting all of them at once.
    const now = context.now();
    if (now - market.time > 1_000) market.skipTo(now - 1_000);
    const ticks = market.until(now, rate, BATCH_MAX);
    if (ticks.length > 0) await context.emit(ticks);
    const full = ticks.length === BATCH_MAX;
    await context.sleep(full ? 0 : Math.max(SLICE_MS, market.time - context.now()));
  }
}

/** All instruments together. Ticks come at random times, each for a random instrument. */
class Market {
  readonly #walks: readonly RandomWalk[];
  readonly #random: () => number;
  /** Time of the next tick. */
  time: number;

  constructor(walks: readonly RandomWalk[], random: () => number, time: number) {
    this.#walks = walks;
    this.#random = random;
    this.time = time;
  }

  /** The ticks before a time, at most `countMax`. */
  until(end: number, ratePerSecond: number, countMax: number): Tick[] {
    const ticks: Tick[] = [];
    while (this.time < end && ticks.length < countMax) {
      const walk = this.#walks[Math.floor(this.#random() * this.#walks.length)]!;
      ticks.push(walk.next(Math.round(this.time * 1_000) / 1_000));
      this.time += -Math.log(1 - this.#random()) * 1_000 / ratePerSecond;
    }
    return ticks;
  }

  skipTo(time: number): void {
    this.time = Math.max(this.time, time);
  }
}

function chooseCharacters(spec: FeedSpec, random: () => number): readonly Character[] {
  const asked = spec.options.get("symbols");
  if (asked === null) return MARKET;
  const count = /^\d+$/.test(asked) ? Number(asked) : undefined;
  if (count !== undefined && count > SYMBOLS_MAX) {
    throw unusable(spec, `symbols=${asked} is not between 1 and ${SYMBOLS_MAX}`);
  }
  const symbols = count === undefined
    ? listOption(spec, "symbols")
    : Array.from({ length: count }, (_, index) => `S${String(index).padStart(3, "0")}`);
  if (symbols.length === 0 || symbols.length > SYMBOLS_MAX) {
    throw unusable(spec, `symbols=${asked} is not between 1 and ${SYMBOLS_MAX}`);
  }
  return symbols.map((symbol) => {
    const reason = symbolFault(symbol);
    if (reason !== undefined) throw unusable(spec, `symbol "${symbol}": ${reason}`);
    return MARKET.find((character) => character.symbol === symbol) ?? invent(symbol, random);
  });
}

function invent(symbol: string, random: () => number): Character {
  return {
    symbol,
    name: symbol,
    decimals: DECIMALS_MIN,
    price: Number((10 ** (1 + 2 * random())).toFixed(2)),
    volatility: 0.15 + 0.5 * random(),
    size: 100,
    sizeStep: 1,
    spread: 0.0001 + 0.0005 * random(),
  };
}
