import { readInstrumentFields } from "../core/instrument.ts";
import { isSymbol, type Tick } from "../core/tick.ts";
import { Selection } from "../hub/topic.ts";
import type { FeedContext } from "./feed.ts";
import { type Fetch, readWhole, reasonOf } from "./fetching.ts";

export interface UpstreamOptions {
  readonly context: FeedContext;
  /** The `/symbols` of the upstream, with the key that it needs and a limit. */
  readonly url: string;
  /** Names and prefixes that are wanted. */
  readonly symbols: readonly string[];
  /** What has been told of each symbol, over all connections. */
  readonly told: Map<string, string>;
  readonly fetchAnswer?: Fetch;
}

/** Decimals that follow the prices are sometimes other ones later, and people change names. */
const AGAIN_MS = 15_000;
/** A symbol that has just appeared may wait so long for its name. */
const FRESH_MS = 2_000;
const TIMEOUT_MS = 10_000;
const LENGTH_MAX = 67_108_864;
const FIELDS = ["name", "description", "decimals", "prev_close", "shares"];

/** What another tickwire says of its instruments; ticks never wait for it. */
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

  /** Asks, unless it is asking, when there may be something new. @param ticks that have arrived */
  see(ticks: readonly Tick[] = []): void {
    const { told, context } = this.#options;
    const passed = context.now() - this.#askedAt;
    if (this.#isAsking || passed < FRESH_MS) return;
    if (passed >= AGAIN_MS || ticks.some(({ symbol }) => !told.has(symbol))) void this.#ask();
  }

  /** What goes wrong is said once. */
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

  /** @throws {RangeError} for fields that are none */
  #take(list: readonly unknown[]): void {
    const { context, told } = this.#options;
    for (const each of list) {
      const row = (each ?? {}) as Readonly<Record<string, unknown>>;
      const symbol = String(row["symbol"]);
      if (!isSymbol(symbol) || !this.#selection.matches(symbol)) continue;
      // What the upstream does not know may be known here.
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
  throw new Error("the answer is no list");
}
