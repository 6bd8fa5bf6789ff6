import { FlushPacer } from "./flush_pacer.ts";

/** The work that timers start. */
export interface ScheduledWork {
  /** Milliseconds by a monotonic clock. */
  now(): number;
  /** CPU time that the process has used, in milliseconds. */
  busy(): number;
  /** Sends what is due. @returns when to call again; `undefined` if nothing is left to send */
  flush(now: number): number | undefined;
  /** Runs commands of clients that wait for their turn. */
  serve(): void;
  /** Called about every quarter of a second. */
  advance(now: number): void;
  /** Does one slice of maintenance, after `advance`. @returns whether there is more */
  tidy(): boolean;
}

export const ADVANCE_MS = 250;
/** After a delay, this many flushes may follow at a shorter spacing to catch up. */
const LATE_FRAMES_MAX = 5;
/** Pause between two slices of maintenance, for other work. */
const TIDY_MS = 10;

/**
 * The timers of the server, shared by all clients. After a pause the first tick is flushed at once.
 * Then flushes have a fixed spacing, or one that depends on the load.
 */
export class Scheduler {
  readonly #work: ScheduledWork;
  /** The fixed spacing of flushes; `undefined` if it depends on the load. */
  readonly #flushMs: number | undefined;
  readonly #pace: FlushPacer;
  #spacingMs: number;
  #advancing: ReturnType<typeof setInterval> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #timerAt = Infinity;
  #tidying: ReturnType<typeof setTimeout> | undefined;
  #serving: ReturnType<typeof setTimeout> | undefined;
  #flushedAt = -Infinity;

  constructor(work: ScheduledWork, flush: number | "auto") {
    this.#work = work;
    this.#pace = new FlushPacer(() => work.busy());
    this.#flushMs = flush === "auto" ? undefined : flush;
    this.#spacingMs = this.#flushMs ?? 0;
  }

  start(): void {
    this.#advancing = setInterval(() => {
      this.#work.advance(this.#work.now());
      this.#tidy();
    }, ADVANCE_MS);
  }

  /** Flushes as soon as the spacing allows. Call it when there may be something to send. */
  touch(): void {
    const now = this.#work.now();
    const at = this.#flushedAt + this.#spacingMs;
    if (now >= at) this.#flush(now);
    else this.#schedule(at, now);
  }

  /** Calls `serve` after some milliseconds. */
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
    this.#spacingMs = this.#flushMs ?? this.#pace.flushed(now, end);
    if (next !== undefined) this.#schedule(next, end);
  }

  /**
   * The time that counts as the start of a flush: the time when it was due, unless that is long
   * ago. Otherwise one late flush would delay all that follow, if ticks come as often as flushes
   * may.
   */
  #countedFrom(now: number): number {
    const due = this.#flushedAt + this.#spacingMs;
    return Math.min(now, Math.max(due, now - LATE_FRAMES_MAX * this.#spacingMs));
  }

  #schedule(at: number, now: number): void {
    if (at >= this.#timerAt) return;
    clearTimeout(this.#timer);
    this.#timerAt = at;
    // Rounded up, because a timer that fires too early would only be set again.
    const delayMs = Math.ceil(Math.max(0, at - now));
    this.#timer = setTimeout(() => this.#flush(this.#work.now()), delayMs);
  }
}

/** Resolves after the event loop has run the work that is due. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Resolves after some milliseconds, or as soon as the signal aborts. */
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
