import { readInstrumentFields } from "../core/instrument.ts";
import { isSymbol, type Tick } from "../core/tick.ts";
import { Selection } from "../hub/topic.ts";
import type { FeedContext } from "./feed.ts";
import { type Fetch, readWhole, reasonOf } from "./fetching.ts";

export interface UpstreamOptions {
  readonly context: FeedContext;
  /** The upstream's `/symbols` with its key and a limit. */
  readonly url: string;
  /** The names and prefixes to relay. */
  readonly symbols: readonly string[];
  /** The fields passed on for each symbol, over all connections. */
  readonly told: Map<string, string>;
  readonly fetchAnswer?: Fetch;
}

/** Ask again after this time, because learned decimals and names may change. */
const AGAIN_MS = 15_000;
/** A new symbol may wait this long for its name. */
const FRESH_MS = 2_000;
const TIMEOUT_MS = 10_000;
const LENGTH_MAX = 67_108_864;
const FIELDS = ["name", "description", "decimals", "prev_close", "shares"];

/** Relays the instruments of another tickwire. Ticks never wait for them. */
export class UpstreamInstruments {
  readonly #options: UpstreamOptions;
  readonly #selection: Selection;
  #askedAt = -Infinity;
  #isAsking = false;
  #reason: string | undefined;

  constructor(options: UpstreamOptions) {
    this.#options = options;
    this.#selection = new Selection(options.symbols);
  }

  /** Asks if there may be something new and no request is open. @param ticks that have just arrived */
  see(ticks: readonly Tick[] = []): void {
    const { told, context } = this.#options;
    const passed = context.now() - this.#askedAt;
    if (this.#isAsking || passed < FRESH_MS) return;
    if (passed >= AGAIN_MS || ticks.some(({ symbol }) => !told.has(symbol))) void this.#ask();
  }

  /** Passes a symbol on anew if it comes again. */
  removed(symbol: string): void {
    this.#options.told.delete(symbol);
  }

  /** Logs the same error only once. */
  async #ask(): Promise<void> {
    const { context: { now, warn, signal }, url, fetchAnswer = fetch } = this.#options;
    this.#isAsking = true;
    this.#askedAt = now();
    try {
      this.#take(await fetchList(url, signal, fetchAnswer));
      this.#reason = undefined;
    } catch (error) {
      const reason = reasonOf(error, url);
      const isNews = reason !== this.#reason && !signal.aborted;
      if (isNews) warn(`Cannot read the instruments of ${new URL(url).host}: ${reason}`);
      this.#reason = reason;
    }
    this.#isAsking = false;
  }

  /** @throws {RangeError} for invalid fields */
  #take(list: readonly unknown[]): void {
    const { context, told } = this.#options;
    for (const each of list) {
      const row = (each ?? {}) as Readonly<Record<string, unknown>>;
      const symbol = String(row["symbol"]);
      if (!isSymbol(symbol) || !this.#selection.matches(symbol)) continue;
      // Leave out fields that are null, because this server may know them.
      const known = FIELDS.filter((name) => row[name] != null).map((name) => [name, row[name]]);
      const news = JSON.stringify(known);
      if (told.get(symbol) === news) continue;
      void context.define(symbol, readInstrumentFields(Object.fromEntries(known)));
      told.set(symbol, news);
    }
  }
}

async function fetchList(
  url: string,
  ended: AbortSignal,
  fetchAnswer: Fetch,
): Promise<readonly unknown[]> {
  const signal = AbortSignal.any([ended, AbortSignal.timeout(TIMEOUT_MS)]);
  const response = await fetchAnswer(url, { signal });
  if (!response.ok) {
    await response.body?.cancel();
    throw new Error(`it answers ${response.status}`);
  }
  const list: unknown = JSON.parse(await readWhole(response, LENGTH_MAX));
  if (Array.isArray(list)) return list;
  throw new Error("the answer is not a list");
}
