/** A connection between two processes of one server: https://nodejs.org/api/net.html */
import { connect, type Socket } from "node:net";
import { type Frame, FrameReader, messageFrame } from "./frames.ts";

/** Maximum number of unsent bytes. With more, the other process hangs and the channel closes. */
const UNSENT_MAX = 256 * 1_024 * 1_024;

export interface ChannelEvents {
  received(frame: Frame): void;
  /** The channel was closed by one of the processes. */
  closed(): void;
}

/** Sends and receives frames in order, until one of the two processes ends. */
export class Channel {
  readonly #socket: Socket;
  readonly #frames = new FrameReader();

  constructor(socket: Socket, events: ChannelEvents) {
    this.#socket = socket;
    socket.on("data", (piece: Uint8Array) => {
      for (const frame of this.#frames.read(piece)) events.received(frame);
    });
    socket.on("close", () => events.closed());
    // An error is always followed by a close.
    socket.on("error", () => {});
  }

  /** Connects to the process that listens at a path. */
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

  /** Resolves when the buffer of the socket has space again, or when the channel is closed. */
  drained(): Promise<void> {
    const socket = this.#socket;
    if (!socket.writableNeedDrain || socket.destroyed) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        socket.off("drain", done).off("close", done);
        resolve();
      };
      socket.on("drain", done).on("close", done);
    });
  }

  /** Receives nothing until `resume`. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Closes the channel after all frames were sent. */
  end(): void {
    this.#socket.end();
  }

  close(): void {
    this.#socket.destroy();
  }
}
