import { type BarRecord, goneNumbers, newestOf, type ReplacedSpan } from "../core/bar.ts";
import type { Newest } from "../core/board.ts";
import { type Correction, isWhole, type TapedCorrection } from "../core/correction.ts";
import { type Interval, INTERVALS } from "../core/interval.ts";
import type { ClosedBar, Market } from "../core/market.ts";
import type { TapedTick } from "../core/tick.ts";
import type { StoredTape } from "../tape/stored_tape.ts";
import { type Reckoned, Reckoner } from "./reckoner.ts";

export interface CorrectorOptions {
  readonly tape: StoredTape;
  readonly market: Market;
}

/** Most ticks in one read, when it looks for the last bid and ask. */
const TICKS_MAX = 1_000;

/**
 * Applies corrections to the tape and to everything derived from it. The result depends only on the
 * tape before them, so it is the same at every replica and after a restart.
 */
export class Corrector {
  readonly #tape: StoredTape;
  readonly #market: Market;

  constructor({ tape, market }: CorrectorOptions) {
    this.#tape = tape;
    this.#market = market;
  }

  /**
   * Applies the corrections of an entry, once the entry is at the head of the tape.
   * @param isApplied whether the derived state already contains them
   * @param tell called for each correction, with the bars that it changed
   */
  correct(
    corrections: readonly Correction[],
    seq: number,
    isApplied: boolean,
    tell: (correction: TapedCorrection, bars: readonly ClosedBar[]) => void,
  ): void {
    const isKnown = this.#tape.isCorrected(seq);
    for (const correction of this.#locate(corrections, seq)) {
      const take = () => isKnown || this.#tape.correct(correction);
      if (isApplied) take();
      else tell(correction, this.#apply(correction, take));
    }
  }

  /** @param take makes the tape apply the correction; the bars are computed before that */
  #apply(correction: TapedCorrection, take: () => void): ClosedBar[] {
    const { symbol, seq } = correction;
    this.#market.corrected(symbol);
    if (isWhole(correction)) {
      take();
      this.#market.remove(symbol);
      return [];
    }
    const isAgain = seq <= this.#tape.knownAtOpen;
    const sources = { market: this.#market, tape: this.#tape };
    const reckoned = new Reckoner({ ...sources, correction, isAgain }).all();
    take();
    const changed = reckoned.flatMap((each) => this.#replace(correction, each));
    this.#renew(correction);
    return changed;
  }

  /**
   * The corrections of an entry as the tape keeps them. Those with seqs lose the seqs that do not
   * exist, and get the span of the others in event time.
   */
  #locate(corrections: readonly Correction[], seq: number): TapedCorrection[] {
    return corrections.flatMap((correction) => {
      const { symbol, seqs } = correction;
      if (seqs === undefined) return [{ ...correction, seq }];
      const symbols = new Set([symbol]);
      const found = [...new Set(seqs)].flatMap((each) => {
        const query = { symbols, after: each - 1, through: Math.min(each, seq - 1) };
        return this.#tape.first({ ...query, asOf: seq, limit: 1 }).ticks;
      });
      if (found.length === 0) return [];
      const times = found.map(({ time }) => time);
      const from = Math.min(...times), to = Math.floor(Math.max(...times)) + 1;
      return [{ symbol, seq, seqs: found.map((tick) => tick.seq), from, to, ticks: found }];
    });
  }

  /** @returns the bars that have changed */
  #replace({ symbol, seq }: TapedCorrection, reckoned: Reckoned): ClosedBar[] {
    const { interval, gone, left, changed } = reckoned;
    const before = this.#market.newestBar(symbol, interval)?.time;
    const oldest = this.#market.oldestBar(symbol, interval)?.time ?? Infinity;
    const others: number[] = [];
    const stored: BarRecord[] = [];
    const keep = (numbers: Float64Array) => stored.push({ symbol, interval, numbers });
    const spans: ReplacedSpan[] = gone.from < gone.to ? [{ ...gone, records: left }] : [];
    for (const [start, numbers] of changed) {
      const span = { from: start, to: start + 1 };
      if (numbers === undefined) {
        spans.push({ ...span, records: [] });
        // Otherwise readers would find the stored bar, because no held bar hides it.
        keep(goneNumbers(start, seq));
        continue;
      }
      others.push(start);
      if (this.#market.holds(symbol, interval, start)) spans.push({ ...span, records: [numbers] });
      else keep(numbers);
    }
    if (spans.length > 0) this.#market.replaceBars(symbol, interval, spans);
    if (stored.length > 0) this.#tape.hold({ bars: stored, late: [], since: seq });
    // Given bars in the span stay, even those that are only in the file.
    const isGone = oldest > gone.from && oldest < gone.to && !this.#market.given.seqOf(symbol);
    this.#fill(symbol, interval, isGone ? gone.from : oldest);
    const newest = this.#market.newestBar(symbol, interval)?.time;
    if (newest !== undefined && newest !== before && !others.includes(newest)) others.push(newest);
    return others.map((time) => ({ symbol, interval, time }));
  }

  /** Loads older bars into the market in place of removed bars. @param to the bars start before */
  #fill(symbol: string, interval: Interval, to: number): void {
    const limit = this.#market.barsLacking(symbol, interval);
    if (limit === 0) return;
    const records = this.#tape.records(symbol, interval, { to, limit });
    this.#market.prependBars(symbol, interval, records);
  }

  /** Finds the newest observation again. */
  #renew(correction: TapedCorrection): void {
    const { symbol, seq, from = -Infinity, to = Infinity } = correction;
    const known = this.#market.newest(symbol);
    if (known === undefined || known.seq >= seq) return;
    const isGone = (time: number) => time >= from && time < to;
    const newest = isGone(known.time) ? this.#newestOf(symbol) : known;
    if (newest === undefined) return this.#market.replaceNewest(symbol, undefined);
    const { time, price } = newest;
    const renewed: Newest = {
      ...{ ...known, seq, time, price },
      ...isGone(known.bidTime) ? this.#lastOf("bid", correction) : {},
      ...isGone(known.askTime) ? this.#lastOf("ask", correction) : {},
    };
    this.#market.replaceNewest(symbol, renewed);
  }

  /** The newest observation in the held bars. A given bar can have any interval. */
  #newestOf(symbol: string): { readonly time: number; readonly price: number } | undefined {
    const newest = INTERVALS.flatMap((interval) =>
      this.#market.records(symbol, interval, -Infinity, Infinity).slice(-1).map(newestOf)
    );
    return newest.sort((a, b) => b.time - a.time)[0];
  }

  /** The newest bid or ask by event time; of equal times the last on the tape. */
  #lastOf(name: "bid" | "ask", { symbol, seq }: TapedCorrection): Partial<Newest> {
    const symbols = new Set([symbol]);
    let best: TapedTick | undefined;
    const look = (ticks: readonly TapedTick[]) => {
      for (const tick of ticks) {
        if (tick[name] !== null && tick.time >= (best?.time ?? -Infinity)) best = tick;
      }
    };
    let through = seq - 1;
    while (best === undefined && through > this.#tape.tail) {
      const slice = this.#tape.last({ symbols, through, limit: TICKS_MAX });
      look(slice.ticks);
      through = slice.seq;
    }
    // An earlier tick on the tape can have a later event time.
    for (let after = this.#tape.tail; best !== undefined && after < through;) {
      const query = { symbols, after, through, from: best.time, limit: TICKS_MAX };
      const slice = this.#tape.first(query);
      const found: TapedTick = best;
      look(slice.ticks.filter(({ time }) => time > found.time));
      after = slice.seq;
    }
    return { [name]: best?.[name] ?? null, [`${name}Time`]: best?.time ?? -Infinity };
  }
}
