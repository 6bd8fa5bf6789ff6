import { isNestedTooDeeply } from "../core/nesting.ts";
import { ClientError } from "../hub/client_error.ts";
import { CloseCode, type Socket } from "../hub/socket.ts";
import type { Accept, Connection } from "../runtime/listener.ts";
import type { BatchFormat } from "../wire/batch.ts";
import type { Ingest, Taken } from "./ingest.ts";
import { Refusal, refusalBody, toRefusal } from "./refusal.ts";
import type { SocketPlace } from "./sockets.ts";

export interface TickSocketsOptions {
  readonly ingest: Ingest;
  readonly sessionsMax: number;
  /** Bytes of answers that a sender may leave unread. */
  readonly bufferedBytesMax: number;
  /** Told of errors that are the server's own. */
  fault(error: unknown): void;
}

const FORMATS: readonly string[] = ["json", "ndjson", "csv", "influx"] satisfies BatchFormat[];
/** Batches of a connection that wait for their answer; beyond twice as many it is closed. */
export const UNANSWERED_MAX = 64;

/** `WS /ticks?format=`: a batch per frame, each answered once it is on the tape, in order. */
export class TickSockets {
  readonly place: SocketPlace = { path: "/ticks", accept: (url) => this.#accept(url) };
  readonly #options: TickSocketsOptions;
  readonly #senders = new Set<Sender>();

  constructor(options: TickSocketsOptions) {
    this.#options = options;
  }

  #accept({ searchParams }: URL): Accept {
    const format = searchParams.get("format") ?? undefined;
    if (format !== undefined && !FORMATS.includes(format)) {
      const detail = `Cannot use format ${JSON.stringify(format)}: it is none of ${
        FORMATS.join(", ")
      }`;
      throw new Refusal(400, "bad_format", detail);
    }
    return (socket) => {
      const sender: Sender = new Sender(socket, {
        ...this.#options,
        format: format as BatchFormat | undefined,
        left: () => this.#senders.delete(sender),
      });
      this.#senders.add(sender);
      if (this.#senders.size > this.#options.sessionsMax) {
        sender.close(CloseCode.tooMany, "The server has no room for more clients");
      }
      return sender;
    };
  }

  /** Lets every sender go, once the batches that it has sent are answered. */
  async end(): Promise<void> {
    await Promise.all([...this.#senders].map((sender) => sender.end()));
  }
}

interface SenderOptions extends TickSocketsOptions {
  /** How its frames are to be read; absent means as they look. */
  readonly format: BatchFormat | undefined;
  left(): void;
}

/** What a frame holds: ticks, or ticks in an envelope with an `id` for the answer and a `key`. */
interface Frame {
  readonly bytes: Uint8Array;
  readonly format: BatchFormat;
  readonly id?: string | number | undefined;
  readonly key?: string | undefined;
}

/** One client that sends ticks. */
class Sender implements Connection {
  readonly #socket: Socket;
  readonly #options: SenderOptions;
  /** Settles when all that was received so far is read. */
  #read: Promise<void> = Promise.resolve();
  /** Settles when all that was received so far is answered. */
  #answered: Promise<void> = Promise.resolve();
  #unanswered = 0;
  #closed = false;

  constructor(socket: Socket, options: SenderOptions) {
    this.#socket = socket;
    this.#options = options;
  }

  receive(text: string): void {
    if (this.#closed) return;
    if (this.#socket.buffered > this.#options.bufferedBytesMax) {
      return this.close(CloseCode.tooSlow, "The client does not read its answers");
    }
    if (++this.#unanswered > 2 * UNANSWERED_MAX) {
      return this.close(CloseCode.tooMany, "Too many batches wait for their answer");
    }
    const taken = this.#unanswered > UNANSWERED_MAX
      ? Promise.resolve(refusalBody(tooMany()))
      : this.#take(text);
    this.#answered = this.#answered.then(async () => {
      this.#send(await taken);
      this.#unanswered--;
    });
  }

  receiveBinary(): void {
    this.close(CloseCode.badRequest, "Cannot read a binary frame: send ticks as text");
  }

  closed(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#options.left();
  }

  close(code: CloseCode, reason: string): void {
    if (this.#closed) return;
    this.closed();
    this.#socket.close(code, reason);
  }

  async end(): Promise<void> {
    await this.#answered;
    this.close(CloseCode.restart, "The server restarts");
  }

  /** @returns the answer to a frame, whatever becomes of it */
  async #take(text: string): Promise<Record<string, unknown>> {
    const { ingest, fault } = this.#options;
    const turn = this.#read;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#read = promise;
    let id: Frame["id"];
    try {
      const frame = readFrame(text, this.#options.format, ingest.bodyBytesMax);
      id = frame.id;
      const taken = await ingest.take({ ...frame, turn, read: resolve });
      return { ...(id === undefined ? {} : { id }), ...takenBody(taken) };
    } catch (error) {
      const refusal = toRefusal(error, fault);
      return { ...(id === undefined ? {} : { id }), ...refusalBody(refusal) };
    } finally {
      // Whatever became of it, the next one has its turn after those before it.
      void turn.then(resolve);
    }
  }

  #send(answer: Record<string, unknown>): void {
    if (!this.#closed) this.#socket.send(JSON.stringify(answer));
  }
}

/** What a sender is told of a batch that is on the tape. */
export function takenBody({ accepted, position, skipped }: Taken): Record<string, unknown> {
  return { accepted, position, ...(skipped > 0 ? { skipped } : {}) };
}

function readFrame(text: string, asked: BatchFormat | undefined, bytesMax: number): Frame {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length > bytesMax) {
    const detail = `Cannot take more than ${bytesMax} bytes in one frame: send smaller batches`;
    throw new Refusal(413, "too_large", detail);
  }
  const format = asked ?? looksLike(text);
  return format === "json" && /^\s*\{/.test(text) ? openEnvelope(text, bytes) : { bytes, format };
}

/** An object alone in its frame, or over several lines, is JSON; objects line by line are NDJSON. */
function looksLike(text: string): "json" | "ndjson" {
  const trimmed = text.trim();
  const end = trimmed.indexOf("\n");
  const first = end < 0 ? "" : trimmed.slice(0, end).trimEnd();
  return first.startsWith("{") && first.endsWith("}") ? "ndjson" : "json";
}

/** `{"id", "key", "ticks": […]}`; any other object is a tick. */
function openEnvelope(text: string, bytes: Uint8Array): Frame {
  if (isNestedTooDeeply(text)) {
    throw new ClientError("bad_json", "Cannot read the frame: it is nested too deeply");
  }
  const bare: Frame = { bytes, format: "json" };
  let content: Record<string, unknown>;
  try {
    content = JSON.parse(text);
  } catch (_) {
    // The reader of ticks says what is wrong with it.
    return bare;
  }
  const { id, key, ticks } = content;
  if (ticks === undefined) return bare;
  if (id !== undefined && typeof id !== "string" && typeof id !== "number") {
    throw new ClientError("bad_request", "Cannot read the frame: id is neither text nor number");
  }
  if (key !== undefined && typeof key !== "string") {
    throw new ClientError("bad_request", "Cannot read the frame: key is not text");
  }
  if (!Array.isArray(ticks)) {
    throw new ClientError("bad_request", "Cannot read the frame: ticks is not a list");
  }
  return { bytes: new TextEncoder().encode(JSON.stringify(ticks)), format: "json", id, key };
}

function tooMany(): Refusal {
  const detail = `Cannot take the batch: ${UNANSWERED_MAX} wait for their answer`;
  return new Refusal(429, "too_many", detail);
}
