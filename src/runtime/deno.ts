/** https://docs.deno.com/api/deno/~/Deno.serve and https://docs.deno.com/api/deno/~/Deno.upgradeWebSocket */
import type { Socket } from "../hub/socket.ts";
import {
  type Accept,
  badAddress,
  isUpgrade,
  listenError,
  type Listening,
  type ListenOptions,
  notAHandshake,
  type TlsPair,
} from "./listener.ts";

/** Deno pings a peer after this many silent seconds and closes the connection without an answer. */
const PING_SECONDS = 60;
const TURNS_MAX = 1_000;

// deno-lint-ignore require-await -- an error of the port is a rejection
export async function listen(options: ListenOptions): Promise<Listening> {
  const { host } = options;
  const begin = (port: number, tls: TlsPair | undefined) => {
    try {
      return serve(options, port, tls);
    } catch (cause) {
      throw listenError(host, port, cause);
    }
  };
  let server = begin(options.port, options.tls);
  const { addr: { hostname, port } } = server;
  return {
    host: hostname,
    port,
    // Deno cannot change a server's certificate, and closes the WebSockets of a server that shuts down.
    keepsConnections: false,
    async renew(tls) {
      // The old server frees the port before its last answer ends.
      void server.shutdown();
      server = await patiently(() => begin(port, tls), options.turn);
    },
    close: () => server.shutdown(),
  };
}

/** Retries until the work succeeds, with a turn of the event loop between. */
async function patiently<Result>(work: () => Result, turn: () => Promise<void>): Promise<Result> {
  for (let left = TURNS_MAX;; left--) {
    try {
      return work();
    } catch (error) {
      if (left === 0) throw error;
      await turn();
    }
  }
}

function serve(
  options: ListenOptions,
  port: number,
  tls: TlsPair | undefined,
): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve({
    hostname: options.host,
    port,
    ...tls,
    reusePort: options.isShared === true,
    onListen: () => {},
    // The error has been logged already; the runtime would log it again.
    onError: () => new Response(null, { status: 500 }),
    handler(request) {
      const fault = badAddress(request);
      if (fault !== undefined) return fault;
      if (!isUpgrade(request)) return options.fetch(request);
      const finish = (accept: Accept | Response) =>
        accept instanceof Response ? accept : upgrade(request, accept);
      const accept = options.upgrade(request);
      return accept instanceof Promise ? accept.then(finish) : finish(accept);
    },
  });
}

/** A class without closures, because there may be many thousands. */
class DenoSocket implements Socket {
  readonly #socket: WebSocket;

  constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  get buffered(): number {
    return this.#socket.bufferedAmount;
  }

  send(text: string): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(text);
  }

  close(code: number, reason: string): void {
    if (this.#socket.readyState < WebSocket.CLOSING) this.#socket.close(code, reason);
  }
}

function upgrade(request: Request, accept: Accept): Response {
  // Deno's `protocol` option refuses a list without blanks, so set the first offer on the response. After
  // the upgrade the request can no longer be read.
  const offered = request.headers.get("sec-websocket-protocol")?.split(",")[0]?.trim();
  let upgraded: Deno.WebSocketUpgrade;
  try {
    upgraded = Deno.upgradeWebSocket(request, { idleTimeout: PING_SECONDS });
  } catch (_) {
    return notAHandshake();
  }
  const { socket, response } = upgraded;
  if (offered) response.headers.set("sec-websocket-protocol", offered);
  socket.onopen = () => {
    const connection = accept(new DenoSocket(socket));
    socket.onmessage = ({ data }) => {
      if (typeof data === "string") connection.receive(data);
      else connection.receiveBinary();
    };
    socket.onclose = () => connection.closed();
    // A close event follows each error.
    socket.onerror = () => {};
  };
  return response;
}
