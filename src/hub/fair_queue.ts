/** A client with waiting commands. */
export interface QueueMember {
  /** Whether it cannot be served now. */
  readonly full: boolean;
  /** Runs the next command, if there is one. @returns whether more wait */
  serve(): boolean;
}

export interface FairQueueOptions {
  /** Milliseconds by a monotonic clock. */
  elapsed(): number;
  /** Schedules a call of `serve` after some milliseconds. */
  later(ms: number): void;
  /** Reports an error of the server itself. */
  fault(error: unknown): void;
}

/** Length of one slice of serving; other work then gets as much time. */
const SLICE_MS = 1;
/** The longest rest after a command that took longer than a slice. */
const REST_MS_MAX = 20;
/** Time until full clients are checked again. */
const FULL_MS = 5;
/**
 * Most characters that wait for one client, and for all. At the limit of all, each client still
 * gets `LENGTH_MIN`.
 */
const LENGTH_MAX = 1_048_576, ALL_LENGTH_MAX = 67_108_864, LENGTH_MIN = 8_192;

/**
 * Schedules the commands of clients. Commands run as they come while they take at most half of the
 * time. Beyond that clients wait and take turns, one command each, between other work. So a client
 * that sends a thousand commands at once gets its answers without delaying the others.
 */
export class FairQueue {
  readonly #options: FairQueueOptions;
  /** In order of service. */
  readonly #waiting = new Set<QueueMember>();
  /** Time left to serve before a rest, as of `#countedAt`. */
  #creditMs = SLICE_MS;
  #countedAt = 0;
  #resting = false;
  #length = 0;

  constructor(options: FairQueueOptions) {
    this.#options = options;
  }

  /** Most characters that may wait for one client now. */
  get lengthMax(): number {
    return this.#length < ALL_LENGTH_MAX ? LENGTH_MAX : LENGTH_MIN;
  }

  /** Adds to the number of waiting characters. @param length may be negative */
  hold(length: number): void {
    this.#length += length;
  }

  /** Adds a client with a waiting command, and serves it now if there is time. */
  add(member: QueueMember): void {
    this.#waiting.add(member);
    if (!this.#resting) this.serve();
  }

  remove(member: QueueMember): void {
    this.#waiting.delete(member);
  }

  /** Serves waiting clients for at most one slice, and schedules the next call. */
  serve(): void {
    const { elapsed, later } = this.#options;
    let now = elapsed();
    this.#creditMs = Math.min(SLICE_MS, this.#creditMs + now - this.#countedAt);
    // A client with more commands moves to the end, where this loop meets it again.
    for (const member of this.#waiting) {
      if (this.#creditMs <= 0) break;
      if (member.full) continue;
      this.#waiting.delete(member);
      if (this.#serveOne(member)) this.#waiting.add(member);
      const end = elapsed();
      this.#creditMs = Math.max(SLICE_MS - REST_MS_MAX, this.#creditMs - (end - now));
      now = end;
    }
    this.#countedAt = now;
    this.#resting = this.#waiting.size > 0 && this.#creditMs <= 0;
    if (this.#waiting.size === 0) return;
    later(this.#resting ? SLICE_MS - this.#creditMs : FULL_MS);
  }

  #serveOne(member: QueueMember): boolean {
    try {
      return member.serve();
    } catch (error) {
      this.#options.fault(error);
      return true;
    }
  }
}
