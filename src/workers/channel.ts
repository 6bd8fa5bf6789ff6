/** A connection of two processes of one server: https://nodejs.org/api/net.html */
import { connect, type Socket } from "node:net";
import { type Frame, FrameReader, messageFrame } from "./frames.ts";

/** Bytes that wait for a process that does not read; beyond that it is given up. */
const UNSENT_MAX = 256 * 1_024 * 1_024;

export interface ChannelEvents {
  received(frame: Frame): void;
  /** It has ended, from either side. */
  closed(): void;
}

/** Frames go and come in order, until one of the two processes ends. */
export class Channel {
  readonly #socket: Socket;
  readonly #frames = new FrameReader();

  constructor(socket: Socket, events: ChannelEvents) {
    this.#socket = socket;
    socket.on("data", (piece: Uint8Array) => {
      for (const frame of this.#frames.read(piece)) events.received(frame);
    });
    socket.on("close", () => events.closed());
    // A close follows every error.
    socket.on("error", () => {});
  }

  /** Reaches the process that listens at a path. */
  static open(path: string, events: ChannelEvents): Promise<Channel> {
    return new Promise((resolve, reject) => {
      const socket = connect(path);
      socket.once("error", reject);
      socket.once("connect", () => {
        socket.off("error", reject);
        resolve(new Channel(socket, events));
      });
    });
  }

  send(frame: Uint8Array): void {
    this.#socket.write(frame);
    if (this.#socket.writableLength > UNSENT_MAX) this.close();
  }

  say(message: object): void {
    this.send(messageFrame(message));
  }

  /** Resolves when more may be sent without a heap of it waiting here. */
  drained(): Promise<void> {
    if (!this.#socket.writableNeedDrain || this.#socket.destroyed) return Promise.resolve();
    return new Promise((resolve) => {
      this.#socket.once("drain", resolve);
      this.#socket.once("close", () => resolve());
    });
  }

  /** Takes nothing more from the other side until `resume`. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Ends it once all was sent. */
  end(): void {
    this.#socket.end();
  }

  close(): void {
    this.#socket.destroy();
  }
}
