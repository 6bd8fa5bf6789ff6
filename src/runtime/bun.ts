/// <reference types="bun-types" />
/** https://bun.com/docs/runtime/http/server and https://bun.com/docs/runtime/http/websockets */
import type { Socket } from "../hub/socket.ts";
import {
  type Accept,
  badAddress,
  type Connection,
  isUpgrade,
  listenError,
  type Listening,
  type ListenOptions,
  MESSAGE_BYTES_MAX,
  notAHandshake,
  type TlsPair,
} from "./listener.ts";

interface Data {
  readonly accept: Accept;
  connection?: Connection;
}

/** A class without closures, because there may be many thousands. */
class BunSocket implements Socket {
  readonly #socket: Bun.ServerWebSocket<Data>;

  constructor(socket: Bun.ServerWebSocket<Data>) {
    this.#socket = socket;
  }

  get buffered(): number {
    return this.#socket.getBufferedAmount();
  }

  send(text: string): void {
    this.#socket.send(text);
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, reason);
  }
}

/**
 * Seconds after which a silent connection is closed. The runtime sends WebSocket pings in time; event streams
 * have keep-alives.
 */
const IDLE_SECONDS = 120;

// deno-lint-ignore require-await -- an error of the port is a rejection
export async function listen(options: ListenOptions): Promise<Listening> {
  const { host } = options;
  const servers: Bun.Server<Data>[] = [];
  const begin = (port: number, tls: TlsPair | undefined) => {
    try {
      servers.push(serve(options, port, tls));
    } catch (cause) {
      throw listenError(host, port, cause);
    }
  };
  begin(options.port, options.tls);
  const port = servers[0]!.port ?? options.port;
  return {
    host: servers[0]!.hostname ?? host,
    port,
    keepsConnections: true,
    // Bun cannot change a server's certificate. A server that stops accepting keeps its open connections.
    // deno-lint-ignore require-await -- an error of the port is a rejection
    async renew(tls) {
      void servers.at(-1)!.stop(false);
      begin(port, tls);
    },
    close: async () => void await Promise.all(servers.map((server) => server.stop(true))),
  };
}

function serve(options: ListenOptions, port: number, tls: TlsPair | undefined): Bun.Server<Data> {
  return Bun.serve<Data>({
    hostname: options.host,
    port,
    ...(tls === undefined ? {} : { tls: { ...tls } }),
    idleTimeout: IDLE_SECONDS,
    // Error pages of development mode would show the source.
    development: false,
    // Otherwise a second server on the same port would get half of the clients.
    reusePort: options.isShared === true,
    fetch(request, server) {
      const fault = badAddress(request);
      if (fault !== undefined) return fault;
      if (!isUpgrade(request)) return options.fetch(request);
      const finish = (accept: Accept | Response) => {
        if (accept instanceof Response) return accept;
        if (server.upgrade(request, { data: { accept } })) return undefined;
        return notAHandshake();
      };
      const accept = options.upgrade(request);
      return accept instanceof Promise ? accept.then(finish) : finish(accept);
    },
    websocket: {
      idleTimeout: IDLE_SECONDS,
      maxPayloadLength: MESSAGE_BYTES_MAX,
      open(socket) {
        socket.data.connection = socket.data.accept(new BunSocket(socket));
      },
      message(socket, message) {
        if (typeof message === "string") socket.data.connection?.receive(message);
        else socket.data.connection?.receiveBinary();
      },
      close(socket) {
        socket.data.connection?.closed();
      },
    },
  });
}
