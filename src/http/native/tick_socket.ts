import { isNestedTooDeeply } from "../../core/nesting.ts";
import { ClientError } from "../../hub/client_error.ts";
import { CloseCode, type Socket } from "../../hub/socket.ts";
import type { ConnectionGrant } from "../../hub/connection_grant.ts";
import type { Accept, Connection } from "../../runtime/listener.ts";
import type { BatchFormat } from "../../wire/batch.ts";
import { exactId } from "../../wire/request_id.ts";
import type { Ingest, Taken } from "./ingest.ts";
import { errorBody, HttpError, toHttpError } from "../http_error.ts";
import type { SocketPlace } from "../sockets.ts";

export interface TickSocketsOptions {
  readonly ingest: Ingest;
  readonly sessionsMax: number;
  /** Unread bytes of answers; a sender may leave `UNREAD_FACTOR` times as many. */
  readonly bufferedBytesMax: number;
  /** Called for errors of the server itself. */
  fault(error: unknown): void;
}

const FORMATS: readonly string[] = ["json", "ndjson", "csv", "influx"] satisfies BatchFormat[];
/** Batches without an answer on one connection. More are refused; twice as many close it. */
export const UNANSWERED_MAX = 4_000;
/** All these answers may be unread at once, which is more than other clients may leave unread. */
const UNREAD_FACTOR = 4;

/** `WS /ticks?format=`: a batch in each frame; answers come in order, once the ticks are taped. */
export class TickSockets {
  readonly place: SocketPlace = { path: "/ticks", accept: (...asked) => this.#accept(...asked) };
  readonly #options: TickSocketsOptions;
  readonly #senders = new Set<Sender>();

  constructor(options: TickSocketsOptions) {
    this.#options = options;
  }

  #accept({ searchParams }: URL, connectionGrant: ConnectionGrant): Accept {
    const format = searchParams.get("format") ?? undefined;
    if (format !== undefined && !FORMATS.includes(format)) {
      const detail = `Cannot use format ${JSON.stringify(format)}: it is none of ${
        FORMATS.join(", ")
      }`;
      throw new HttpError(400, "bad_format", detail);
    }
    return (socket) => {
      const sender: Sender = new Sender(socket, {
        ...this.#options,
        format: format as BatchFormat | undefined,
        connectionGrant,
        left: () => this.#senders.delete(sender),
      });
      this.#senders.add(sender);
      if (this.#senders.size > this.#options.sessionsMax) {
        sender.close(CloseCode.tooMany, "The server has no room for more clients");
      }
      return sender;
    };
  }

  /** Disconnects all senders after the answers to their batches. */
  async end(): Promise<void> {
    await Promise.all([...this.#senders].map((sender) => sender.end()));
  }
}

interface SenderOptions extends TickSocketsOptions {
  /** Format of the frames; absent to detect it. */
  readonly format: BatchFormat | undefined;
  readonly connectionGrant: ConnectionGrant;
  left(): void;
}

/** The ticks of a frame, from an envelope or without one, and the envelope's `key`. */
interface Frame {
  readonly bytes: Uint8Array;
  readonly format: BatchFormat;
  readonly key?: string | undefined;
}

/** A JSON object: a tick or an envelope. */
type Content = Readonly<Record<string, unknown>>;

/** A client that sends ticks. */
class Sender implements Connection {
  readonly #socket: Socket;
  readonly #options: SenderOptions;
  /** Resolves when all received batches are read. */
  #read: Promise<void> = Promise.resolve();
  /** Resolves when all received batches are answered. */
  #answered: Promise<void> = Promise.resolve();
  #unanswered = 0;
  #closed = false;

  constructor(socket: Socket, options: SenderOptions) {
    this.#socket = socket;
    this.#options = options;
    options.connectionGrant.holder = this;
  }

  receive(text: string): void {
    if (this.#closed) return;
    if (this.#socket.buffered > UNREAD_FACTOR * this.#options.bufferedBytesMax) {
      return this.close(CloseCode.tooSlow, "The client does not read its answers");
    }
    if (++this.#unanswered > 2 * UNANSWERED_MAX) {
      return this.close(CloseCode.tooMany, "Too many batches wait for their answer");
    }
    const taken = this.#take(text, this.#unanswered > UNANSWERED_MAX);
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
    this.#options.connectionGrant.end();
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

  /** @returns the answer to a frame, also for an error */
  async #take(text: string, isTooMany: boolean): Promise<Record<string, unknown>> {
    const { ingest, connectionGrant, fault } = this.#options;
    const turn = this.#read;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#read = promise;
    let id: unknown;
    try {
      const bytes = new TextEncoder().encode(text);
      if (bytes.length > ingest.bodyBytesMax) throw tooLarge(ingest.bodyBytesMax);
      const format = this.#options.format ?? looksLike(text);
      const content = format === "json" ? openObject(text) : undefined;
      id = content && idOf(content, text);
      const { rateLimit, write: scope } = connectionGrant.grant;
      if (isTooMany) throw tooMany(`${UNANSWERED_MAX} wait for their answer`);
      if (rateLimit?.take(ingest.now) === false) throw tooMany("the token allows fewer a second");
      const frame = content?.["ticks"] === undefined ? { bytes, format } : openEnvelope(content);
      const taken = await ingest.take({ ...frame, scope, turn, read: resolve });
      return { id, ...takenBody(taken) };
    } catch (error) {
      return { id, ...errorBody(toHttpError(error, fault)) };
    } finally {
      // In any case the next batch may be read after the earlier ones.
      void turn.then(resolve);
    }
  }

  #send(answer: Record<string, unknown>): void {
    if (!this.#closed) this.#socket.send(JSON.stringify(answer));
  }
}

/** The answer to a batch that is on the tape. */
export function takenBody({ accepted, position, skipped }: Taken): Record<string, unknown> {
  return { accepted, position, ...(skipped > 0 ? { skipped } : {}) };
}

/** A single object is JSON, also on several lines; an object on the first of several is NDJSON. */
function looksLike(text: string): "json" | "ndjson" {
  const trimmed = text.trim();
  const end = trimmed.indexOf("\n");
  const first = end < 0 ? "" : trimmed.slice(0, end).trimEnd();
  return first.startsWith("{") && first.endsWith("}") ? "ndjson" : "json";
}

/** Parses a frame as a JSON object; `undefined` if it is none. */
function openObject(text: string): Content | undefined {
  if (!/^\s*\{/.test(text)) return undefined;
  if (isNestedTooDeeply(text)) {
    throw new ClientError("bad_json", "Cannot read the frame: it is nested too deeply");
  }
  try {
    return JSON.parse(text) as Content;
  } catch (_) {
    // The reader of ticks reports the error.
    return undefined;
  }
}

/** The `id` for the answer. In a tick, an `id` of another type is data. */
function idOf({ id, ticks }: Content, text: string): unknown {
  return ticks !== undefined || isId(id) ? exactId(text, "id", id) : undefined;
}

function isId(id: unknown): boolean {
  return typeof id === "string" || typeof id === "number";
}

/** `{"id", "key", "ticks": […]}` */
function openEnvelope({ id, key, ticks }: Content): Frame {
  if (id !== undefined && !isId(id)) {
    throw new ClientError("bad_request", "Cannot read the frame: id is neither text nor number");
  }
  if (key !== undefined && typeof key !== "string") {
    throw new ClientError("bad_request", "Cannot read the frame: key is not text");
  }
  if (!Array.isArray(ticks)) {
    throw new ClientError("bad_request", "Cannot read the frame: ticks is not a list");
  }
  return { bytes: new TextEncoder().encode(JSON.stringify(ticks)), format: "json", key };
}

function tooLarge(bytesMax: number): HttpError {
  const detail = `Cannot take more than ${bytesMax} bytes in one frame: send smaller batches`;
  return new HttpError(413, "too_large", detail);
}

function tooMany(reason: string): HttpError {
  return new HttpError(429, "too_many", `Cannot take the batch: ${reason}`);
}
