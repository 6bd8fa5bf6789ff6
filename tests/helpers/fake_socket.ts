import { Buffer } from "node:buffer";
import type { Socket } from "../../src/hub/socket.ts";

/** A socket with a network that the test can stop: after `reads(false)` unsent bytes pile up. */
export class FakeSocket implements Socket {
  // deno-lint-ignore no-explicit-any -- frames are whatever the server sends
  readonly received: any[] = [];
  closedWith: { code: number; reason: string } | undefined;
  buffered = 0;
  /** The largest `buffered` at any send. */
  bufferedAtSendMax = 0;
  #reading = true;
  #unread: string[] = [];

  send(text: string): void {
    if (this.closedWith !== undefined) throw new Error("Cannot send: the socket is closed");
    this.bufferedAtSendMax = Math.max(this.bufferedAtSendMax, this.buffered);
    if (this.#reading) {
      this.received.push(JSON.parse(text));
    } else {
      this.#unread.push(text);
      this.buffered += Buffer.byteLength(text);
    }
  }

  close(code: number, reason: string): void {
    this.closedWith = { code, reason };
  }

  reads(reading: boolean): void {
    this.#reading = reading;
    if (!reading) return;
    for (const text of this.#unread) this.received.push(JSON.parse(text));
    this.#unread = [];
    this.buffered = 0;
  }

  /** The messages since the last call. */
  take(): FakeSocket["received"] {
    return this.received.splice(0);
  }
}
