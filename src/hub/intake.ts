import type { Market, MarketChanges } from "../core/market.ts";
import type { Tick } from "../core/tick.ts";
import { type Archive, formatPosition, type Retention, type Tape } from "../tape/tape.ts";
import { ClientError } from "./client_error.ts";
import type { Hub } from "./hub.ts";

export interface IntakeOptions {
  readonly tape: Tape;
  /** Where what is derived from the tape is kept, if it is. */
  readonly archive: Archive | undefined;
  readonly market: Market;
  readonly hub: Hub;
  readonly symbolsMax: number;
  /** Told that something waits for `commit`. */
  waiting(): void;
}

/** Where a feed stands in its source after a batch: kept with it. */
export interface Mark {
  readonly name: string;
  readonly value: string;
}

interface Batch {
  readonly ticks: readonly Tick[];
  readonly marks: readonly Mark[];
  readonly resolve: (position: string) => void;
  readonly reject: (error: unknown) => void;
}

/** Ticks applied at once when the market is brought up to the tape. */
const SLICE = 10_000;

/** The path of every tick: onto the tape, into the market, to whoever wants it. Log, then publish. */
export class Intake {
  readonly #options: IntakeOptions;
  #batches: Batch[] = [];
  /** What could not be saved yet. */
  #unsaved: MarketChanges[] = [];

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  /** Brings the market to where the tape is. @param barsKept bars of each series in memory */
  restore(barsKept: number): void {
    const { tape, archive, market } = this.#options;
    if (archive === undefined) return;
    market.restore(archive.load(barsKept));
    for (;;) {
      const ticks = tape.read({ after: market.seq, limit: SLICE });
      if (ticks.length === 0) return;
      for (const tick of ticks) market.apply(tick);
    }
  }

  /**
   * Takes a batch, and marks to be kept with it.
   * @returns the position of its last tick, once it is on the tape
   * @throws {ClientError} when there is no room for its symbols; {TapeFull} when there is none for its ticks
   */
  accept(ticks: readonly Tick[], marks: readonly Mark[] = []): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#batches.push({ ticks, marks, resolve, reject });
      this.#options.waiting();
    });
  }

  /** Puts what waits onto the tape, all in one transaction, and tells everybody. */
  commit(): void {
    if (this.#batches.length === 0) return;
    const { tape, market, hub } = this.#options;
    const batches = this.#withRoom(this.#batches);
    this.#batches = [];
    let seq = tape.head;
    try {
      for (const tick of tape.append(batches.flatMap(({ ticks }) => ticks), marksOf(batches))) {
        market.apply(tick);
        hub.publish(tick);
      }
    } catch (error) {
      for (const { reject } of batches) reject(error);
      return;
    }
    for (const { ticks, resolve } of batches) {
      seq += ticks.length;
      resolve(formatPosition(tape.epoch, seq));
    }
  }

  /** Whether `save` should not wait: readers do not find what only it knows. */
  get shouldSave(): boolean {
    return this.#options.market.hasDropped;
  }

  /** Keeps what has been derived from the tape since the last call. @throws {TapeError} to be tried again */
  save(): void {
    const { archive, market } = this.#options;
    this.#unsaved.push(market.takeChanges());
    while (this.#unsaved.length > 0) {
      archive?.save(this.#unsaved[0]!);
      this.#unsaved.shift();
    }
  }

  /** @returns whether there may be more to forget */
  retain(retention: Retention): boolean {
    return this.#options.archive?.retain(retention) ?? false;
  }

  /** Refuses the batches that would name more instruments than there is room for. */
  #withRoom(batches: readonly Batch[]): Batch[] {
    const { market: { catalogue }, symbolsMax } = this.#options;
    const unseen = new Set<string>();
    return batches.filter(({ ticks, reject }) => {
      const fresh = new Set<string>();
      for (const { symbol } of ticks) {
        if (!catalogue.has(symbol) && !unseen.has(symbol)) fresh.add(symbol);
      }
      if (catalogue.size + unseen.size + fresh.size <= symbolsMax) {
        for (const symbol of fresh) unseen.add(symbol);
        return true;
      }
      const [symbol] = fresh;
      reject(
        new ClientError(
          "too_many_symbols",
          `Cannot take ticks of ${symbol}: ${symbolsMax} symbols are the limit, see --symbols-max`,
        ),
      );
      return false;
    });
  }
}

/** The last mark of each name, if there are any. */
function marksOf(batches: readonly Batch[]): ReadonlyMap<string, string> | undefined {
  const marks = batches.flatMap((batch) => batch.marks);
  return marks.length === 0 ? undefined : new Map(marks.map(({ name, value }) => [name, value]));
}
