import type { Tick } from "../core/tick.ts";
import type { Mark } from "../log/log.ts";
import type { FeedContext } from "./feed.ts";

/** Ticks on their way to the tape, in order: more may be put in while some are being written. */
export class Outbox {
  readonly #context: FeedContext;
  #ticks: Tick[] = [];
  /** The newest of each name. */
  readonly #marks = new Map<string, Mark>();
  #writing = 0;
  #running: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor(context: FeedContext) {
    this.#context = context;
  }

  /** How many ticks are not on the tape yet. */
  get size(): number {
    return this.#ticks.length + this.#writing;
  }

  /** @param marks where the feed stands after these ticks */
  put(ticks: readonly Tick[], ...marks: readonly Mark[]): void {
    for (const tick of ticks) this.#ticks.push(tick);
    for (const mark of marks) this.#marks.set(mark.name, mark);
    this.#start();
  }

  /** Resolves when everything is on the tape. @throws what `emit` has thrown */
  async drained(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  #start(): void {
    if (this.#ticks.length === 0 || this.#context.signal.aborted) return;
    this.#running ??= this.#write().finally(() => {
      this.#running = undefined;
      // Something may have been put in after the last look.
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
      // Whoever waits for it is told.
      this.#failure ??= { error };
      this.#ticks = [];
    }
  }
}
