import type { BarChanges, BarRecord, LateTick } from "./bar.ts";

/** The changes of a series since they were last taken. */
export class BarNotes {
  /** Changed records that were dropped before they were taken, and late ticks of dropped bars. */
  readonly bars: BarRecord[] = [];
  readonly late: LateTick[] = [];
  /** Starts of the changed bars that are held. `#last` is the newest note, to save a look-up. */
  readonly #times = new Set<number>();
  #last = NaN;

  note(time: number): void {
    if (time === this.#last) return;
    this.#last = time;
    this.#times.add(time);
  }

  /** The noted starts, oldest first. */
  times(): number[] {
    return [...this.#times].sort((a, b) => a - b);
  }

  /** Forgets a start, because its bar is taken. */
  take(time: number): void {
    this.#times.delete(time);
    this.#last = NaN;
  }

  /** Number of changes of bars that the series no longer holds. */
  get dropped(): number {
    return this.bars.length + this.late.length;
  }

  /** Takes the changes of bars that the series no longer holds. */
  takeDropped(): BarChanges {
    return { bars: this.bars.splice(0), late: this.late.splice(0) };
  }
}
