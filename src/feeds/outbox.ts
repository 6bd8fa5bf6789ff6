import type { Tick } from "../core/tick.ts";
import type { Mark } from "../log/log.ts";
import type { FeedContext } from "./feed.ts";

/** Ticks on their way to the tape, in order. It accepts more while it writes. */
export class Outbox {
  readonly #context: FeedContext;
  #ticks: Tick[] = [];
  /** The newest mark of each name. */
  readonly #marks = new Map<string, Mark>();
  #writing = 0;
  #running: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor(context: FeedContext) {
    this.#context = context;
  }

  /** Number of ticks that are not on the tape yet. */
  get size(): number {
    return this.#ticks.length + this.#writing;
  }

  /** @param marks the position in the source after these ticks */
  put(ticks: readonly Tick[], ...marks: readonly Mark[]): void {
    for (const tick of ticks) this.#ticks.push(tick);
    for (const mark of marks) this.#marks.set(mark.name, mark);
    this.#start();
  }

  /** Resolves when all ticks are on the tape. @throws the error of `emit` */
  async drained(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  #start(): void {
    if (this.#ticks.length === 0 || this.#context.signal.aborted) return;
    this.#running ??= this.#write().finally(() => {
      this.#running = undefined;
      // Write ticks that arrived after the last check.
      this.#start();
    });
  }

  async #write(): Promise<void> {
    try {
      while (this.#ticks.length > 0 && !this.#context.signal.aborted) {
        const [ticks, marks] = [this.#ticks, [...this.#marks.values()]];
        this.#ticks = [];
        this.#marks.clear();
        this.#writing = ticks.length;
        await this.#context.emit(ticks, marks);
        this.#writing = 0;
      }
    } catch (error) {
      // `drained` throws it.
      this.#failure ??= { error };
      this.#ticks = [];
    }
  }
}
