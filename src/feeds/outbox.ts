import type { GivenBar } from "../core/given_bar.ts";
import type { Tick } from "../core/tick.ts";
import type { Mark } from "../log/log.ts";
import type { FeedContext } from "./feed.ts";

/** The records of a source. */
export interface Records {
  readonly ticks: readonly Tick[];
  readonly bars: readonly GivenBar[];
}

/** Ticks and bars on their way to the tape, each in order. It accepts more while it writes. */
export class Outbox {
  readonly #context: FeedContext;
  #ticks: Tick[] = [];
  #bars: GivenBar[] = [];
  /** The newest mark of each name. */
  readonly #marks = new Map<string, Mark>();
  #writing = 0;
  #running: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor(context: FeedContext) {
    this.#context = context;
  }

  /** Number of records that are not on the tape yet. */
  get size(): number {
    return this.#ticks.length + this.#bars.length + this.#writing;
  }

  /** @param marks the position in the source after these ticks */
  put(ticks: readonly Tick[], ...marks: readonly Mark[]): void {
    this.putAll({ ticks, bars: [] }, ...marks);
  }

  /** @param marks the position in the source after these ticks and bars */
  putAll({ ticks, bars }: Records, ...marks: readonly Mark[]): void {
    for (const tick of ticks) this.#ticks.push(tick);
    for (const bar of bars) this.#bars.push(bar);
    for (const mark of marks) this.#marks.set(mark.name, mark);
    this.#start();
  }

  /** Resolves when all ticks are on the tape. @throws the error of `emit` */
  async drained(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  #start(): void {
    if (this.#ticks.length + this.#bars.length === 0 || this.#context.signal.aborted) return;
    this.#running ??= this.#write().finally(() => {
      this.#running = undefined;
      // Write ticks that arrived after the last check.
      this.#start();
    });
  }

  async #write(): Promise<void> {
    try {
      const { emit, give, signal } = this.#context;
      while (this.#ticks.length + this.#bars.length > 0 && !signal.aborted) {
        const [ticks, bars, marks] = [this.#ticks, this.#bars, [...this.#marks.values()]];
        [this.#ticks, this.#bars] = [[], []];
        this.#marks.clear();
        this.#writing = ticks.length + bars.length;
        // The last write has the marks.
        if (bars.length === 0) await emit(ticks, marks);
        else {
          if (ticks.length > 0) await emit(ticks);
          await give(bars, marks);
        }
        this.#writing = 0;
      }
    } catch (error) {
      // `drained` throws it.
      this.#failure ??= { error };
      [this.#ticks, this.#bars] = [[], []];
    }
  }
}
