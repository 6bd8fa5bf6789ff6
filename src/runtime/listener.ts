import type { Socket } from "../hub/socket.ts";

/** A certificate and its private key, in PEM. */
export interface TlsPair {
  readonly cert: string;
  readonly key: string;
}

/** Most bytes of a WebSocket message. This is Deno's limit, which cannot be set. */
export const MESSAGE_BYTES_MAX = 64 * 1024 * 1024;

/** Receives the events of a WebSocket. */
export interface Connection {
  receive(text: string): void;
  receiveBinary(): void;
  closed(): void;
}

/** Called after the WebSocket has opened. */
export type Accept = (socket: Socket) => Connection;

export interface ListenOptions {
  readonly host: string;
  readonly port: number;
  /** Absent without TLS. */
  readonly tls?: TlsPair | undefined;
  /** Whether other processes listen on the same port; each gets some of the connections. */
  readonly isShared?: boolean | undefined;
  /** Resolves after other pending work has run. */
  turn(): Promise<void>;
  fetch(request: Request): Response | Promise<Response>;
  /** Called for each WebSocket upgrade; accepts or refuses it. */
  upgrade(request: Request): Accept | Response | Promise<Accept | Response>;
}

export interface Listening {
  readonly host: string;
  readonly port: number;
  /** Whether open connections survive `renew`. */
  readonly keepsConnections: boolean;
  /** Uses another certificate for new connections. @throws {ListenError} */
  renew(tls: TlsPair): Promise<void>;
  /** Stops accepting and closes all connections. */
  close(): Promise<void>;
}

/** The reason why a server cannot listen, for the operator. */
export class ListenError extends Error {}

export function listenError(host: string, port: number, cause: unknown): ListenError {
  const code = (cause as { code?: string }).code ?? (cause as { name?: string }).name;
  const reason = code === "EADDRINUSE" || code === "AddrInUse"
    ? "the port is in use, choose another with --port"
    : code === "EACCES" || code === "PermissionDenied"
    ? "permission is denied, choose a port above 1023 with --port"
    : code === "EADDRNOTAVAIL" || code === "AddrNotAvailable"
    ? "this machine does not have that address, choose another with --host"
    : cause instanceof Error
    ? cause.message
    : String(cause);
  return new ListenError(`Cannot listen on ${host}:${port}: ${reason}`, { cause });
}

/** A name or an address with an optional port; no list, user or path. */
const HOST = /^(?:[\w.~-]+|\[[\da-f:.]+\])(?::\d*)?$/i;

/** The name in a `Host` header, in the form of URLs and without port and last dot; `undefined` if it is malformed. */
export function hostnameOf(host: string): string | undefined {
  if (!HOST.test(host)) return undefined;
  return URL.parse(`http://${host}`)?.hostname.replace(/\.$/, "");
}

/** The answer to a request whose `Host` header is malformed, missing or repeated. */
export function badAddress(request: Request): Response | undefined {
  const host = request.headers.get("host");
  if ((host === null || HOST.test(host)) && URL.canParse(request.url)) return undefined;
  const detail = "Cannot read the address: the Host is malformed or missing";
  return Response.json({ detail, code: "bad_request", status: 400 }, { status: 400 });
}

/** The answer to an upgrade request that is not a WebSocket handshake. */
export function notAHandshake(): Response {
  return new Response("Cannot upgrade: not a WebSocket handshake", { status: 400 });
}

export function isUpgrade(request: Request): boolean {
  return request.headers.get("upgrade")?.toLowerCase() === "websocket";
}
