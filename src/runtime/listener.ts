import type { Socket } from "../hub/socket.ts";

/** A certificate and its private key, in PEM. */
export interface TlsPair {
  readonly cert: string;
  readonly key: string;
}

/** A larger WebSocket message is not read to its end; this is Deno's limit, which cannot be set. */
export const MESSAGE_BYTES_MAX = 64 * 1024 * 1024;

/** What is told of an accepted WebSocket. */
export interface Connection {
  receive(text: string): void;
  receiveBinary(): void;
  closed(): void;
}

/** Called when the WebSocket is open. */
export type Accept = (socket: Socket) => Connection;

export interface ListenOptions {
  readonly host: string;
  readonly port: number;
  /** Absent without TLS. */
  readonly tls?: TlsPair | undefined;
  /** Other processes listen on the same port, and each gets some of the connections. */
  readonly isShared?: boolean | undefined;
  /** Lets everything else that is due happen. */
  turn(): Promise<void>;
  fetch(request: Request): Response | Promise<Response>;
  /** Asked for every WebSocket upgrade: what to do with the socket, or a refusal. */
  upgrade(request: Request): Accept | Response | Promise<Accept | Response>;
}

export interface Listening {
  readonly host: string;
  readonly port: number;
  /** Whether open connections outlive `renew`. */
  readonly keepsConnections: boolean;
  /** Serves new connections with another certificate. @throws {ListenError} */
  renew(tls: TlsPair): Promise<void>;
  /** Accepts no more connections and ends those that are open. */
  close(): Promise<void>;
}

/** Why a server cannot listen, in words for the operator. */
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

/** A name or an address, and perhaps a port; neither a list nor something with a user or a path. */
const HOST = /^(?:[\w.~-]+|\[[\da-f:.]+\])(?::\d*)?$/i;

/** The name in a `Host` as URLs have it, without port and last dot; `undefined` when it is malformed. */
export function hostnameOf(host: string): string | undefined {
  if (!HOST.test(host)) return undefined;
  return URL.parse(`http://${host}`)?.hostname.replace(/\.$/, "");
}

/** Answers a request whose `Host` is none, or several: with it there is no address. */
export function badAddress(request: Request): Response | undefined {
  const host = request.headers.get("host");
  if ((host === null || HOST.test(host)) && URL.canParse(request.url)) return undefined;
  const detail = "Cannot read the address: the Host is malformed or missing";
  return Response.json({ detail, code: "bad_request", status: 400 }, { status: 400 });
}

/** The answer to a request for a WebSocket that is not made as one. */
export function notAHandshake(): Response {
  return new Response("Cannot upgrade: not a WebSocket handshake", { status: 400 });
}

export function isUpgrade(request: Request): boolean {
  return request.headers.get("upgrade")?.toLowerCase() === "websocket";
}
