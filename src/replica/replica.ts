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

/** The receiver of all changes. */
export interface Audience {
  /** A tick that the market has just applied. */
  publish(tick: TapedTick): void;
  /** Bars have changed because bars were given. */
  publishGiven(bars: readonly ChangedBar[]): void;
  /** Reference data of a symbol has changed. */
  refresh(symbol: string): void;
  /** A correction has changed these bars. */
  correct(correction: TapedCorrection, bars: readonly ClosedBar[]): void;
}

export interface ReplicaOptions {
  readonly log: SlicedLog;
  readonly tape: StoredTape;
  readonly market: Market;
  readonly hub: Audience;
}

/** Most changes in one save. Live ticks wait meanwhile. */
const SAVE_MAX = 200;
/** With more bars that are only in memory, ticks wait until some of them are stored. */
const BARS_HELD_MAX = 50_000;

/**
 * The one path of every entry: from the log to the tape, then to the market, then to the audience.
 * So the audience gets a tick only after the tape can serve it.
 */
export class Replica {
  readonly #options: ReplicaOptions;
  readonly #admission: Admission;
  readonly #corrector: Corrector;
  /** Whether an entry is being delivered. The audience may call `work` meanwhile. */
  #isDelivering = false;
  /** The changes of a failed save. */
  #unsaved: MarketChanges | undefined;

  constructor(options: ReplicaOptions) {
    this.#options = options;
    this.#admission = new Admission(options.tape);
    this.#corrector = new Corrector(options);
  }

  /**
   * Brings the market to the head of the tape, and makes both follow the log. A local log has
   * delivered all its entries when this returns.
   * @param barsKept bars of each series in memory
   * @throws {TapeError} if something is missing or damaged
   */
  start(barsKept: number): void {
    const { log, tape, market } = this.#options;
    market.restore(tape.load(barsKept));
    // A file of an older version contains ticks without derived state.
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

  /** Delivers a part of the waiting entries. @returns whether there is more */
  work(): boolean {
    const { log, tape } = this.#options;
    // This entry has to be delivered completely before the next one.
    if (this.#isDelivering) return true;
    return (tape.barsHeld > BARS_HELD_MAX && this.#makeRoom()) || log.work();
  }

  /**
   * Stores a part of the derived state.
   * @returns the seq up to which the state is stored completely
   * @throws {TapeError} if it failed; the next call tries again
   */
  save(): number {
    const { tape, market } = this.#options;
    const changes = this.#unsaved ?? market.takeChanges(SAVE_MAX);
    // `tape.save` keeps the bars even if it fails.
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
      // The log itself reports the reason to callers that append.
      if (!(error instanceof TapeError)) throw error;
      return false;
    }
  }

  #deliver(logged: Entry): void {
    const { tape, market, hub } = this.#options;
    const entry = this.#admission.admit(logged);
    tape.add(entry);
    // After a restart the log repeats entries that the stored state already contains.
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
