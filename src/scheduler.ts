import { FlushPacer } from "./flush_pacer.ts";

/** What happens by the clock rather than in answer to anything. */
export interface ScheduledWork {
  /** Milliseconds by a clock that nobody sets. */
  now(): number;
  /** Milliseconds of a core that the process has used. */
  busy(): number;
  /** Sends what is due and says when to call again, if something is owed. */
  flush(now: number): number | undefined;
  /** Serves those who wait for their turn. */
  serve(): void;
  /** Done about every quarter of a second. */
  advance(now: number): void;
  /** Does a slice of what can wait, after that. @returns whether there is more */
  tidy(): boolean;
}

export const ADVANCE_MS = 250;
/** So many frames that could not go in time may go sooner later. */
const LATE_FRAMES_MAX = 5;
/** Between two slices others have their turn. */
const TIDY_MS = 10;

/**
 * The pace of the server: after a quiet spell the first tick is flushed at once; then there is at most one flush
 * per interval, or, without one, as many as there is time for. All clients share these timers.
 */
export class Scheduler {
  readonly #work: ScheduledWork;
  /** At least between two flushes, where that is not found out. */
  readonly #flushMs: number | undefined;
  readonly #pace = new FlushPacer();
  #spacingMs: number;
  #advancing: ReturnType<typeof setInterval> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #timerAt = Infinity;
  #tidying: ReturnType<typeof setTimeout> | undefined;
  #serving: ReturnType<typeof setTimeout> | undefined;
  #flushedAt = -Infinity;

  constructor(work: ScheduledWork, flush: number | "auto") {
    this.#work = work;
    this.#flushMs = flush === "auto" ? undefined : flush;
    this.#spacingMs = this.#flushMs ?? 0;
  }

  start(): void {
    this.#advancing = setInterval(() => {
      this.#work.advance(this.#work.now());
      this.#tidy();
    }, ADVANCE_MS);
  }

  /** There may be something to send. */
  touch(): void {
    const now = this.#work.now();
    const at = this.#flushedAt + this.#spacingMs;
    if (now >= at) this.#flush(now);
    else this.#schedule(at, now);
  }

  /** Those who wait for their turn are served after so many milliseconds. */
  serveAfter(ms: number): void {
    clearTimeout(this.#serving);
    this.#serving = setTimeout(() => this.#work.serve(), ms);
  }

  stop(): void {
    clearInterval(this.#advancing);
    clearTimeout(this.#timer);
    clearTimeout(this.#tidying);
    clearTimeout(this.#serving);
  }

  #tidy(): void {
    clearTimeout(this.#tidying);
    if (!this.#work.tidy()) return;
    this.#tidying = setTimeout(() => this.#tidy(), TIDY_MS);
  }

  #flush(now: number): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#timerAt = Infinity;
    this.#flushedAt = this.#countedFrom(now);
    const next = this.#work.flush(this.#flushedAt);
    const end = this.#work.now();
    this.#spacingMs = this.#flushMs ?? this.#pace.flushed(now, end, this.#work.busy());
    if (next !== undefined) this.#schedule(next, end);
  }

  /**
   * The time as of which a flush counts: when it could have been, unless that is long ago. Ticks that come
   * as often as frames may go would else all wait as long as the latest of them was late.
   */
  #countedFrom(now: number): number {
    const due = this.#flushedAt + this.#spacingMs;
    return Math.min(now, Math.max(due, now - LATE_FRAMES_MAX * this.#spacingMs));
  }

  #schedule(at: number, now: number): void {
    if (at >= this.#timerAt) return;
    clearTimeout(this.#timer);
    this.#timerAt = at;
    // A timer that is early by a fraction would only be set again.
    const delayMs = Math.ceil(Math.max(0, at - now));
    this.#timer = setTimeout(() => this.#flush(this.#work.now()), delayMs);
  }
}

/** Resolves once everything that is due has happened, and at once if nothing is. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
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
