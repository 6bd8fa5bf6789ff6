/** https://docs.ccxt.com/#/ccxt.pro.manual */
import { symbolFault, type Tick } from "../core/tick.ts";
import {
  checkOptions,
  type Feed,
  type FeedContext,
  type FeedSpec,
  listOption,
  SourceFault,
  unusable,
} from "./feed.ts";
import { type Ccxt, type Exchange, type ExchangeTrade, loadCcxt } from "./ccxt_package.ts";
import { Outbox } from "./outbox.ts";
import { type NamedTrade, SeenTrades } from "./seen_trades.ts";

const SYMBOLS_MAX = 500;
/** Trades per request, and the most requests in a row. */
const PAGE = 1_000;
const PAGES_MAX = 1_000;
const PENDING_MAX = 200_000;
/** Trades of a symbol that ccxt keeps between two looks. */
const CACHED = 5_000;
const LOOK_MS = 1_000;

interface Trade extends NamedTrade {
  readonly price: number;
  readonly size: number | null;
}

interface Settings {
  readonly exchange: string;
  readonly symbols: readonly string[];
  readonly config: object;
}

/**
 * Trades of any exchange that ccxt supports: `ccxt:kraken?symbols=BTC/USDT,ETH/USDT`. After a lost connection
 * the feed fetches the missed trades; if the exchange does not allow that, it logs which are missing.
 * @param load loads ccxt, which is an optional installation
 * @throws {RangeError} for an invalid option
 */
export function ccxt(spec: FeedSpec, load: () => Promise<unknown> = loadCcxt): Feed {
  checkOptions(spec, ["symbols", "config"]);
  if (!/^\w+$/.test(spec.what)) {
    throw unusable(spec, "name an exchange, as in ccxt:kraken?symbols=BTC/USD");
  }
  const symbols = listOption(spec, "symbols");
  if (symbols.length === 0 || symbols.length > SYMBOLS_MAX) {
    throw unusable(spec, `symbols names ${symbols.length}, not between 1 and ${SYMBOLS_MAX}`);
  }
  for (const symbol of symbols) {
    const fault = symbolFault(symbol);
    if (fault !== undefined) throw unusable(spec, `symbol ${JSON.stringify(symbol)}: ${fault}`);
  }
  const settings = { exchange: spec.what, symbols, config: configOf(spec) };
  const lines = new Map<string, SeenTrades>();
  return {
    name: spec.name,
    async run(context) {
      const { pro, version } = await load().catch((cause) => {
        const how = "npm install ccxt in the folder in which tickwire is started";
        throw unusable(spec, `ccxt is not installed: ${how}`, cause);
      }) as Ccxt;
      const Kind = pro[settings.exchange];
      if (Kind === undefined) {
        throw unusable(
          spec,
          `ccxt ${version} has no live data of an exchange ${settings.exchange}`,
        );
      }
      const usual = { enableRateLimit: true, options: { tradesLimit: CACHED } };
      const exchange = new Kind({ ...usual, ...settings.config });
      if (exchange.has["watchTrades"] !== true) {
        throw unusable(spec, `ccxt ${version} cannot watch trades of ${settings.exchange}`);
      }
      await new Connection(context, settings, exchange, lines).run();
    },
  };
}

function configOf(spec: FeedSpec): object {
  const text = spec.options.get("config") ?? "{}";
  try {
    const config: unknown = JSON.parse(text);
    if (typeof config === "object" && config !== null && !Array.isArray(config)) return config;
  } catch {
    // Throw below.
  }
  throw unusable(spec, "config is not a JSON object of exchange settings for ccxt");
}

/** One connection, from subscription to loss. */
class Connection {
  readonly #context: FeedContext;
  readonly #settings: Settings;
  readonly #exchange: Exchange;
  readonly #lines: Map<string, SeenTrades>;
  readonly #outbox: Outbox;
  /** Trades that must wait until earlier ones are fetched, and the number of fetches left, by symbol. */
  readonly #held = new Map<string, { readonly trades: Trade[]; fetches: number }>();
  /** The newest trade at the last look, by symbol. */
  readonly #looked = new Map<string, ExchangeTrade>();
  /** Symbols without a trade so far. */
  readonly #silent: Set<string>;
  #mending: Promise<void> = Promise.resolve();
  #isOver = false;

  constructor(
    context: FeedContext,
    settings: Settings,
    exchange: Exchange,
    lines: Map<string, SeenTrades>,
  ) {
    this.#context = context;
    this.#settings = settings;
    this.#exchange = exchange;
    this.#lines = lines;
    this.#outbox = new Outbox(context);
    this.#silent = new Set(settings.symbols);
  }

  /** @throws {SourceFault} when the connection ends */
  async run(): Promise<void> {
    const { symbols, config } = this.#settings;
    const ended = new Promise<void>((resolve) =>
      this.#context.signal.addEventListener("abort", () => resolve(), { once: true })
    );
    try {
      // ccxt needs it for ws:// addresses.
      if (/"ws:/.test(JSON.stringify(config))) await this.#exchange.loadHttpProxyAgent();
      await Promise.race([ended, this.#exchange.loadMarkets()]);
      const unknown = symbols.find((symbol) => this.#exchange.markets?.[symbol] === undefined);
      if (unknown !== undefined && !this.#context.signal.aborted) {
        throw new RangeError(`${this.#settings.exchange} has no market ${unknown}`);
      }
      this.#context.ready();
      for (const symbol of symbols) this.#mend(symbol);
      await Promise.race([ended, ...this.#watches(), this.#lookNowAndThen()]);
    } catch (cause) {
      if (cause instanceof RangeError || cause instanceof SourceFault) throw cause;
      const { name, message } = cause as Error;
      throw new SourceFault(`${this.#settings.exchange}: ${name}: ${message}`.slice(0, 300), {
        cause,
      });
    } finally {
      this.#isOver = true;
      await this.#exchange.close();
      await this.#mending;
      await this.#outbox.drained();
    }
  }

  #watches(): Promise<void>[] {
    const { symbols } = this.#settings;
    const exchange = this.#exchange;
    if (exchange.has["watchTradesForSymbols"] === true) {
      return [this.#watch(() => exchange.watchTradesForSymbols(symbols))];
    }
    return symbols.map((symbol) => this.#watch(() => exchange.watchTrades(symbol)));
  }

  async #watch(next: () => Promise<unknown>): Promise<void> {
    while (!this.#isOver && !this.#context.signal.aborted) {
      await next();
      this.#look();
    }
  }

  /** ccxt may report only the first of several messages that arrive together, so look regularly too. */
  async #lookNowAndThen(): Promise<void> {
    while (!this.#isOver && !this.#context.signal.aborted) {
      await this.#context.sleep(LOOK_MS);
      this.#look();
    }
  }

  /** Takes the trades since the last look. */
  #look(): void {
    if (this.#isOver) return;
    for (const symbol of this.#settings.symbols) {
      const trades = this.#exchange.trades[symbol] ?? [];
      const newest = trades.at(-1);
      if (newest === undefined || newest === this.#looked.get(symbol)) continue;
      const from = trades.lastIndexOf(this.#looked.get(symbol)!) + 1;
      this.#looked.set(symbol, newest);
      this.#heard(symbol, this.#read(symbol, trades.slice(from)));
    }
    if (this.#outbox.size > PENDING_MAX) {
      throw new SourceFault(`The tape is ${PENDING_MAX} trades behind`);
    }
  }

  #heard(symbol: string, trades: readonly Trade[]): void {
    // Trades between the first fetch and the subscription are missing, so fetch again with the first trade.
    if (this.#silent.delete(symbol)) this.#mend(symbol);
    const held = this.#held.get(symbol);
    if (held !== undefined) held.trades.push(...trades);
    else this.#put(symbol, trades);
  }

  #read(symbol: string, trades: readonly ExchangeTrade[]): Trade[] {
    const good = trades.filter(({ timestamp, price }) =>
      Number.isFinite(timestamp) && Number.isFinite(price)
    );
    if (good.length < trades.length) {
      this.#context.leftOut(trades.length - good.length);
      this.#context.warn(`Left out trades of ${symbol} without time or price`);
    }
    return good.map(({ id, timestamp: time, price, amount }) => ({
      id: id ?? `${time} ${price} ${amount}`,
      ...{ time, price, size: Number.isFinite(amount) ? amount! : null },
    }));
  }

  /** Fetches the trades after the last one taken; one symbol after another. */
  #mend(symbol: string): void {
    const line = this.#lineOf(symbol);
    if (line.newest === undefined) return;
    const held = this.#held.get(symbol) ?? { trades: [], fetches: 0 };
    held.fetches++;
    this.#held.set(symbol, held);
    this.#mending = this.#mending.then(() => this.#fetch(symbol, line));
  }

  async #fetch(symbol: string, line: SeenTrades): Promise<void> {
    const { warn } = this.#context;
    const place = line.newest!;
    let count = 0;
    let reason: string | undefined;
    try {
      if (this.#exchange.has["fetchTrades"] !== true) {
        throw new Error("it has no request for past trades");
      }
      for (let page = 0; page < PAGES_MAX && !this.#isOver; page++) {
        const since = line.newest!.time;
        const trades = this.#read(symbol, await this.#exchange.fetchTrades(symbol, since, PAGE));
        // If none of the trades is known, some before them are missing.
        const joins = trades.length === 0 || trades.some((trade) => line.has(trade));
        if (!joins) reason ??= "the exchange gives only newer ones";
        const fresh = this.#put(symbol, trades);
        if (reason !== undefined && count === 0 && fresh[0] !== undefined) {
          warn(missedText(symbol, place, fresh[0], reason));
        }
        count += fresh.length;
        if (fresh.length === 0) break;
      }
    } catch (error) {
      reason = (error as Error).message;
    }
    // The next connection fetches again.
    if (this.#isOver) return;
    const held = this.#held.get(symbol)!;
    const isLast = --held.fetches === 0;
    if (isLast) this.#held.delete(symbol);
    const [next] = isLast ? this.#put(symbol, held.trades) : [];
    if (reason !== undefined && count === 0 && next !== undefined) {
      warn(missedText(symbol, place, next, reason));
    } else if (count > 0) {
      warn(`Fetched ${count} trades of ${symbol} that were made after ${tradeText(place)}`);
    }
  }

  /** @returns the new trades */
  #put(symbol: string, trades: readonly Trade[]): Trade[] {
    const line = this.#lineOf(symbol);
    const fresh = line.take(trades);
    if (fresh.length === 0) return fresh;
    const ticks = fresh.map(({ time, price, size }): Tick => ({
      ...{ symbol, time, price, size, bid: null, ask: null },
    }));
    this.#outbox.put(ticks, { name: this.#markName(symbol), value: line.mark });
    return fresh;
  }

  #lineOf(symbol: string): SeenTrades {
    let line = this.#lines.get(symbol);
    if (line === undefined) {
      line = new SeenTrades(this.#context.mark(this.#markName(symbol)));
      this.#lines.set(symbol, line);
    }
    return line;
  }

  #markName(symbol: string): string {
    return `ccxt ${this.#settings.exchange} ${symbol}`;
  }
}

function tradeText({ id, time }: NamedTrade): string {
  return `trade ${id} of ${new Date(time).toISOString()}`;
}

function missedText(symbol: string, from: NamedTrade, to: NamedTrade, reason: string): string {
  const between = `${tradeText(from)} and ${tradeText(to)}`;
  return `Missed the trades of ${symbol} between ${between}: ${reason}`;
}
