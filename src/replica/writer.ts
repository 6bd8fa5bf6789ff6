import type { Correction } from "../core/correction.ts";
import type { GivenBar } from "../core/given_bar.ts";
import type { InstrumentFields } from "../core/instrument.ts";
import type { Market } from "../core/market.ts";
import type { Tick } from "../core/tick.ts";
import { ClientError } from "../hub/client_error.ts";
import {
  type Content,
  type Draft,
  type Lease,
  type Log,
  type Mark,
  recordsOf,
} from "../log/log.ts";
import { RECEIPT_MS } from "../tape/receipts.ts";
import type { StoredTape } from "../tape/stored_tape.ts";
import { formatPosition } from "../tape/tape.ts";

export interface WriterOptions {
  readonly log: Log;
  readonly tape: Pick<StoredTape, "epoch" | "receipt">;
  readonly market: Market;
  readonly symbolsMax: number;
  now(): number;
}

/** The answer for a batch on the tape: how many ticks or bars, and the position of the last one. */
export interface Accepted {
  readonly accepted: number;
  readonly position: string;
}

/** Additions to a batch. */
export interface Attached {
  /** The sender's name for the batch, so that sending it again adds nothing. */
  readonly key?: string | undefined;
  readonly marks?: readonly Mark[] | undefined;
  /** The lease of the feed that sends it. */
  readonly lease?: Lease | undefined;
}

/** Checks data before it is logged, and answers the senders. */
export class Writer {
  readonly #options: WriterOptions;
  /** The answers for batches that are being logged, by key. */
  readonly #answers = new Map<string, Promise<Accepted>>();
  /** New symbols in drafts that are being logged, with the number of drafts. They need room too. */
  readonly #coming = new Map<string, number>();

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  /**
   * Logs a batch. If its key was used in the last day, it adds nothing and returns the first
   * answer. A batch that is refused or fails does not use up its key.
   * @returns once it is on the tape
   * @throws {ClientError} if there is no room for its symbols; {TapeFull} if none for its ticks
   */
  accept(ticks: readonly Tick[], attached: Attached = {}): Promise<Accepted> {
    return this.#take({ ticks }, attached);
  }

  /** Logs bars, as `accept` logs ticks. */
  give(bars: readonly GivenBar[], attached: Attached = {}): Promise<Accepted> {
    return this.#take(bars.length === 0 ? { ticks: [] } : { ticks: [], bars }, attached);
  }

  #take(content: Content, { key, marks, lease }: Attached): Promise<Accepted> {
    if (key === undefined) return this.#accept({ ...content, marks, lease });
    const known = this.#answers.get(key) ?? this.#receipt(key);
    if (known !== undefined) return Promise.resolve(known);
    const answer = this.#accept({ ...content, marks, key })
      .finally(() => this.#answers.delete(key));
    this.#answers.set(key, answer);
    return answer;
  }

  /**
   * Adds an instrument or changes the given fields.
   * @returns once the change is on the tape
   * @throws {RangeError} for a malformed symbol; {ClientError} if there is no room; {TapeFull}
   */
  async define(symbol: string, fields: InstrumentFields): Promise<void> {
    const { catalogue } = this.#options.market;
    const defined = catalogue.defined(symbol, fields);
    // Feeds repeat at every start what is already known.
    if (catalogue.has(symbol) && isSame(catalogue.defined(symbol, {}), defined)) return;
    await this.#append({ ticks: [], definitions: [{ symbol, fields }] }, [symbol], "define");
  }

  /** Logs a correction. @returns its seq, once it is on the tape @throws {TapeFull} */
  async cancel(
    correction: Correction,
    attached: Pick<Attached, "marks" | "lease"> = {},
  ): Promise<number> {
    const draft = { ticks: [], corrections: [correction], ...attached };
    const { last } = await this.#options.log.append(draft);
    return last;
  }

  async #accept(draft: Draft): Promise<Accepted> {
    const symbols = unknownOf(draft.bars ?? draft.ticks, this.#options.market);
    const { last } = await this.#append(draft, symbols, "take ticks of");
    // Another replica may have logged the same key a moment before.
    const earlier = draft.key === undefined ? undefined : this.#receipt(draft.key);
    const position = formatPosition(this.#options.tape.epoch, last);
    return earlier ?? { accepted: recordsOf(draft), position };
  }

  async #append(draft: Draft, symbols: Iterable<string>, action: string) {
    const { market: { catalogue }, symbolsMax, log } = this.#options;
    const fresh = [...symbols].filter((symbol) => !catalogue.has(symbol));
    let room = symbolsMax - catalogue.size - this.#coming.size;
    for (const symbol of fresh) {
      if (this.#coming.has(symbol) || room-- > 0) continue;
      throw new ClientError(
        "too_many_symbols",
        `Cannot ${action} ${symbol}: ${symbolsMax} symbols are the limit, see --symbols-max`,
      );
    }
    for (const symbol of fresh) this.#coming.set(symbol, (this.#coming.get(symbol) ?? 0) + 1);
    try {
      return await log.append(draft);
    } finally {
      for (const symbol of fresh) this.#arrived(symbol);
    }
  }

  #arrived(symbol: string): void {
    const drafts = this.#coming.get(symbol)! - 1;
    if (drafts > 0) this.#coming.set(symbol, drafts);
    else this.#coming.delete(symbol);
  }

  #receipt(key: string): Accepted | undefined {
    const { tape, now } = this.#options;
    const receipt = tape.receipt(key);
    if (receipt === undefined || Math.abs(now() - receipt.time) >= RECEIPT_MS) return undefined;
    const { accepted, seq } = receipt;
    return { accepted, position: formatPosition(tape.epoch, seq) };
  }
}

/** The symbols of records that the catalogue does not know. */
function unknownOf(
  records: readonly { readonly symbol: string }[],
  { catalogue }: Market,
): Set<string> {
  const unknown = new Set<string>();
  let last = "";
  for (const { symbol } of records) {
    if (symbol === last) continue;
    last = symbol;
    if (!catalogue.has(symbol)) unknown.add(symbol);
  }
  return unknown;
}

function isSame(known: object, defined: object): boolean {
  return JSON.stringify(Object.entries(known).sort()) ===
    JSON.stringify(Object.entries(defined).sort());
}
