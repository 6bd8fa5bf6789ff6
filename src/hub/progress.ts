/** Detects a client that does not read. */
export class Progress {
  #sent = 0;
  /** The most bytes known to have reached the network; `#grewAt` is the time of its last growth. */
  #drained = 0;
  #grewAt: number;

  constructor(now: number) {
    this.#grewAt = now;
  }

  sent(length: number): void {
    this.#sent += length;
  }

  /** For how long no byte has reached the network although some are buffered. */
  stalledMs(buffered: number, now: number): number {
    const drained = this.#sent - buffered;
    if (buffered === 0 || drained > this.#drained) {
      this.#drained = Math.max(this.#drained, drained);
      this.#grewAt = now;
    }
    return now - this.#grewAt;
  }
}
