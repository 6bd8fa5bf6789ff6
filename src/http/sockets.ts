import { Hono } from "hono";
import type { Hub } from "../hub/hub.ts";
import type { Accept, Connection } from "../runtime/listener.ts";
import { chooseDialect } from "../wire/choose.ts";
import type { Origins } from "./cors.ts";
import { Refusal, refusalResponse } from "./refusal.ts";

export interface SocketsOptions {
  readonly hub: Hub;
  readonly origins: Origins;
  /** Told of an origin that was refused. */
  refused(origin: string): void;
  /** Told of errors that are the server's own. */
  fault(error: unknown): void;
}

/** `GET /ws` without an upgrade. */
export function socketHint(): Hono {
  return new Hono().get("/ws", () => {
    throw new Refusal(426, "upgrade_required", "Cannot GET /ws: open it as a WebSocket");
  });
}

/** What to do with a request for a WebSocket: `/ws` is the only place there is. */
export function socketRoutes(options: SocketsOptions): (request: Request) => Accept | Response {
  const { hub, origins } = options;
  return (request) => {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname !== "/ws") {
      const detail = `Cannot open a WebSocket at ${pathname}: there is none, use /ws`;
      return refusalResponse(new Refusal(404, "not_found", detail));
    }
    const origin = request.headers.get("origin");
    if (!origins.allows(origin, request.headers.get("host"))) {
      options.refused(origin!);
      const detail = `Cannot open a WebSocket from ${origin}: the origin is not allowed`;
      return refusalResponse(new Refusal(403, "bad_origin", detail));
    }
    return (socket) => {
      const dialect = chooseDialect(searchParams);
      const session = hub.open(socket, dialect.wire);
      if (dialect.begin !== undefined) session.begin(dialect.begin);
      return guarded(session, options.fault);
    };
  };
}

/** An error of ours in one session must not end the process, nor disturb another session. */
function guarded(session: Connection, fault: (error: unknown) => void): Connection {
  const guard = (work: () => void) => {
    try {
      work();
    } catch (error) {
      fault(error);
    }
  };
  return {
    receive: (text) => guard(() => session.receive(text)),
    receiveBinary: () => guard(() => session.receiveBinary()),
    closed: () => guard(() => session.closed()),
  };
}
