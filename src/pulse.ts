/** What happens by the clock rather than in answer to anything. */
export interface PulseWork {
  now(): number;
  /** Sends what is due and says when the next frame is due, if one is owed. */
  flush(now: number): number | undefined;
  /** Done about every quarter of a second. */
  advance(now: number): void;
}

export const ADVANCE_MS = 250;

/**
 * The pace of the server: after a quiet spell the first tick is flushed at once, then there is at most
 * one flush per interval. All clients share these two timers.
 */
export class Pulse {
  readonly #work: PulseWork;
  readonly #flushMs: number;
  #advancing: ReturnType<typeof setInterval> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #timerAt = Infinity;
  #flushedAt = -Infinity;

  constructor(work: PulseWork, flushMs: number) {
    this.#work = work;
    this.#flushMs = flushMs;
  }

  start(): void {
    this.#advancing = setInterval(() => this.#work.advance(this.#work.now()), ADVANCE_MS);
  }

  /** There may be something to send. */
  touch(): void {
    const now = this.#work.now();
    const at = this.#flushedAt + this.#flushMs;
    if (now >= at) this.#flush(now);
    else this.#schedule(at, now);
  }

  stop(): void {
    clearInterval(this.#advancing);
    clearTimeout(this.#timer);
  }

  #flush(now: number): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#timerAt = Infinity;
    this.#flushedAt = now;
    const next = this.#work.flush(now);
    if (next !== undefined) this.#schedule(Math.max(next, now + this.#flushMs), now);
  }

  #schedule(at: number, now: number): void {
    if (at >= this.#timerAt) return;
    clearTimeout(this.#timer);
    this.#timerAt = at;
    this.#timer = setTimeout(() => this.#flush(this.#work.now()), at - now);
  }
}

/** Resolves after so many milliseconds, or at once when the signal says so. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const wake = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", wake);
      resolve();
    };
    const timer = setTimeout(wake, signal?.aborted ? 0 : Math.max(0, ms));
    signal?.addEventListener("abort", wake);
  });
}
