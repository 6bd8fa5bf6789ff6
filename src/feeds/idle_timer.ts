import { durationOption, type FeedContext, type FeedSpec, SourceFault } from "./feed.ts";

const WATCH_MS = 1_000;

/** Silence after which a connection counts as lost: `idle=30s`. @throws {RangeError} */
export function idleOption(spec: FeedSpec): number {
  return durationOption(spec, "idle") ?? Infinity;
}

/** Detects that a source has stopped sending. */
export class IdleTimer {
  readonly #context: FeedContext;
  readonly #idleMs: number;
  #heardAt: number;
  #isOver = false;

  constructor(context: FeedContext, idleMs: number) {
    this.#context = context;
    this.#idleMs = idleMs;
    this.#heardAt = context.now();
  }

  heard(): void {
    this.#heardAt = this.#context.now();
  }

  end(): void {
    this.#isOver = true;
  }

  /** @param tend called regularly with the time */
  async watch(fail: (fault: SourceFault) => void, tend?: (now: number) => void): Promise<void> {
    if (this.#idleMs === Infinity && tend === undefined) return;
    while (!this.#isOver && !this.#context.signal.aborted) {
      await this.#context.sleep(WATCH_MS);
      if (this.#isOver) return;
      const now = this.#context.now();
      if (now - this.#heardAt > this.#idleMs) {
        return fail(new SourceFault("The source has stopped sending"));
      }
      tend?.(now);
    }
  }
}
