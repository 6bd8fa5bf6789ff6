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
} from "./listener.ts";

interface Data {
  readonly accept: Accept;
  connection?: Connection;
}

/** There may be many thousands of them, so they have no functions of their own. */
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
 * Seconds after which a connection without a sign of life is dropped. The runtime sends a WebSocket's
 * PINGs in time; a stream of events has its keep-alives.
 */
const IDLE_SECONDS = 120;

export function listen(options: ListenOptions): Promise<Listening> {
  const { host, port } = options;
  let server: Bun.Server<Data>;
  try {
    server = Bun.serve<Data>({
      hostname: host,
      port,
      idleTimeout: IDLE_SECONDS,
      // Its pages of errors would show the source.
      development: false,
      // What that would imply: a second server on the same port, with half of the clients.
      reusePort: false,
      fetch(request, server) {
        const fault = badAddress(request);
        if (fault !== undefined) return fault;
        if (!isUpgrade(request)) return options.fetch(request);
        const accept = options.upgrade(request);
        if (accept instanceof Response) return accept;
        if (server.upgrade(request, { data: { accept } })) return undefined;
        return notAHandshake();
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
  } catch (cause) {
    return Promise.reject(listenError(host, port, cause));
  }
  return Promise.resolve({
    host: server.hostname ?? host,
    port: server.port ?? port,
    close: () => server.stop(true),
  });
}
