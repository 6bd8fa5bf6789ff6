import { Hono } from "hono";
import type { Hub } from "../../hub/hub.ts";
import type { Grant } from "../../hub/grant.ts";
import type { ConnectionGrant, ConnectionGrants } from "../../hub/connection_grant.ts";
import type { Command, Wire } from "../../hub/wire.ts";
import { parsePosition } from "../../tape/tape.ts";
import { chooseDialect } from "../../wire/choose.ts";
import { frameEvent, retryField } from "../../wire/sse.ts";
import { EventSocket } from "../event_socket.ts";
import { grantOf } from "../access/grants.ts";
import { HttpError } from "../http_error.ts";

export interface StreamsOptions {
  readonly hub: Hub;
  readonly access: { readonly connectionGrants: ConnectionGrants };
  now(): number;
  random(): number;
  /** Called for errors of the server itself. */
  fault(error: unknown): void;
}

/** Proxies may close a connection after half a minute of silence. */
const KEEP_ALIVE_MS_MAX = 15_000;
/** Range of the random time after which a browser reconnects. */
const RETRY_MS_MIN = 1_000, RETRY_MS_MAX = 5_000;
/** Time after which a client that was refused because the server is full may try again. */
const RETRY_SECONDS = 5;

const encoder = new TextEncoder();

/** `GET /stream?symbol=&channel=…`: what `/ws` sends for the same query, as Server-Sent Events. */
export class Streams {
  readonly #options: StreamsOptions;
  readonly #open = new Set<EventSocket>();
  /** The newest frame in encoded form: all clients of a cohort receive the same frame in turn. */
  #encoded: { frame: string; bytes: Uint8Array<ArrayBuffer> } | undefined;

  constructor(options: StreamsOptions) {
    this.#options = options;
  }

  routes(): Hono {
    const { connectionGrants } = this.#options.access;
    return new Hono().get("/stream", (c) => {
      const params = new URL(c.req.url).searchParams;
      const { begin, wire } = chooseDialect(params);
      if (begin === undefined) {
        const detail = "Cannot stream: say what, as in symbol=AAPL or channel=quote";
        throw new HttpError(400, "bad_request", detail);
      }
      const lastId = c.req.header("last-event-id") || params.get("lastEventId");
      const command = resumed(begin(), lastId ?? "");
      const grant = grantOf(c);
      checkCommand(this.#options.hub, command, grant);
      c.header("Content-Type", "text/event-stream");
      c.header("Cache-Control", "no-store");
      c.header("X-Accel-Buffering", "no");
      if (c.req.method === "HEAD") return c.body(null);
      return c.body(this.#begin(wire as Wire, command, connectionGrants.begin(grant)).stream);
    });
  }

  /** Sends comments on silent streams, so that proxies keep them open. */
  tend(now: number): void {
    const silentMs = Math.min(KEEP_ALIVE_MS_MAX, this.#options.hub.limits.heartbeatMs);
    for (const socket of this.#open) socket.tend(now, silentMs);
  }

  /** @throws {HttpError} if the stream cannot start */
  #begin(wire: Wire, command: Command, connectionGrant: ConnectionGrant): EventSocket {
    const { hub, now, random } = this.#options;
    const socket: EventSocket = new EventSocket({
      bytesMax: hub.limits.bufferedBytesMax,
      now,
      encode: (frame) => this.#encode(frame),
      ended: () => this.#open.delete(socket),
    });
    const session = hub.open(socket, wire, connectionGrant);
    const { closed: full } = socket;
    if (full !== undefined) {
      throw new HttpError(503, "too_many_clients", `Cannot stream: ${full}`, RETRY_SECONDS);
    }
    socket.left = () => this.#guard(() => session.closed());
    socket.write(`${retryField(RETRY_MS_MIN + random() * (RETRY_MS_MAX - RETRY_MS_MIN))}\n`);
    session.begin(() => command);
    const { closed } = socket;
    if (closed !== undefined) throw new HttpError(400, "bad_request", `Cannot stream: ${closed}`);
    this.#open.add(socket);
    return socket;
  }

  #encode(frame: string): Uint8Array<ArrayBuffer> {
    if (this.#encoded?.frame !== frame) {
      const text = frameEvent(frame, (seq) => this.#options.hub.formatPosition(seq));
      this.#encoded = { frame, bytes: encoder.encode(text) };
    }
    return this.#encoded.bytes;
  }

  /** An error in one session must not end the process. */
  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#options.fault(error);
    }
  }
}

/** Continues after the client's last event. Lists are always sent whole and need no position. */
function resumed(command: Command, lastId: string): Command {
  if (lastId === "" || command.kind !== "subscribe" || command.subscription.format.whole) {
    return command;
  }
  if (parsePosition(lastId) !== undefined) return { ...command, from: lastId };
  const shown = JSON.stringify(lastId.slice(0, 100));
  const detail = `Cannot go on after Last-Event-ID ${shown}: it is no position`;
  throw new HttpError(400, "bad_last_event_id", detail);
}

/** Checks a command before the answer starts. @throws {ClientError} */
function checkCommand(hub: Hub, command: Command, { read }: Grant): void {
  if (command.kind !== "subscribe") return;
  command.subscription.selection.within(read);
  if (command.from !== undefined) hub.locate(command.from);
  hub.find(command.subscription);
}
