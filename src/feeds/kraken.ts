/** https://docs.kraken.com/api/docs/guides/spot-ws-intro, https://docs.kraken.com/api/docs/websocket-v2/trade */
import { known } from "../core/known.ts";
import { symbolFault, type Tick } from "../core/tick.ts";
import { RecordFault } from "../wire/record_fault.ts";
import { toTick } from "../wire/records.ts";
import {
  checkOptions,
  type Feed,
  type FeedContext,
  type FeedSpec,
  listOption,
  SourceFault,
  unusable,
} from "./feed.ts";
import { fetchTrades, tradesUrl } from "./kraken_rest.ts";
import {
  NumberedTrades,
  placeText,
  readPlace,
  roundTime,
  type Trade,
  writePlace,
} from "./numbered_trades.ts";
import { Outbox } from "./outbox.ts";

const SYMBOLS_MAX = 500;
const WATCH_MS = 1_000;
/** With a subscription Kraken sends something each second. */
const SILENCE_MS_MAX = 10_000;
const PING_MS = 30_000;
/** Kraken asks clients to wait this long after maintenance. */
const MAINTENANCE_MS = 5_000;
/** Attempts to fetch missed trades, and the pause between them. */
const FETCHES_MAX = 3;
const FETCH_MS = 1_000;
/** Most ticks that may wait for the tape. Beyond it the feed disconnects and fetches the trades later. */
const PENDING_MAX = 200_000;

interface Settings {
  readonly url: string;
  readonly restUrl: string;
  readonly symbols: readonly string[];
}

/** A message of Kraken; each kind has some of the fields. */
interface Message {
  readonly channel?: string;
  readonly type?: string;
  readonly data?: unknown;
  readonly method?: string;
  readonly success?: boolean;
  readonly error?: string;
  readonly symbol?: string;
  readonly result?: { readonly channel?: string; readonly symbol?: string };
}

/**
 * Trades of Kraken, or of another server with its protocol, with bid and ask at the time of the trade:
 * `kraken:wss://ws.kraken.com/v2?symbols=BTC/USD,EUR/USD`. After a lost connection the feed fetches the missed
 * trades; if that fails, it logs which are missing.
 * @throws {RangeError} for an invalid option
 */
export function kraken(spec: FeedSpec): Feed {
  checkOptions(spec, ["symbols"]);
  if (!/^wss?:\/\/./.test(spec.what) || !URL.canParse(spec.what)) {
    throw unusable(spec, "name a socket, as in kraken:wss://ws.kraken.com/v2?symbols=BTC/USD");
  }
  const symbols = listOption(spec, "symbols");
  if (symbols.length === 0 || symbols.length > SYMBOLS_MAX) {
    throw unusable(spec, `symbols names ${symbols.length}, not between 1 and ${SYMBOLS_MAX}`);
  }
  for (const symbol of symbols) {
    const fault = symbolFault(symbol);
    if (fault !== undefined) throw unusable(spec, `symbol ${JSON.stringify(symbol)}: ${fault}`);
  }
  const { href } = new URL(spec.what);
  const settings = { url: href, restUrl: tradesUrl(href), symbols };
  const lines = new Map<string, NumberedTrades>();
  return {
    name: spec.name,
    run(context) {
      for (const symbol of symbols) {
        const line = lines.get(symbol) ??
          new NumberedTrades(symbol, readPlace(context.mark(markName(href, symbol))));
        line.join();
        lines.set(symbol, line);
      }
      return new Connection(context, settings, lines).run();
    },
  };
}

type Quote = Pick<Tick, "bid" | "ask">;
const UNKNOWN: Quote = { bid: null, ask: null };

function priceOf(value: unknown): number | null {
  return typeof value === "number" ? known(value) : null;
}

function markName(url: string, symbol: string): string {
  return `kraken ${url} ${symbol}`;
}

/** One connection, from greeting to loss. */
class Connection {
  readonly #context: FeedContext;
  readonly #settings: Settings;
  readonly #lines: ReadonlyMap<string, NumberedTrades>;
  readonly #outbox: Outbox;
  readonly #quotes = new Map<string, Quote>();
  #socket: WebSocket | undefined;
  /** Symbols whose subscription Kraken has not confirmed yet. */
  readonly #unanswered: Set<string>;
  /** The fetches, one after another. */
  #mending: Promise<void> = Promise.resolve();
  #heardAt: number;
  #pingedAt: number;
  #isGreeted = false;
  #isOver = false;
  #fail: (error: unknown) => void = () => {};

  constructor(
    context: FeedContext,
    settings: Settings,
    lines: ReadonlyMap<string, NumberedTrades>,
  ) {
    this.#context = context;
    this.#settings = settings;
    this.#lines = lines;
    this.#outbox = new Outbox(context);
    this.#unanswered = new Set(settings.symbols);
    this.#heardAt = this.#pingedAt = context.now();
  }

  /** @throws {SourceFault} when the connection ends */
  async run(): Promise<void> {
    const socket = this.#socket = new WebSocket(this.#settings.url);
    try {
      await new Promise<void>((resolve, reject) => {
        this.#fail = reject;
        this.#context.signal.addEventListener("abort", () => resolve(), { once: true });
        socket.onmessage = ({ data }) => this.#heard(data);
        socket.onerror = () => reject(new SourceFault("Kraken cannot be reached"));
        socket.onclose = ({ code, reason }) => {
          reject(new SourceFault(`Kraken has closed the connection (${code}) ${reason}`.trimEnd()));
        };
        void this.#watch();
      });
    } finally {
      this.#isOver = true;
      socket.close();
      await this.#mending;
      await this.#outbox.drained();
    }
  }

  async #watch(): Promise<void> {
    while (!this.#isOver && !this.#context.signal.aborted) {
      await this.#context.sleep(WATCH_MS);
      const now = this.#context.now();
      if (now - this.#heardAt > SILENCE_MS_MAX) {
        return this.#fail(new SourceFault("Kraken has stopped sending"));
      }
      if (!this.#isGreeted || now - this.#pingedAt < PING_MS) continue;
      this.#pingedAt = now;
      this.#send({ method: "ping" });
    }
  }

  #heard(data: unknown): void {
    this.#heardAt = this.#context.now();
    if (this.#isOver) return;
    try {
      this.#receive(JSON.parse(String(data)) as Message);
    } catch (cause) {
      const { message } = cause as Error;
      this.#fail(
        cause instanceof SourceFault
          ? cause
          : new SourceFault(`Cannot read a message of Kraken: ${message}`, { cause }),
      );
    }
  }

  #receive(message: Message): void {
    if (message.method !== undefined) return this.#answered(message);
    const rows = Array.isArray(message.data) ? message.data : [];
    switch (message.channel) {
      case "status":
        return this.#greeted(rows[0]);
      case "instrument":
        return this.#define(message.data);
      case "ticker":
        for (const { symbol, bid, ask } of rows) {
          if (this.#lines.has(symbol)) {
            this.#quotes.set(symbol, { bid: priceOf(bid), ask: priceOf(ask) });
          }
        }
        return;
      case "trade":
        return this.#traded(rows, message.type === "snapshot");
    }
  }

  #greeted(status: { system?: string } | undefined): void {
    if (status?.system === "maintenance") {
      throw new SourceFault("Kraken is under maintenance", { retryAfterMs: MAINTENANCE_MS });
    }
    if (this.#isGreeted) return;
    this.#isGreeted = true;
    const symbol = this.#settings.symbols;
    const subscribe = (params: object) => this.#send({ method: "subscribe", params });
    subscribe({ channel: "instrument", snapshot: true });
    subscribe({ channel: "ticker", symbol, event_trigger: "bbo", snapshot: true });
    subscribe({ channel: "trade", symbol, snapshot: true });
  }

  #answered({ method, success, error, symbol, result }: Message): void {
    if (success === false) {
      // A second subscription does no harm.
      if (error === "Already subscribed") return;
      throw new SourceFault(`Kraken refuses ${symbol ?? method}: ${error}`);
    }
    if (result?.channel !== "trade" || result.symbol === undefined) return;
    this.#unanswered.delete(result.symbol);
    if (this.#unanswered.size === 0) this.#context.ready();
  }

  #define(data: unknown): void {
    const { pairs } = (data ?? {}) as { pairs?: unknown };
    for (const { symbol, price_precision } of Array.isArray(pairs) ? pairs : []) {
      if (!this.#lines.has(symbol) || !Number.isInteger(price_precision)) continue;
      void this.#context.define(symbol, { decimals: price_precision });
    }
  }

  #traded(rows: readonly Readonly<Record<string, unknown>>[], isSnapshot: boolean): void {
    const trades = new Map<NumberedTrades, Trade[]>();
    for (const row of rows) {
      const line = this.#lines.get(String(row["symbol"]));
      const trade = line === undefined ? undefined : this.#read(row);
      if (line === undefined || trade === undefined) continue;
      const known = trades.get(line);
      if (known === undefined) trades.set(line, [trade]);
      else known.push(trade);
    }
    for (const [line, received] of trades) {
      const fresh = line.receive(received, isSnapshot);
      if (fresh === undefined) this.#mending = this.#mending.then(() => this.#mend(line));
      // The quote is the current one, so trades of a snapshot get none.
      else this.#put(line, fresh, isSnapshot ? undefined : this.#quotes.get(line.symbol));
    }
    if (this.#outbox.size > PENDING_MAX) {
      throw new SourceFault(`The tape is ${PENDING_MAX} trades behind`);
    }
  }

  #read(row: Readonly<Record<string, unknown>>): Trade | undefined {
    const { symbol, price, qty, trade_id: id, timestamp } = row;
    const now = this.#context.now();
    try {
      if (!Number.isSafeInteger(id)) throw new RecordFault(`trade_id ${id} is not an integer`);
      if (qty === undefined || timestamp === undefined) throw new RecordFault("it is not complete");
      const tick = toTick({ symbol, price, size: qty, time: timestamp }, { now });
      return { id: id as number, time: roundTime(tick.time), price: tick.price, size: tick.size! };
    } catch (error) {
      if (!(error instanceof RecordFault)) throw error;
      this.#context.leftOut(1);
      this.#context.warn(`Cannot read trade ${id} of ${symbol}: ${error.message}`);
      return undefined;
    }
  }

  /** Fetches the trades between the last connection and this one. */
  async #mend(line: NumberedTrades): Promise<void> {
    const { signal, sleep, warn } = this.#context;
    const { symbol, place } = line;
    const { restUrl: url } = this.#settings;
    let fetched: Trade[] | undefined;
    let reason = "";
    for (let attempt = 0; attempt < FETCHES_MAX && fetched === undefined; attempt++) {
      // The next connection fetches again.
      if (this.#isOver) return;
      if (attempt > 0) await sleep(FETCH_MS);
      try {
        fetched = await fetchTrades(symbol, place!.time, { url, signal, sleep });
      } catch (error) {
        reason = (error as Error).message;
      }
    }
    const { missed, held } = line.mended(fetched ?? []);
    this.#put(line, [...missed, ...held]);
    const next = held[0];
    const from = placeText(place!);
    if (fetched !== undefined) {
      warn(`Fetched ${missed.length} trades of ${symbol} that were made after ${from}`);
    } else {
      const to = next === undefined ? "now" : placeText(next);
      warn(`Missed the trades of ${symbol} between ${from} and ${to}: ${reason}`);
    }
  }

  #put(line: NumberedTrades, trades: readonly Trade[], quote: Quote = UNKNOWN): void {
    if (trades.length === 0) return;
    const { symbol, place } = line;
    const ticks = trades.map(({ time, price, size }): Tick => ({
      symbol,
      time,
      price,
      size,
      ...quote,
    }));
    const name = markName(this.#settings.url, symbol);
    this.#outbox.put(ticks, { name, value: writePlace(place!) });
  }

  #send(message: object): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }
}
