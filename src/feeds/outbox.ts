import type { GivenBar } from "../core/given_bar.ts";
import type { Tick } from "../core/tick.ts";
import type { Mark } from "../log/log.ts";
import type { FeedContext } from "./feed.ts";

/** The records of a source. */
export interface Records {
  readonly ticks: readonly Tick[];
  readonly bars: readonly GivenBar[];
}

/** Records that are written together, and what is done after them. */
interface Part {
  readonly ticks: Tick[];
  readonly bars: GivenBar[];
  /** The newest mark of each name. */
  readonly marks: Map<string, Mark>;
  action: (() => Promise<void>) | undefined;
}

/** Ticks and bars on their way to the tape, each in order. It accepts more while it writes. */
export class Outbox {
  readonly #context: FeedContext;
  #parts: Part[] = [];
  #size = 0;
  #running: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor(context: FeedContext) {
    this.#context = context;
  }

  /** Number of records that are not on the tape yet. */
  get size(): number {
    return this.#size;
  }

  /** @param marks the position in the source after these ticks */
  put(ticks: readonly Tick[], ...marks: readonly Mark[]): void {
    this.putAll({ ticks, bars: [] }, ...marks);
  }

  /** @param marks the position in the source after these ticks and bars */
  putAll({ ticks, bars }: Records, ...marks: readonly Mark[]): void {
    const part = this.#open();
    for (const tick of ticks) part.ticks.push(tick);
    for (const bar of bars) part.bars.push(bar);
    for (const mark of marks) part.marks.set(mark.name, mark);
    this.#size += ticks.length + bars.length;
    this.#start();
  }

  /** Runs an action when everything before it is on the tape. Later records wait for the action. */
  andThen(action: () => Promise<void>): void {
    this.#open().action = action;
    this.#start();
  }

  /** Resolves when all ticks are on the tape. @throws the error of `emit`, or of an action */
  async drained(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  /** The part that takes the next records. */
  #open(): Part {
    const last = this.#parts.at(-1);
    if (last !== undefined && last.action === undefined) return last;
    const part: Part = { ticks: [], bars: [], marks: new Map(), action: undefined };
    this.#parts.push(part);
    return part;
  }

  /** Whether there is more than marks: these wait for the next records. */
  get #isDue(): boolean {
    return !this.#context.signal.aborted && this.#parts.some(isDue);
  }

  #start(): void {
    if (!this.#isDue) return;
    this.#running ??= this.#write().finally(() => {
      this.#running = undefined;
      // Write ticks that arrived after the last check.
      this.#start();
    });
  }

  async #write(): Promise<void> {
    try {
      while (this.#isDue) {
        const part = this.#parts.shift()!;
        await this.#writePart(part);
        this.#size -= part.ticks.length + part.bars.length;
      }
    } catch (error) {
      // `drained` throws it.
      this.#failure ??= { error };
      this.#parts = [];
      this.#size = 0;
    }
  }

  async #writePart(part: Part): Promise<void> {
    const { ticks, bars, action } = part;
    const { emit, give, signal } = this.#context;
    const marks = [...part.marks.values()];
    // The last write has the marks.
    if (bars.length > 0) {
      if (ticks.length > 0) await emit(ticks);
      await give(bars, marks);
    } else if (ticks.length > 0 || marks.length > 0) await emit(ticks, marks);
    if (!signal.aborted) await action?.();
  }
}

function isDue({ ticks, bars, action }: Part): boolean {
  return ticks.length + bars.length > 0 || action !== undefined;
}
