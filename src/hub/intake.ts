import type { InstrumentFields } from "../core/instrument.ts";
import type { Market, MarketChanges } from "../core/market.ts";
import type { TapedTick, Tick } from "../core/tick.ts";
import {
  type Archive,
  formatPosition,
  RECEIPT_MS,
  type Retention,
  type Tape,
  TapeError,
} from "../tape/tape.ts";
import { ClientError } from "./client_error.ts";
import type { Hub } from "./hub.ts";

export interface IntakeOptions {
  readonly tape: Tape;
  /** Where what is derived from the tape is kept, if it is. */
  readonly archive: Archive | undefined;
  readonly market: Market;
  readonly hub: Hub;
  readonly symbolsMax: number;
  now(): number;
  /** Told that something waits for `commit`. */
  waiting(): void;
}

/** That ticks are on the tape: how many, and the position of the last one. */
export interface Accepted {
  readonly accepted: number;
  readonly position: string;
}

/** Where a feed stands in its source after a batch: kept with it. */
export interface Mark {
  readonly name: string;
  readonly value: string;
}

/** What comes with a batch. */
export interface Attached {
  /** What the sender calls the batch, so that it can be sent again. */
  readonly key?: string | undefined;
  readonly marks?: readonly Mark[] | undefined;
}

interface Batch {
  readonly ticks: readonly Tick[];
  readonly key: string | undefined;
  readonly marks: readonly Mark[];
  readonly resolve: (accepted: Accepted) => void;
  readonly reject: (error: unknown) => void;
}

/** So many ticks are not kept waiting for the next frame. */
const FULL_BATCH = 500;
/** Ticks applied at once when the market is brought up to the tape. */
const APPLY_MAX = 10_000;
/** Ticks told of at once: more wait for the next turn, so that a large batch does not hold up the rest. */
const TOLD_MAX = 5_000;
/** Changes saved in one go: what is live waits for that long. */
const SAVE_MAX = 200;
/** So many ticks are applied before it is counted how many changes have to be saved with them. */
const COUNTED_TICKS = 10;

/** The path of every tick: onto the tape, into the market, to whoever wants it. Log, then publish. */
export class Intake {
  readonly #options: IntakeOptions;
  #batches: Batch[] = [];
  #ticksWaiting = 0;
  /** What is to be answered to the keys of the batches that wait. */
  readonly #answers = new Map<string, Promise<Accepted>>();
  /** What is on the tape, and nobody was told of. */
  #untold: readonly TapedTick[] = [];
  /** Symbols among them that were not known: they take room too. */
  readonly #appearing = new Set<string>();
  /** Whose batches are among them: each is answered when no more are left to tell of up to its end. */
  readonly #unanswered: { left: number; answer(): void; reject(error: unknown): void }[] = [];
  /** What could not be saved yet. */
  #unsaved: MarketChanges | undefined;
  /** What follows from the ticks up to here is saved. */
  #saved = 0;

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  /** Brings the market to where the tape is. @param barsKept bars of each series in memory */
  restore(barsKept: number): void {
    const { tape, archive, market } = this.#options;
    if (archive === undefined) return;
    market.restore(archive.load(barsKept));
    this.#saved = market.seq;
    for (;;) {
      const ticks = tape.read({ after: market.seq, limit: APPLY_MAX });
      if (ticks.length === 0) return;
      for (const tick of ticks) market.apply(tick);
      this.#saveDropped();
    }
  }

  /**
   * Takes a batch. With a key that was used in the last day it adds nothing and gives the answer of then;
   * a batch that is refused, or fails, does not use its key up.
   * @returns once it is on the tape
   * @throws {ClientError} when there is no room for its symbols; {TapeFull} when there is none for its ticks
   */
  accept(ticks: readonly Tick[], { key, marks = [] }: Attached = {}): Promise<Accepted> {
    if (key === undefined) return this.#enqueue(ticks, key, marks);
    const known = this.#answers.get(key) ?? this.#receipt(key);
    if (known !== undefined) return Promise.resolve(known);
    const answer = this.#enqueue(ticks, key, marks).finally(() => this.#answers.delete(key));
    this.#answers.set(key, answer);
    return answer;
  }

  /**
   * Adds an instrument or changes the fields given.
   * @throws {RangeError} for a malformed symbol; {ClientError} when there is no room for it
   */
  define(symbol: string, fields: InstrumentFields): void {
    const { market, hub } = this.#options;
    this.#checkRoom(symbol);
    market.define(symbol, fields);
    hub.refresh(symbol);
  }

  /** As `define`, but saved first: what cannot be kept changes nothing. @throws {TapeError} and as that */
  defineForGood(symbol: string, fields: InstrumentFields): void {
    const { archive, market: { catalogue } } = this.#options;
    this.#checkRoom(symbol);
    // Changes that were taken before would else be saved over this one.
    if (this.#unsaved !== undefined) this.save();
    const instrument = catalogue.defined(symbol, fields);
    archive?.save({ seq: this.#saved, instruments: [instrument], newest: [], bars: [], late: [] });
    this.define(symbol, fields);
  }

  /**
   * Puts what waits onto the tape, all in one transaction, and tells everybody of a part of what is there.
   * @returns whether there is more to tell of
   */
  commit(): boolean {
    if (this.#batches.length > 0) this.#append();
    return this.#apply();
  }

  #append(): void {
    const { tape, market: { catalogue }, now } = this.#options;
    const batches = this.#withRoom(this.#batches);
    this.#batches = [];
    this.#ticksWaiting = 0;
    let end = 0;
    const parts = batches.map((batch) => ({ ...batch, end: end += batch.ticks.length }));
    const { head } = tape;
    try {
      const keyed = parts.flatMap(({ ticks, key, end }) =>
        key === undefined ? [] : { key, accepted: ticks.length, end, time: now() }
      );
      const marks = marksOf(batches);
      const taped = tape.append(parts.flatMap(({ ticks }) => ticks), { keyed, marks });
      const before = this.#untold.length;
      this.#untold = before === 0 ? taped : [...this.#untold, ...taped];
      if (this.#untold.length > TOLD_MAX) {
        for (const { symbol } of taped) if (!catalogue.has(symbol)) this.#appearing.add(symbol);
      }
      for (const { ticks, end, resolve, reject } of parts) {
        const position = formatPosition(tape.epoch, taped[end - 1]?.seq ?? head);
        const answer = () => resolve({ accepted: ticks.length, position });
        this.#unanswered.push({ left: before + end, answer, reject });
      }
    } catch (error) {
      for (const { reject } of parts) reject(error);
    }
  }

  /** Brings the market a slice further, tells everybody, and answers whose batch is done. @returns as `commit` */
  #apply(): boolean {
    if (this.#unanswered.length === 0 && this.#untold.length === 0) return false;
    const { market, hub } = this.#options;
    let told = 0;
    try {
      const most = Math.min(TOLD_MAX, this.#untold.length);
      // What is told of is found in the same turn, so no more is than can be saved in it.
      do {
        const end = Math.min(most, told + COUNTED_TICKS);
        while (told < end) {
          const tick = this.#untold[told++]!;
          market.apply(tick);
          hub.publish(tick);
        }
      } while (told < most && market.dropped < SAVE_MAX);
      this.#saveDropped();
    } catch (error) {
      for (const { reject } of this.#unanswered.splice(0)) reject(error);
    }
    this.#untold = this.#untold.slice(told);
    for (const each of this.#unanswered) each.left -= told;
    const count = this.#unanswered.findLastIndex(({ left }) => left <= 0) + 1;
    for (const { answer } of this.#unanswered.splice(0, count)) answer();
    return this.#untold.length > 0;
  }

  /** Whether `save` should not wait: readers do not find what could not be saved at once. */
  get shouldSave(): boolean {
    return this.#options.market.dropped > 0;
  }

  /**
   * Keeps what has been derived from the tape, about so many changes of it.
   * @returns the seq up to which all that follows is saved
   * @throws {TapeError} to be tried again
   */
  save(max = SAVE_MAX): number {
    const { archive, market } = this.#options;
    const changes = this.#unsaved ??= market.takeChanges(max);
    archive?.save(changes);
    this.#unsaved = undefined;
    return this.#saved = changes.seq;
  }

  /** `seq` of the newest tick. */
  get seq(): number {
    return this.#options.market.seq;
  }

  /** @returns whether there may be more to forget */
  retain(retention: Retention): boolean {
    return this.#options.archive?.retain({ ...retention, through: this.#saved }) ?? false;
  }

  #enqueue(
    ticks: readonly Tick[],
    key: string | undefined,
    marks: readonly Mark[],
  ): Promise<Accepted> {
    return new Promise((resolve, reject) => {
      this.#batches.push({ ticks, key, marks, resolve, reject });
      this.#ticksWaiting += ticks.length;
      this.#options.waiting();
      // A sender that waits for each of its batches would else send no more than one a frame.
      if (this.#ticksWaiting >= FULL_BATCH) this.commit();
    });
  }

  #receipt(key: string): Accepted | undefined {
    const { tape, now } = this.#options;
    const receipt = tape.receipt(key);
    if (receipt === undefined || Math.abs(now() - receipt.time) >= RECEIPT_MS) return undefined;
    const { accepted, seq } = receipt;
    return { accepted, position: formatPosition(tape.epoch, seq) };
  }

  /** Saves the changes of bars that are no longer in memory, where nobody finds them otherwise. */
  #saveDropped(): void {
    const { market } = this.#options;
    try {
      while (market.dropped > 0) this.save(market.dropped);
    } catch (error) {
      // The ticks are on the tape; what follows from them is saved later, or found by the next start.
      if (!(error instanceof TapeError)) throw error;
    }
  }

  /** For how many more symbols there is room. */
  #room(): number {
    const { market: { catalogue }, symbolsMax } = this.#options;
    for (const symbol of this.#appearing) {
      if (catalogue.has(symbol)) this.#appearing.delete(symbol);
    }
    return symbolsMax - catalogue.size - this.#appearing.size;
  }

  #isKnown(symbol: string): boolean {
    return this.#options.market.catalogue.has(symbol) || this.#appearing.has(symbol);
  }

  #checkRoom(symbol: string): void {
    const { symbolsMax } = this.#options;
    if (this.#isKnown(symbol) || this.#room() > 0) return;
    throw new ClientError(
      "too_many_symbols",
      `Cannot define ${symbol}: ${symbolsMax} symbols are the limit, see --symbols-max`,
    );
  }

  /** Refuses the batches that would name more instruments than there is room for. */
  #withRoom(batches: readonly Batch[]): Batch[] {
    const { symbolsMax } = this.#options;
    const room = this.#room();
    if (this.#ticksWaiting <= room) return [...batches];
    const unseen = new Set<string>();
    return batches.filter(({ ticks, reject }) => {
      const fresh = new Set<string>();
      for (const { symbol } of ticks) {
        if (!this.#isKnown(symbol) && !unseen.has(symbol)) fresh.add(symbol);
      }
      if (unseen.size + fresh.size <= room) {
        for (const symbol of fresh) unseen.add(symbol);
        return true;
      }
      // The first one that there is no room for.
      const symbol = [...fresh][Math.max(0, room - unseen.size)];
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

/** The last mark of each name. */
function marksOf(batches: readonly Batch[]): ReadonlyMap<string, string> {
  return new Map(batches.flatMap(({ marks }) => marks.map(({ name, value }) => [name, value])));
}
