import type { ClientError } from "./client_error.ts";
import type { Rota } from "./rota.ts";

/** A frame that waits, or what is wrong with one that was not kept. */
export interface Waiting {
  readonly content: string | ClientError;
  /** Whether there was no room for it: it is answered in its turn, but not done. */
  readonly refused: boolean;
}

/**
 * The frames of one client that wait for their turn, in order. There is room for so many and, as long, for
 * as many again that are refused: whoever goes on after that does not look at the answers.
 */
export class Backlog {
  readonly #rota: Rota;
  readonly #sizeMax: number;
  #waiting: Waiting[] = [];
  #length = 0;

  constructor(rota: Rota, sizeMax: number) {
    this.#rota = rota;
    this.#sizeMax = sizeMax;
  }

  get size(): number {
    return this.#waiting.length;
  }

  /** @returns whether it is kept; one that waits alone always is */
  add(content: string | ClientError): boolean {
    const fill = this.size === 0 ? 0 : this.#fillWith(lengthOf(content));
    if (fill > 2) return false;
    this.#waiting.push({ content, refused: fill > 1 });
    this.#hold(lengthOf(content));
    return true;
  }

  /** The next frame, which does not wait any more. */
  take(): Waiting | undefined {
    const next = this.#waiting.shift();
    if (next !== undefined) this.#hold(-lengthOf(next.content));
    return next;
  }

  clear(): void {
    this.#waiting = [];
    this.#hold(-this.#length);
  }

  /** How much of the room would be taken with one more: above 1 there is none. */
  #fillWith(length: number): number {
    return Math.max(
      (this.size + 1) / this.#sizeMax,
      (this.#length + length) / this.#rota.lengthMax,
    );
  }

  #hold(length: number): void {
    this.#length += length;
    this.#rota.hold(length);
  }
}

function lengthOf(content: string | ClientError): number {
  return typeof content === "string" ? content.length : 0;
}
