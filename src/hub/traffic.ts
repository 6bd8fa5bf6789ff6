import { Buffer } from "node:buffer";

/** The texts of a frame, made once for all its receivers. */
export interface EncodedFrame {
  readonly texts: readonly string[];
  /** Number of updates in the texts. */
  readonly updates: number;
}

/** Counts what was sent since the start. It counts per frame, not per client, which is faster. */
export class Traffic {
  #frames = 0;
  #updates = 0;
  #bytes = 0;

  /** WebSocket messages and server-sent events. */
  get frames(): number {
    return this.#frames;
  }

  get updates(): number {
    return this.#updates;
  }

  /** Bytes of text, before compression and encryption. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Counts a frame that was sent to a number of clients. */
  add({ texts, updates }: EncodedFrame, clients: number): void {
    if (clients === 0) return;
    this.#frames += texts.length * clients;
    this.#updates += updates * clients;
    for (const text of texts) this.#bytes += Buffer.byteLength(text) * clients;
  }
}
