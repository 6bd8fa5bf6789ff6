import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { Client } from "../helpers/client.ts";
import { wait } from "../helpers/process.ts";
import { send, startServer, type TestServer } from "../helpers/server.ts";
import { until } from "../helpers/until.mjs";

type Row = Record<string, string | number | null>;
type Params = Record<string, string | readonly string[] | null>;

interface Column {
  readonly field: string;
  readonly enableCellChangeWs?: boolean;
}

/** Milliseconds that the table of OpenBB Workspace collects updates before it applies them. */
const BATCH_MS = 50;
const SYMBOLS = ["AAPL", "MSFT", "TSLA", "EUR/USD"];

/**
 * The live grid of OpenBB Workspace: it ignores rows that are not in the seed and cells that are
 * not live, copies a row as it stands when a message comes, and puts the copy in its place 50 ms
 * later.
 */
class LiveGrid {
  readonly #base: string;
  readonly #columns: readonly Column[];
  readonly #socket: WebSocket;
  readonly #timer: ReturnType<typeof setInterval>;
  #params: Params = {};
  #rows = new Map<string, Row>();
  #waiting: Row[] = [];
  messages = 0;
  closed = false;

  private constructor(base: string, columns: readonly Column[], socket: WebSocket) {
    this.#base = base;
    this.#columns = columns;
    this.#socket = socket;
    this.#timer = setInterval(() => this.#apply(), BATCH_MS);
    socket.onclose = () => this.closed = true;
    socket.onmessage = ({ data }) => {
      this.messages++;
      for (const row of [JSON.parse(data)].flat()) this.#receive(row);
    };
  }

  static async open(base: string, params: Params): Promise<LiveGrid> {
    const { quotes } = await (await fetch(`${base}/widgets.json`)).json();
    const socket = new WebSocket(`${base}/${quotes.wsEndpoint}`.replace("http", "ws"));
    const grid = new LiveGrid(base, quotes.data.table.columnsDefs, socket);
    grid.#params = params;
    await grid.#seed();
    if (socket.readyState !== WebSocket.OPEN) {
      await new Promise((resolve) => socket.addEventListener("open", resolve, { once: true }));
    }
    grid.#sendParams();
    return grid;
  }

  async choose(params: Params): Promise<void> {
    this.#params = params;
    this.#sendParams();
    this.#sendParams();
    await this.#seed();
  }

  rows(): Row[] {
    this.#apply();
    return [...this.#rows.values()];
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    const closed = new Promise((resolve) => this.#socket.addEventListener("close", resolve));
    this.#socket.close();
    await closed;
  }

  async #seed(): Promise<void> {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(this.#params)) {
      if (value !== null && value.length > 0) query.set(name, String(value));
    }
    const rows: Row[] = await (await fetch(`${this.#base}/snapshot?${query}`)).json();
    const fields = this.#columns.map(({ field }) => field);
    this.#rows = new Map(rows.map((row) => [
      String(row["symbol"]),
      Object.fromEntries(fields.filter((field) => field in row).map((f) => [f, row[f]!])),
    ]));
  }

  #sendParams(): void {
    this.#socket.send(JSON.stringify({ type: "params", params: this.#params }));
  }

  #receive(message: Row): void {
    const row = this.#rows.get(String(message["symbol"]));
    if (row === undefined) return;
    const copy = { ...row };
    for (const { field, enableCellChangeWs } of this.#columns) {
      if (enableCellChangeWs !== false && field in row && field in message) {
        copy[field] = message[field]!;
      }
    }
    this.#waiting.push(copy);
  }

  #apply(): void {
    for (const row of this.#waiting) {
      const symbol = String(row["symbol"]);
      if (this.#rows.has(symbol)) this.#rows.set(symbol, row);
    }
    this.#waiting = [];
  }
}

describe("OpenBB Workspace", () => {
  let server: TestServer;
  let price = 100;
  const grids: LiveGrid[] = [];

  before(async () => {
    server = await startServer("--feed", "none", "--heartbeat", "100ms");
    const yesterday = Date.now() - 86_400_000;
    await send(server, SYMBOLS.map((symbol) => ({ symbol, price, time: yesterday })));
    await send(server, SYMBOLS.map((symbol) => ({ symbol, price })));
  });

  after(async () => {
    for (const grid of grids) await grid.close();
    await server.stop();
    assert.deepEqual(server.log, []);
  });

  async function open(params: Params): Promise<LiveGrid> {
    const grid = await LiveGrid.open(server.http, params);
    grids.push(grid);
    return grid;
  }

  /** About a thousand ticks a second. */
  async function feed(ms: number): Promise<void> {
    for (const end = performance.now() + ms; performance.now() < end;) {
      await send(
        server,
        Array.from({ length: 20 }, (_, index) => ({
          symbol: SYMBOLS[index * 3 % SYMBOLS.length]!,
          price: ++price,
          size: 1,
          bid: price - 1,
          ask: price + 1,
        })),
      );
      await wait(20);
    }
  }

  async function agrees(grid: LiveGrid, query: string): Promise<void> {
    const board: Row[] = await (await fetch(`${server.http}/snapshot?${query}`)).json();
    const fields = "symbol price change change_percent bid ask high low volume".split(" ");
    const live = (row: Row) => fields.map((field) => row[field]);
    await until(
      `the grid has ${JSON.stringify(board.map(live))}`,
      () => grid.rows().map(live),
      (rows) => isDeepStrictEqual(rows, board.map(live)),
    );
    assert.equal(grid.closed, false);
  }

  /** Waits while other clients get heartbeats. */
  async function quietSpell(): Promise<void> {
    const witness = await Client.connect(`${server.ws}/ws?symbol=QUIET`);
    for (let count = 0; count < 4; count++) await witness.next(({ op }) => op === "heartbeat");
    await witness.close();
  }

  it("shows the newest rows in several grids at once", async () => {
    const params = { chosen: "AAPL", symbol: "AAPL,NOPE,TSLA" };
    const [one, same, other] = [
      await open(params),
      await open({ ...params, chosen: "MSFT" }),
      await open({ symbol: ["EUR/USD"] }),
    ];
    await feed(1_000);
    for (const grid of [one, same]) await agrees(grid, "symbol=AAPL,NOPE,TSLA");
    await agrees(other, "symbol=EUR/USD");
  });

  it("follows a selection in every form while ticks come", async () => {
    const grid = await open({ chosen: "AAPL", symbol: "AAPL" });
    for (const symbol of ["MSFT", " TSLA,MSFT,,TSLA", ["EUR/USD", "NOPE", "AAPL"], "", null]) {
      const feeding = feed(200);
      await wait(50);
      await grid.choose({ chosen: "AAPL", symbol });
      await feeding;
      await agrees(grid, `symbol=${encodeURIComponent(String(symbol ?? ""))}`);
    }
  });

  it("gets nothing without ticks, and a repeated selection changes nothing", async () => {
    const grid = await open({ symbol: "AAPL,MSFT" });
    await until("its choice is answered", () => grid.messages === 1);
    await agrees(grid, "symbol=AAPL,MSFT");
    const before = grid.rows();
    await quietSpell();
    assert.equal(grid.messages, 1);
    await grid.choose({ symbol: "AAPL,MSFT" });
    await until("both are answered", () => grid.messages >= 3);
    await quietSpell();
    assert.deepEqual(grid.rows(), before);
    // A last row proves that no other was on its way.
    await send(server, [{ symbol: "AAPL", price: ++price }]);
    await until("the price is new", () => grid.rows()[0]!["price"] === price);
    assert.equal(grid.messages, 4);
  });
});
