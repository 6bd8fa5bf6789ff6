import type { BarChanges, BarRecord, LateTick } from "./bar.ts";

/** What has changed of a series, until somebody takes it. */
export class BarNotes {
  /** Changed records that had to make room before they were taken, and ticks of such. */
  readonly bars: BarRecord[] = [];
  readonly late: LateTick[] = [];
  /** Starts of the bars that are held and have changed; the one noted last, to save a look-up. */
  readonly #times = new Set<number>();
  #last = NaN;

  note(time: number): void {
    if (time === this.#last) return;
    this.#last = time;
    this.#times.add(time);
  }

  /** The starts that were noted, oldest first. */
  times(): number[] {
    return [...this.#times].sort((a, b) => a - b);
  }

  /** Forgets a start, because somebody takes the bar. */
  take(time: number): void {
    this.#times.delete(time);
    this.#last = NaN;
  }

  /** How many changes are of bars that are no longer held, so that nobody finds them in the series. */
  get dropped(): number {
    return this.bars.length + this.late.length;
  }

  /** Takes the changes of bars that are no longer held. */
  takeDropped(): BarChanges {
    return { bars: this.bars.splice(0), late: this.late.splice(0) };
  }
}
