import type { TapedCorrection } from "../core/correction.ts";
import type { GivenBar } from "../core/given_bar.ts";
import type { ChangedBar } from "../core/given_bars.ts";
import type { ClosedBar, Market } from "../core/market.ts";
import type { MarketChanges } from "../core/market_state.ts";
import type { TapedTick } from "../core/tick.ts";
import type { Entry, SlicedLog } from "../log/log.ts";
import { TapeError } from "../store/tape_error.ts";
import type { StoredTape } from "../tape/stored_tape.ts";
import { Admission } from "./admission.ts";
import { Corrector } from "./corrector.ts";

/** Whoever is told of what comes. */
export interface Audience {
  /** A tick that the market has just applied. */
  publish(tick: TapedTick): void;
  /** Bars have changed because some were given. */
  publishGiven(bars: readonly ChangedBar[]): void;
  /** Reference data of a symbol has changed. */
  refresh(symbol: string): void;
  /** Something was taken back of a symbol, and these bars are others now. */
  correct(correction: TapedCorrection, bars: readonly ClosedBar[]): void;
}

export interface ReplicaOptions {
  readonly log: SlicedLog;
  readonly tape: StoredTape;
  readonly market: Market;
  readonly hub: Audience;
}

/** Changes stored in one go: what is live waits for that long. */
const SAVE_MAX = 200;
/** When more bars than this are in memory only, ticks wait until some of them are stored. */
const BARS_HELD_MAX = 50_000;

/**
 * The one path of every tick: what the log tells of goes onto the tape, into the market, to whoever wants it.
 * Nobody is told of a tick that cannot be read.
 */
export class Replica {
  readonly #options: ReplicaOptions;
  readonly #admission: Admission;
  readonly #corrector: Corrector;
  /** Whether an entry is on its way to the audience, who may ask for more. */
  #isDelivering = false;
  /** What could not be stored yet. */
  #unsaved: MarketChanges | undefined;

  constructor(options: ReplicaOptions) {
    this.#options = options;
    this.#admission = new Admission(options.tape);
    this.#corrector = new Corrector(options);
  }

  /**
   * Brings the market to where the tape is, and lets both follow the log: one of this process has told of all
   * that it has when this returns.
   * @param barsKept bars of each series in memory
   * @throws {TapeError} when something is missing or damaged
   */
  start(barsKept: number): void {
    const { log, tape, market } = this.#options;
    market.restore(tape.load(barsKept));
    // A file of an older version has ticks from which nothing was derived yet.
    while (market.seq < tape.head) {
      const { ticks, seq } = tape.first({ after: market.seq, limit: Infinity });
      for (const tick of ticks) market.apply(tick);
      market.pass(seq);
      this.#hold();
    }
    log.follow(tape.head, (entry) => {
      this.#isDelivering = true;
      try {
        this.#deliver(entry);
      } finally {
        this.#isDelivering = false;
      }
    });
    if (log.state.lag.entries === 0) tape.checkHead();
  }

  /** Lets a part of what waits come onto the tape. @returns whether there is more */
  work(): boolean {
    const { log, tape } = this.#options;
    // The next entry comes after all of this one.
    if (this.#isDelivering) return true;
    return (tape.barsHeld > BARS_HELD_MAX && this.#makeRoom()) || log.work();
  }

  /**
   * Stores what was derived from the tape, a part of it.
   * @returns the seq up to which all that follows is stored
   * @throws {TapeError} to be tried again
   */
  save(): number {
    const { tape, market } = this.#options;
    const changes = this.#unsaved ?? market.takeChanges(SAVE_MAX);
    // Its bars are kept by the tape from here on.
    this.#unsaved = { ...changes, bars: [] };
    const saved = tape.save(changes);
    this.#unsaved = undefined;
    return saved;
  }

  /** @returns whether some bars could be stored */
  #makeRoom(): boolean {
    try {
      this.save();
      return true;
    } catch (error) {
      // Whoever wants something logged is told the reason by the log itself.
      if (!(error instanceof TapeError)) throw error;
      return false;
    }
  }

  #deliver(logged: Entry): void {
    const { tape, market, hub } = this.#options;
    const entry = this.#admission.admit(logged);
    tape.add(entry);
    // What was derived is stored sooner than the ticks leave the log.
    const isNew = entry.first > market.seq;
    for (const { symbol, fields } of isNew ? entry.definitions : []) {
      market.define(symbol, fields);
      hub.refresh(symbol);
    }
    for (const tick of entry.ticks) {
      if (tick.seq <= market.seq) continue;
      market.apply(tick);
      hub.publish(tick);
    }
    if (entry.bars !== undefined && isNew) this.#give(entry.bars, entry);
    const { corrections = [], first } = entry;
    this.#corrector.correct(corrections, first, !isNew, (...told) => hub.correct(...told));
    market.pass(tape.head);
    this.#hold();
  }

  #give(bars: readonly GivenBar[], { first, time }: Entry): void {
    const { market, hub } = this.#options;
    const changed = market.give(bars, first, time);
    if (changed.length > 0) hub.publishGiven(changed);
  }

  #hold(): void {
    this.#options.tape.hold(this.#options.market.takeDropped());
  }
}
