import type { Socket } from "../../src/hub/socket.ts";
import { turn } from "../../src/scheduler.ts";
import { listen } from "../../src/runtime/listen.ts";
import type { Listening } from "../../src/runtime/listener.ts";

/** One trade of the exchange; times in microseconds. */
export interface MadeTrade {
  readonly symbol: string;
  readonly id: number;
  readonly micros: number;
  readonly price: number;
  readonly qty: number;
}

const SNAPSHOT = 3;
const PAGE = 1_000;

/**
 * An exchange with the part of Kraken's v2 and REST APIs that a feed needs, made from its
 * documentation.
 */
export class Exchange {
  readonly trades: MadeTrade[] = [];
  /** Messages of clients. */
  readonly heard: Record<string, unknown>[] = [];
  readonly asked: string[] = [];
  /** If set, REST answers with this error. */
  restError: string | undefined;
  system = "online";
  connections = 0;
  #port = 0;
  #listening: Listening | undefined;
  readonly #sockets = new Map<Socket, Set<string>>();
  #micros = 1_763_700_000_000_000;

  get port(): number {
    return this.#port;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.#port}/v2`;
  }

  /** Starts to listen. A second call uses the same port. */
  async open(): Promise<void> {
    this.#listening = await listen({
      turn,
      host: "127.0.0.1",
      port: this.#port,
      fetch: (request) => this.#rest(new URL(request.url)),
      upgrade: () => (socket) => this.#connected(socket),
    });
    this.#port = this.#listening.port;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets.keys()) socket.close(1012, "");
    this.#sockets.clear();
    await this.#listening?.close();
  }

  /** Closes all connections, and keeps listening. */
  drop(): void {
    for (const socket of this.#sockets.keys()) socket.close(1012, "");
    this.#sockets.clear();
  }

  /** Makes trades and sends them to subscribers. */
  trade(symbol: string, count = 1): void {
    for (let made = 0; made < count; made++) {
      const id = this.trades.filter((trade) => trade.symbol === symbol).length + 1;
      this.#micros += 1_234_567;
      const trade = { symbol, id, micros: this.#micros, price: 100 + id / 4, qty: id / 8 };
      this.trades.push(trade);
      for (const [socket, symbols] of this.#sockets) {
        if (symbols.has(symbol)) send(socket, "trade", "update", [row(trade)]);
      }
    }
  }

  quote(symbol: string, bid: number, ask: number): void {
    for (const socket of this.#sockets.keys()) {
      send(socket, "ticker", "update", [{ symbol, bid, ask, last: bid, volume: 1 }]);
    }
  }

  /** Sends a text to all clients. */
  say(text: string): void {
    for (const socket of this.#sockets.keys()) socket.send(text);
  }

  #connected(socket: Socket) {
    this.connections++;
    this.#sockets.set(socket, new Set());
    send(socket, "status", "update", [{ version: "2.0.10", system: this.system }]);
    return {
      receive: (text: string) => this.#receive(socket, JSON.parse(text)),
      receiveBinary() {},
      closed: () => void this.#sockets.delete(socket),
    };
  }

  #receive(socket: Socket, message: Record<string, unknown>): void {
    this.heard.push(message);
    if (message["method"] !== "subscribe") return;
    const { channel, symbol = [], snapshot } = message["params"] as {
      channel: string;
      symbol?: string[];
      snapshot?: boolean;
    };
    const answer = { method: "subscribe", success: true };
    if (channel === "instrument") {
      socket.send(JSON.stringify({ ...answer, result: { channel } }));
      const pairs = [{ symbol: "BTC/USD", status: "online", price_precision: 1 }];
      socket.send(JSON.stringify({ channel, type: "snapshot", data: { assets: [], pairs } }));
    }
    for (const each of symbol) {
      if (each === "NO/PE") {
        const error = `Currency pair not supported ${each}`;
        socket.send(JSON.stringify({ error, method: "subscribe", success: false, symbol: each }));
        continue;
      }
      socket.send(JSON.stringify({ ...answer, result: { channel, symbol: each } }));
      if (channel !== "trade") continue;
      this.#sockets.get(socket)?.add(each);
      const newest = this.trades.filter((trade) => trade.symbol === each).slice(-SNAPSHOT);
      if (snapshot === true) send(socket, "trade", "snapshot", newest.map(row));
    }
  }

  #rest({ pathname, searchParams }: URL): Response {
    this.asked.push(`${pathname}?${searchParams}`);
    if (this.restError !== undefined) return Response.json({ error: [this.restError] });
    const since = BigInt(searchParams.get("since")!);
    const pair = searchParams.get("pair")!;
    const nanos = ({ micros }: MadeTrade) => BigInt(micros) * 1_000n;
    const rows = this.trades
      .filter((trade) => trade.symbol === pair && nanos(trade) > since).slice(0, PAGE);
    const last = String(rows.length === 0 ? since : nanos(rows.at(-1)!));
    const list = rows.map(({ id, micros, price, qty }) => [
      price.toFixed(5),
      qty.toFixed(8),
      micros / 1e6,
      "s",
      "l",
      "",
      id,
    ]);
    return Response.json({ error: [], result: { [pair]: list, last } });
  }
}

function send(socket: Socket, channel: string, type: string, data: unknown[]): void {
  socket.send(JSON.stringify({ channel, type, data }));
}

function row({ symbol, id, micros, price, qty }: MadeTrade): Record<string, unknown> {
  const seconds = new Date(Math.floor(micros / 1_000)).toISOString().slice(0, -1);
  const timestamp = `${seconds}${String(micros % 1_000).padStart(3, "0")}Z`;
  return { symbol, side: "buy", price, qty, ord_type: "limit", trade_id: id, timestamp };
}
