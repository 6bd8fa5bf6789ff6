import type { Socket } from "./socket.ts";

/**
 * Detects a client that does not read. It only compares `buffered` with earlier values of
 * `buffered`: the length of a text says little, because each socket counts other bytes for it.
 */
export class Progress {
  readonly #socket: Socket;
  /** Unsent bytes at the last look. */
  #buffered = 0;
  /** Time of the last look that found fewer unsent bytes than the one before, or none. */
  #readAt: number;

  constructor(socket: Socket, now: number) {
    this.#socket = socket;
    this.#readAt = now;
  }

  /** Sends a text. It looks before and after, because the text adds to the unsent bytes. */
  send(text: string, now: number): void {
    this.#look(now);
    this.#socket.send(text);
    this.#look(now);
  }

  /** For how long no byte has reached the network although some are unsent. */
  stalledMs(now: number): number {
    this.#look(now);
    return now - this.#readAt;
  }

  #look(now: number): void {
    const { buffered } = this.#socket;
    if (buffered === 0 || buffered < this.#buffered) this.#readAt = now;
    this.#buffered = buffered;
  }
}
