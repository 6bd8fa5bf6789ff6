import { CloseCode, type Socket } from "../hub/socket.ts";
import { closeEvent, KEEP_ALIVE } from "../wire/sse.ts";

export interface EventSocketOptions {
  /** Unsent bytes above which the hub sends nothing more. */
  readonly bytesMax: number;
  now(): number;
  /** A frame as the bytes of an event. */
  encode(frame: string): Uint8Array<ArrayBuffer>;
  /** Told that nothing can be sent any more. */
  ended(): void;
}

const encoder = new TextEncoder();

/** A response of events as the hub sees a connection. */
export class EventSocket implements Socket {
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** Told that the client has gone away. */
  left: () => void = () => {};
  /** Why the server has ended the stream. */
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

  /** The runtime takes from the stream what fits into the network's buffers; the rest stands here. */
  get buffered(): number {
    return this.#options.bytesMax - (this.#controller.desiredSize ?? this.#options.bytesMax);
  }

  send(frame: string): void {
    this.#write(this.#options.encode(frame));
  }

  /** Sends fields or a comment as they are. */
  write(text: string): void {
    this.#write(encoder.encode(text));
  }

  close(code: number, reason: string): void {
    if (this.#ended) return;
    this.closed = reason;
    if (code === CloseCode.tooSlow) {
      // What it has not read would wait for it for ever: the connection breaks off. Nobody needs a reason.
      this.#controller.error();
    } else {
      this.write(closeEvent(code, reason));
      this.#controller.close();
    }
    this.#end();
  }

  /** Shows that the connection is alive, when nothing else does. */
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
