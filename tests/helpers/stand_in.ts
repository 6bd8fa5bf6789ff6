import { createServer, type IncomingMessage, type Server } from "node:http";
import type { Duplex } from "node:stream";
import { gzipSync } from "node:zlib";
import WebSocket, { WebSocketServer } from "ws";

export interface MadeTrade {
  readonly symbol: string;
  readonly id: number;
  readonly time: number;
  readonly price: number;
  readonly size: number;
}

/** The public protocol of an exchange or gateway, as far as a feed needs it. */
export interface Contract {
  /** Path and query of the WebSocket. */
  readonly path: string;
  /** The feed's options. */
  readonly options: string;
  /** Symbols in its messages. */
  readonly symbols: readonly string[];
  readonly encode: (trade: MadeTrade) => unknown;
  /** Sent on connect; `answer` gives the reply to a message, and whether trades follow. */
  readonly greeting?: unknown;
  readonly answer?: (message: Record<string, unknown>) => { say?: unknown; follows?: boolean };
  /** Whether a new subscriber gets the newest trade again. */
  readonly repeats?: boolean;
  /** Refuses an upgrade with 401. */
  readonly refuses?: (url: URL) => boolean;
  readonly isPacked?: boolean;
}

const iso = (time: number) => new Date(time).toISOString();

/** https://developers.binance.com/docs/binance-spot-api-docs/web-socket-streams */
export const BINANCE: Contract = {
  path: "/stream?streams=btcusdt@trade/ethusdt@trade",
  options: "&path=data&where=e:trade&map=symbol:s,price:p,size:q,time:T&id=t",
  symbols: ["BTCUSDT", "ETHUSDT"],
  encode: ({ symbol, id, time, price, size }) => ({
    stream: `${symbol.toLowerCase()}@trade`,
    data: {
      ...{ e: "trade", E: time + 1, s: symbol, t: id, p: price.toFixed(2), q: size.toFixed(5) },
      ...{ T: time, m: true, M: true },
    },
  }),
};

/** https://docs.cdp.coinbase.com/exchange/websocket-feed/channels */
export const COINBASE: Contract = {
  path: "/",
  options:
    '?subscribe={"type":"subscribe","product_ids":["BTC-USD","ETH-USD"],"channels":["ticker"]}' +
    "&where=type:ticker&map=symbol:product_id,size:last_size,bid:best_bid,ask:best_ask&id=trade_id",
  symbols: ["BTC-USD", "ETH-USD"],
  repeats: true,
  answer: ({ type, product_ids: ids }) => {
    const unknown = (ids as string[]).find((id) => !COINBASE.symbols.includes(id));
    if (type !== "subscribe" || unknown !== undefined) {
      const reason = `${unknown} is not a valid product`;
      return { say: { type: "error", message: "Failed to subscribe", reason } };
    }
    const channels = [{ name: "ticker", product_ids: ids, account_ids: null }];
    return { say: { type: "subscriptions", channels }, follows: true };
  },
  encode: ({ symbol, id, time, price, size }) => ({
    ...{ type: "ticker", sequence: id * 10, product_id: symbol, price: price.toFixed(2) },
    ...{ open_24h: "1", volume_24h: "9.5", low_24h: "1", high_24h: "99999", volume_30d: "99" },
    ...{
      best_bid: (price - 0.01).toFixed(2),
      best_bid_size: "1",
      best_ask: (price + 0.01).toFixed(2),
    },
    ...{ side: "buy", time: iso(time).replace("Z", "769Z"), trade_id: id, last_size: String(size) },
  }),
};

/** https://finnhub.io/docs/api/websocket-trades */
export const FINNHUB: Contract = {
  path: "/?token=secret",
  options: '&subscribe={"type":"subscribe","symbol":"AAPL"}' +
    '&subscribe={"type":"subscribe","symbol":"BINANCE:BTCUSDT"}' +
    "&path=data&where=type:trade&map=symbol:s,price:p,size:v,time:t",
  symbols: ["AAPL", "BINANCE:BTCUSDT"],
  refuses: (url) => url.searchParams.get("token") !== "secret",
  greeting: { type: "ping" },
  answer: ({ type }) => ({ follows: type === "subscribe" }),
  encode: ({ symbol, time, price, size }) => ({
    type: "trade",
    data: [{ c: ["1", "12"], p: price, s: symbol, t: time, v: size }],
  }),
};

/** https://docs.alpaca.markets/docs/streaming-market-data */
export const ALPACA: Contract = {
  path: "/v2/iex",
  options: '?subscribe={"action":"auth","key":"k","secret":"${ALPACA_SECRET}"}' +
    '&subscribe={"action":"subscribe","trades":["AAPL","MSFT"]}' +
    "&where=T:t&map=symbol:S,price:p,size:s,time:t",
  symbols: ["AAPL", "MSFT"],
  greeting: [{ T: "success", msg: "connected" }],
  answer: ({ action, secret, trades }) => {
    if (action === "subscribe") {
      return { say: [{ T: "subscription", trades, quotes: [], bars: [] }], follows: true };
    }
    if (secret !== "s&c=r+t") return { say: [{ T: "error", code: 402, msg: "auth failed" }] };
    return { say: [{ T: "success", msg: "authenticated" }] };
  },
  encode: ({ symbol, id, time, price, size }) => [{
    ...{ T: "t", S: symbol, i: id, x: "V", p: price, s: size, c: ["@"], z: "C" },
    t: iso(time).replace("Z", "000001Z"),
  }],
};

/** Sensors of a plant, in compressed frames. */
export const GATEWAY: Contract = {
  path: "/live",
  options: "?map=symbol:sensor,time:ts&idle=5s",
  symbols: ["boiler/7", "boiler/8"],
  isPacked: true,
  encode: ({ symbol, time, price, size }) => ({ sensor: symbol, value: price, ts: time, size }),
};

/** An exchange that sends what a client asks for, after an answer to the request. */
export const EXCHANGE: Contract = {
  path: "/live",
  options: '?subscribe={"op":"subscribe","symbol":"BTCUSDT"}&where=e:trade',
  symbols: ["BTCUSDT"],
  answer: ({ op, symbol }) => {
    const follows = op === "subscribe" && symbol === "BTCUSDT";
    return { say: { result: null }, follows };
  },
  encode: ({ symbol: s, time: T, price, size }) => ({
    e: "trade",
    s,
    p: String(price),
    q: String(size),
    T,
  }),
};

/** A source whose record is inside of its messages, with seconds as the time. */
export const ENVELOPES: Contract = {
  path: "/live",
  options: '?subscribe={"op":"sub","ch":["ACME"]}&path=data&where=op:t',
  symbols: ["ACME"],
  answer: ({ op }) => ({ say: { op: "ok" }, follows: op === "sub" }),
  encode: ({ symbol: s, time, price, size: qty }) => ({
    op: "t",
    data: { s, px: String(price), qty, at: time / 1_000 },
  }),
};

/**
 * A server with a given protocol. It does not repeat trades for clients that were not connected.
 */
export class StandIn {
  readonly trades: MadeTrade[] = [];
  /** Messages of clients. */
  readonly heard: string[] = [];
  pings = 0;
  readonly #contract: Contract;
  readonly #followers = new Set<WebSocket>();
  readonly #server: Server = createServer((_, response) => void response.writeHead(404).end());
  readonly #sockets = new WebSocketServer({ noServer: true });
  #time = 1_763_700_000_000;

  constructor(contract: Contract) {
    this.#contract = contract;
    this.#server.on("upgrade", (request, socket, head) => this.#upgrade(request, socket, head));
  }

  /** Number of clients that receive trades. */
  get followers(): number {
    return this.#followers.size;
  }

  get feed(): string {
    const { port } = this.#server.address() as { port: number };
    return `ws:ws://127.0.0.1:${port}${this.#contract.path}${this.#contract.options}`;
  }

  async open(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
  }

  async close(): Promise<void> {
    this.drop();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Terminates all connections, as a network failure does. */
  drop(): void {
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#followers.clear();
  }

  say(text: string): void {
    for (const socket of this.#followers) socket.send(text);
  }

  /** Makes trades of the symbols in turn. */
  trade(count: number): void {
    const { symbols } = this.#contract;
    for (let made = 0; made < count; made++) {
      const index = this.trades.length;
      const trade = {
        symbol: symbols[index % symbols.length]!,
        id: 1_000 + Math.floor(index / symbols.length),
        time: this.#time += 10,
        price: 1_000 + index / 100,
        size: 1 + index % 7,
      };
      this.trades.push(trade);
      for (const socket of this.#followers) this.#tell(socket, trade);
    }
  }

  #tell(socket: WebSocket, trade: MadeTrade): void {
    const text = JSON.stringify(this.#contract.encode(trade));
    socket.send(this.#contract.isPacked ? gzipSync(text) : text);
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Uint8Array): void {
    const url = new URL(request.url!, "http://x");
    if (this.#contract.refuses?.(url)) {
      return void socket.end("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n");
    }
    this.#sockets.handleUpgrade(request, socket, head as never, (client) => this.#greet(client));
  }

  #greet(client: WebSocket): void {
    const { greeting, answer, repeats } = this.#contract;
    if (greeting !== undefined) client.send(JSON.stringify(greeting));
    if (answer === undefined) this.#followers.add(client);
    client.on("close", () => this.#followers.delete(client));
    client.on("ping", () => this.pings++);
    client.on("message", (data) => {
      this.heard.push(String(data));
      const { say, follows = false } = answer?.(JSON.parse(String(data))) ?? {};
      if (say !== undefined) client.send(JSON.stringify(say));
      if (!follows || this.#followers.has(client)) return;
      this.#followers.add(client);
      const last = this.trades.at(-1);
      if (repeats && last !== undefined) this.#tell(client, last);
    });
  }
}
