/** Whether what is sent to a client gets through. */
export class Progress {
  #sent = 0;
  /** The most that is known to have reached the network, and when it last grew. */
  #drained = 0;
  #grewAt: number;

  constructor(now: number) {
    this.#grewAt = now;
  }

  sent(length: number): void {
    this.#sent += length;
  }

  /** For how long nothing has got through although something waits. */
  stalledMs(buffered: number, now: number): number {
    const drained = this.#sent - buffered;
    if (buffered === 0 || drained > this.#drained) {
      this.#drained = Math.max(this.#drained, drained);
      this.#grewAt = now;
    }
    return now - this.#grewAt;
  }
}
