import { CloseCode, type Socket } from "../hub/socket.ts";
import { closeEvent, KEEP_ALIVE } from "../wire/sse.ts";

export interface EventSocketOptions {
  /** With more unsent bytes than this, the hub stops sending. */
  readonly bytesMax: number;
  now(): number;
  /** Encodes a frame as an event. */
  encode(frame: string): Uint8Array<ArrayBuffer>;
  /** Called when the stream has ended. */
  ended(): void;
}

const encoder = new TextEncoder();

/** A response of Server-Sent Events, in the form of a socket for the hub. */
export class EventSocket implements Socket {
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** Called when the client has closed the connection. */
  left: () => void = () => {};
  /** Reason for which the server has ended the stream. */
  closed: string | undefined;
  readonly #options: EventSocketOptions;
  #controller!: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>;
  #sentAt: number;
  #ended = false;

  constructor(options: EventSocketOptions) {
    this.#options = options;
    this.#sentAt = options.now();
    this.stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
      start: (controller) => {
        this.#controller = controller;
      },
      cancel: () => {
        this.#end();
        this.left();
      },
    }, { highWaterMark: options.bytesMax, size: (bytes) => bytes!.byteLength });
  }

  /** Bytes in the stream's queue, which the runtime has not taken for the network yet. */
  get buffered(): number {
    return this.#options.bytesMax - (this.#controller.desiredSize ?? this.#options.bytesMax);
  }

  send(frame: string): void {
    this.#write(this.#options.encode(frame));
  }

  /** Sends the text without encoding it as an event. */
  write(text: string): void {
    this.#write(encoder.encode(text));
  }

  close(code: number, reason: string): void {
    if (this.#ended) return;
    this.closed = reason;
    if (code === CloseCode.tooSlow) {
      // A normal end would wait until the client has read everything. An error ends it at once.
      this.#controller.error();
    } else {
      this.write(closeEvent(code, reason));
      this.#controller.close();
    }
    this.#end();
  }

  /** Sends a comment after a silence, so that no proxy closes the connection. */
  tend(now: number, silentMs: number): void {
    if (this.buffered === 0 && now - this.#sentAt >= silentMs) this.write(KEEP_ALIVE);
  }

  #write(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.#ended) return;
    this.#sentAt = this.#options.now();
    this.#controller.enqueue(bytes);
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#options.ended();
  }
}
