import { Hono } from "hono";
import { symbolFault } from "../core/tick.ts";
import type { Hub } from "../hub/hub.ts";
import type { Rooms } from "../hub/rooms.ts";
import type { Grant } from "../hub/grant.ts";
import { CloseCode, type Socket } from "../hub/socket.ts";
import { ConnectionGrant } from "../hub/connection_grant.ts";
import type { Accept, Connection } from "../runtime/listener.ts";
import { chooseDialect } from "../wire/choose.ts";
import type { Access } from "./access/access.ts";
import { checkGranted } from "./access/grants.ts";
import { checkSocketParameters } from "./parameters.ts";
import { errorResponse, HttpError, patternOf, toHttpError } from "./http_error.ts";
import type { Handlers } from "./access/strict_transport.ts";

/** A path that accepts WebSockets. */
export interface SocketPlace {
  /** A part such as `:room` matches any text without a slash. */
  readonly path: string;
  /** Called before the upgrade. @throws {HttpError} */
  accept(url: URL, connectionGrant: ConnectionGrant): Accept;
}

export interface SocketsOptions {
  readonly places: readonly SocketPlace[];
  readonly access: Access;
  /** Called for errors of the server itself. */
  fault(error: unknown): void;
}

/** `/ws`: the native protocol, and the dialects that the URL or the first frame selects. */
export function hubPlace(hub: Hub): SocketPlace {
  return {
    path: "/ws",
    accept: ({ searchParams }, connectionGrant) => (socket) => {
      const dialect = chooseDialect(searchParams);
      const session = hub.open(socket, dialect.wire, connectionGrant);
      if (dialect.begin !== undefined) session.begin(dialect.begin);
      return session;
    },
  };
}

/** `/rooms/:room`: all other clients of a room receive what one client sends. */
export function roomsPlace(rooms: Rooms): SocketPlace {
  const path = "/rooms/";
  return {
    path: `${path}:room`,
    accept({ pathname }, connectionGrant) {
      const name = decoded(pathname.slice(path.length));
      const fault = symbolFault(name)?.replace("a symbol", "its name");
      if (fault !== undefined) {
        const shown = JSON.stringify(name.slice(0, 100));
        throw new HttpError(400, "bad_room", `Cannot open room ${shown}: ${fault}`);
      }
      checkGranted(connectionGrant.grant.rooms, name, "Cannot enter room");
      return (socket) => rooms.open(name, socket, connectionGrant);
    },
  };
}

/** Answers `GET` of these paths with the error of the WebSocket, which browsers do not show. */
export function socketHints(places: readonly SocketPlace[], access: Access): Hono {
  const hints = new Hono();
  for (const place of places) {
    hints.get(place.path, async (c) => {
      await admit(c.req.raw, place, access, (grant) => new ConnectionGrant(grant));
      throw new HttpError(
        426,
        "upgrade_required",
        `Cannot GET ${c.req.path}: open it as a WebSocket`,
      );
    });
  }
  return hints;
}

/** Handles the requests for WebSockets. */
export function socketRoutes(options: SocketsOptions): Handlers["upgrade"] {
  const { access } = options;
  const places = options.places.map((place) => ({ ...place, pattern: patternOf(place.path) }));
  return (request) => {
    const { pathname } = new URL(request.url);
    const refusal = (error: unknown) => errorResponse(toHttpError(error, options.fault));
    const guard = (accept: Accept): Accept => (socket) => guarded(socket, accept, options.fault);
    try {
      access.checkHost(request);
      const place = places.find(({ pattern }) => pattern.test(pathname));
      if (place === undefined) {
        const detail = `Cannot open a WebSocket at ${pathname}: there is none, use /ws`;
        throw new HttpError(404, "not_found", detail);
      }
      const accept = admit(request, place, access, (grant) => access.connectionGrants.begin(grant));
      return accept instanceof Promise ? accept.then(guard).catch(refusal) : guard(accept);
    } catch (error) {
      return refusal(error);
    }
  };
}

/** Checks a request and calls the place's `accept`. @throws {HttpError} at once or later */
function admit(
  request: Request,
  place: SocketPlace,
  access: Access,
  begin: (grant: Grant) => ConnectionGrant,
): Accept | Promise<Accept> {
  const url = new URL(request.url);
  const grant = access.checkSocket(request, url.pathname);
  const accept = (grant: Grant) => {
    checkSocketParameters(place.path, url.searchParams);
    return place.accept(url, begin(grant));
  };
  return grant instanceof Promise ? grant.then(accept) : accept(grant);
}

/** Opens a connection. An error at this point would end the process. */
function guarded(socket: Socket, accept: Accept, fault: (error: unknown) => void): Connection {
  try {
    return new Guarded(accept(socket), fault);
  } catch (error) {
    fault(error);
    socket.close(CloseCode.restart, "The server failed");
    return { receive() {}, receiveBinary() {}, closed() {} };
  }
}

/** Decodes a part of a URL; text that is not valid stays the same. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Keeps an error in one session from ending the process or disturbing other sessions. */
class Guarded implements Connection {
  readonly #connection: Connection;
  readonly #fault: (error: unknown) => void;

  constructor(connection: Connection, fault: (error: unknown) => void) {
    this.#connection = connection;
    this.#fault = fault;
  }

  receive(text: string): void {
    try {
      this.#connection.receive(text);
    } catch (error) {
      this.#fault(error);
    }
  }

  receiveBinary(): void {
    try {
      this.#connection.receiveBinary();
    } catch (error) {
      this.#fault(error);
    }
  }

  closed(): void {
    try {
      this.#connection.closed();
    } catch (error) {
      this.#fault(error);
    }
  }
}
