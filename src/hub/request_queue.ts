import { ClientError } from "./client_error.ts";
import type { FairQueue } from "./fair_queue.ts";

/** A waiting frame, or the error of a frame that was not kept. */
export interface QueuedRequest {
  readonly content: string | ClientError;
  /** Whether the backlog was full: the frame is then answered with an error in its turn. */
  readonly refused: boolean;
}

/** Time after which a client beyond a limit of commands may try again. */
export const RETRY_MS = 1_000;

/**
 * The frames of one client that wait for their turn, in order. It holds `sizeMax` frames and as
 * many again that will be refused. A client that sends even more does not read the answers.
 */
export class RequestQueue {
  readonly #queue: FairQueue;
  readonly #sizeMax: number;
  #waiting: QueuedRequest[] = [];
  #length = 0;

  constructor(queue: FairQueue, sizeMax: number) {
    this.#queue = queue;
    this.#sizeMax = sizeMax;
  }

  get size(): number {
    return this.#waiting.length;
  }

  /** @returns whether the frame is kept; the first one always is */
  add(content: string | ClientError): boolean {
    const fill = this.size === 0 ? 0 : this.#fillWith(lengthOf(content));
    if (fill > 2) return false;
    this.#waiting.push({ content, refused: fill > 1 });
    this.#hold(lengthOf(content));
    return true;
  }

  /** Removes the next frame and returns it. */
  take(): QueuedRequest | undefined {
    const next = this.#waiting.shift();
    if (next !== undefined) this.#hold(-lengthOf(next.content));
    return next;
  }

  clear(): void {
    this.#waiting = [];
    this.#hold(-this.#length);
  }

  /** The share of the backlog in use with one more frame; above 1 it is full. */
  #fillWith(length: number): number {
    return Math.max(
      (this.size + 1) / this.#sizeMax,
      (this.#length + length) / this.#queue.lengthMax,
    );
  }

  #hold(length: number): void {
    this.#length += length;
    this.#queue.hold(length);
  }
}

/** The error of a command while `max` others wait. */
export function tooManyCommands(max: number): ClientError {
  const message = `Cannot run the command: ${max} commands are waiting`;
  return new ClientError("too_many_commands", message, { retryAfter: RETRY_MS });
}

function lengthOf(content: string | ClientError): number {
  return typeof content === "string" ? content.length : 0;
}
