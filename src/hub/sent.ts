import { Buffer } from "node:buffer";

/** The texts of a frame, made once for all who get it. */
export interface Made {
  readonly texts: readonly string[];
  /** How many updates are in them. */
  readonly updates: number;
}

/** How much has been sent since the start; counted for each frame, and not for each client that gets it. */
export class Sent {
  #frames = 0;
  #updates = 0;
  #bytes = 0;

  /** WebSocket messages, or events of a stream of events. */
  get frames(): number {
    return this.#frames;
  }

  get updates(): number {
    return this.#updates;
  }

  /** Of text, as it is before a connection packs or encrypts it. */
  get bytes(): number {
    return this.#bytes;
  }

  /** A frame has been given to so many clients. */
  add({ texts, updates }: Made, clients: number): void {
    if (clients === 0) return;
    this.#frames += texts.length * clients;
    this.#updates += updates * clients;
    for (const text of texts) this.#bytes += Buffer.byteLength(text) * clients;
  }
}
