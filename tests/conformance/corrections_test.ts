import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, describe, test } from "node:test";
import { INTERVALS } from "../../src/core/interval.ts";
import type { TapedTick, Tick } from "../../src/core/tick.ts";
import { chanceOf } from "../helpers/chance.ts";
import { Client } from "../helpers/client.ts";
import { natsFault, NatsServer } from "../helpers/nats_server.ts";
import { ServerProcess } from "../helpers/process.ts";
import { parting, Reckoning } from "../helpers/reckoning.ts";

const timeout = 240_000;
const SYMBOLS = ["AAPL", "BTC/USD", "EUR/USD", "WRONG"];
/** In the future, so that the clock closes no bar. */
const START = Math.floor(Date.now() / 60_000) * 60_000 + 3_600_000;
const STEP_MS = 250;
const folder = mkdtempSync(join(tmpdir(), "tickwire-corrections-"));
after(() => rmSync(folder, { recursive: true }));
afterEach(() => ServerProcess.endAll());

/** Prices and sizes are quarters, so that sums are exact in any order. Some ticks are late. */
function ticks(count: number, first: number, next: (below: number) => number): Tick[] {
  return Array.from({ length: count }, (_, index) => ({
    symbol: SYMBOLS[next(SYMBOLS.length)]!,
    time: START + (first + index) * STEP_MS - (next(50) === 0 ? 90_000 : 0),
    price: 100 + next(400) / 4,
    size: next(5) === 0 ? null : next(40) / 4,
    bid: next(3) === 0 ? 99 + next(9) : null,
    ask: null,
  }));
}

async function send(server: ServerProcess, batch: readonly Partial<Tick>[]): Promise<string> {
  const response = await fetch(`${server.http}/ticks`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(batch),
  });
  const answer = await response.json();
  assert.equal(response.status, 200, JSON.stringify(answer));
  return answer.position;
}

async function cancel(server: ServerProcess, path: string) {
  const response = await fetch(`${server.http}/${path}`, { method: "DELETE" });
  const answer = await response.json();
  assert.equal(response.status, 200, JSON.stringify(answer));
  return answer as { cancelled: number; position: string };
}

// deno-lint-ignore no-explicit-any -- whatever a server answers
async function get(server: ServerProcess, path: string): Promise<any> {
  return await (await fetch(`${server.http}/${path}`)).json();
}

function seqOf(position: string): number {
  return Number(position.split(":")[1]);
}

/** Checks that all answers are as if nobody had sent the cancelled ticks. */
async function assertRight(server: ServerProcess, right: Reckoning, at = ""): Promise<void> {
  for (const symbol of SYMBOLS) {
    const query = `symbol=${symbol}&limit=1000000${at}`;
    const own = right.ticks(symbol);
    assert.equal(parting(await get(server, `ticks?${query}`), own), undefined, symbol);
    for (const interval of INTERVALS) {
      const bars = right.bars(symbol, interval).map((bar) => ({ ...bar, revised: undefined }));
      const found = await get(server, `bars?${query}&interval=${interval}`);
      assert.equal(parting(found, bars), undefined, `${symbol} ${interval}`);
    }
    const [row] = await get(server, `snapshot?symbol=${symbol}${at}`);
    if (own.length === 0) {
      assert.equal(row.price, null);
      continue;
    }
    const { time, price } = right.newest(symbol);
    const day = right.bars(symbol, "1d").at(-1)!;
    const { open, high, low, volume } = day;
    const bid = own.filter((tick) => tick.bid !== null)
      .reduce((newest, tick) => tick.time < newest.time ? newest : tick).bid;
    assert.equal(parting(row, { symbol, time, price, bid, open, high, low, volume }), undefined);
  }
  const csv = await (await fetch(`${server.http}/ticks?from=0&limit=1000000&format=csv${at}`))
    .text();
  const all = SYMBOLS.reduce((sum, symbol) => sum + right.ticks(symbol).length, 0);
  assert.equal(csv.trim().split("\n").length - 1, all);
}

/** A random correction of any kind. */
function correction(right: Reckoning, head: number, next: (below: number) => number) {
  const symbol = SYMBOLS[next(3)]!;
  if (next(2) === 0) {
    const seqs = new Set(Array.from({ length: 1 + next(5) }, () => 1 + next(head)));
    return {
      path: `ticks?symbol=${symbol}&seq=${[...seqs].join(",")}`,
      count: () => right.cancel(symbol, ({ seq }) => seqs.has(seq)),
    };
  }
  const own = right.ticks(symbol);
  const from = own[next(own.length)]!.time;
  const to = from + 1 + next(400_000);
  return {
    path: `ticks?symbol=${symbol}&from=${from}&to=${to}`,
    count: () => right.cancel(symbol, ({ time }) => time >= from && time < to),
  };
}

describe("Corrections", () => {
  test("20 among 100,000 ticks give the state without those ticks", { timeout }, async () => {
    const flags = ["--feed", "none", "--tape", `sqlite:${join(folder, "random.db")}`];
    let server = await ServerProcess.start(...flags);
    const right = new Reckoning();
    const next = chanceOf(7);
    let head = 0;
    for (let first = 0; first < 100_000; first += 5_000) {
      const batch = ticks(5_000, first, next);
      head = seqOf(await send(server, batch));
      right.add(batch, head);
      const { path, count } = correction(right, head, next);
      const { cancelled, position } = await cancel(server, path);
      assert.equal(cancelled, count(), path);
      if (cancelled > 0) head = seqOf(position);
    }
    const gone = await cancel(server, "symbols/WRONG");
    assert.equal(gone.cancelled, right.cancel("WRONG", () => true));
    // Killed at once: an answered correction must hold.
    await server.end("SIGKILL");
    server = await ServerProcess.start(...flags);
    await assertRight(server, right);
    assert.deepEqual((await get(server, "symbols")).map(({ symbol }: Tick) => symbol).sort(), [
      ...SYMBOLS.slice(0, 3),
    ]);
    const epoch = gone.position.split(":")[0];
    const client = await Client.connect(`${server.ws}/ws`);
    client.send({ op: "subscribe", symbols: ["AAPL"], from: `${epoch}:50000` });
    const wanted = right.ticks("AAPL").filter(({ seq }) => seq > 50_000);
    const rows: TapedTick[] = [];
    while (rows.length < wanted.length) {
      rows.push(...(await client.next(({ op }) => op === "data")).rows);
    }
    assert.equal(parting(rows, wanted), undefined);
    await client.close();
  });

  test("A cancelled price of 10⁹ vanishes from every protocol at once", { timeout }, async () => {
    const server = await ServerProcess.start("--feed", "none", "--tape", "memory");
    const now = Date.now();
    const symbol = "BTC/USD";
    const prices = [100, 1e9, 101];
    await send(
      server,
      prices.map((price, index) => ({ symbol, price, size: 1, time: now - 3_000 + index })),
    );
    const sockets = await Promise.all(
      [
        "ws?symbol=BTC/USD&format=value",
        "ws?symbol=BTC/USD&channel=quote",
        "ws?symbol=BTC/USD&channel=bar:1d",
      ]
        .map((path) => Client.connect(`${server.ws}/${path}`)),
    );
    const grid = await Client.connect(`${server.ws}/ws`);
    grid.send({ params: { symbol } });
    const kraken = await Client.connect(`${server.ws}/kraken/v2`);
    kraken.send({ method: "subscribe", params: { channel: "ticker", symbol: [symbol] } });
    await Promise.all([
      sockets[0]!.next(({ value }) => value === 101),
      sockets[1]!.next(({ op }) => op === "subscribed"),
      sockets[2]!.next(({ op }) => op === "subscribed"),
      grid.next(),
      kraken.next(({ channel, data }) => channel === "ticker" && data[0].high === 1e9),
    ]);
    const ticker = async () =>
      (await get(server, `kraken/0/public/Ticker?pair=${symbol}`)).result[symbol];
    assert.equal(Number((await ticker()).h[1]), 1e9);
    assert.deepEqual((await cancel(server, `ticks?symbol=${symbol}&seq=2`)).cancelled, 1);
    assert.deepEqual((await ticker()).h.map(Number), [101, 101]);
    assert.equal((await get(server, `snapshot?symbol=${symbol}`))[0].high, 101);
    const [table] = await get(server, `openbb/bars?symbol=${symbol}&interval=1d`);
    assert.deepEqual([table.high, table.count, table.volume], [101, 2, 2]);
    const { counts } = await get(server, "activity?limit=10");
    assert.equal(counts.reduce((sum: number, count: number) => sum + count, 0), 2);
    await sockets[0]!.next(({ value }) => value === 101);
    for (const socket of sockets.slice(1)) {
      const told = await socket.next(({ op }) => op === "corrected");
      assert.deepEqual([told.symbol, told.seqs, told.seq], [symbol, [2], 4]);
      assert.equal((await socket.next(({ op }) => op === "data")).rows[0].high, 101);
    }
    assert.equal((await grid.next())[0].high, 101);
    await kraken.next(({ channel, data }) => channel === "ticker" && data[0].high === 101);
    // Each client gets the correction at once, and only once.
    for (const socket of sockets) assert.deepEqual(socket.drain(), []);
    await cancel(server, `symbols/${symbol}`);
    assert.deepEqual(await get(server, "snapshot"), []);
    await send(server, [{ symbol, price: 7 }]);
    await kraken.next(({ channel, data }) => channel === "ticker" && data[0].high === 7);
    assert.equal((await ticker()).h[0], "7.00000");
  });

  test("Workers give correct answers too", { timeout }, async () => {
    const tape = `sqlite:${join(folder, "workers.db")}`;
    const server = await ServerProcess.start("--feed", "none", "--tape", tape, "--workers", "2");
    const right = new Reckoning();
    const next = chanceOf(5);
    const batch = ticks(3_000, 0, next);
    let position = await send(server, batch);
    right.add(batch, seqOf(position));
    for (let round = 0; round < 4; round++) {
      const { path, count } = correction(right, seqOf(position), next);
      const answer = await cancel(server, path);
      assert.equal(answer.cancelled, count(), path);
      position = answer.position;
    }
    // Each connection may lead to another worker.
    for (let turn = 0; turn < 3; turn++) await assertRight(server, right, `&at=${position}`);
    const gone = await cancel(server, "symbols/WRONG");
    for (let turn = 0; turn < 6; turn++) {
      assert.deepEqual(
        (await get(server, `snapshot?at=${gone.position}`)).map(({ symbol }: Tick) => symbol)
          .sort(),
        SYMBOLS.slice(0, 3),
      );
    }
  });

  test("Of two corrections at once, only one counts each tick", { timeout }, async () => {
    const server = await ServerProcess.start("--feed", "none", "--tape", "memory");
    const next = chanceOf(3);
    const batch = ticks(4_000, 0, next).map((tick) => ({ ...tick, symbol: "AAPL" }));
    await send(server, batch);
    const spans = [[0, 2_500], [1_500, 4_000], [1_000, 3_000]].map(([from, to]) =>
      `ticks?symbol=AAPL&from=${START + from! * STEP_MS}&to=${START + to! * STEP_MS}`
    );
    const answers = await Promise.all(spans.map((path) => cancel(server, path)));
    const before = batch.filter(({ time }) => time >= START).length;
    assert.equal(answers.reduce((sum, { cancelled }) => sum + cancelled, 0), before);
    assert.equal((await get(server, "ticks?symbol=AAPL&limit=10000")).length, 4_000 - before);
  });
});

describe("Corrections of one stream", { skip: natsFault() ?? false }, () => {
  test("Replicas give correct answers too, also one that joins later", { timeout }, async () => {
    const nats = await NatsServer.start();
    const start = (name: string) =>
      ServerProcess.start(
        ...["--feed", "none", "--tape", `sqlite:${join(folder, name)}`, "--drain", "0"],
        ...["--log", `${nats.url}?stream=corrections&copies=1h`],
      );
    try {
      const servers = [await start("a.db"), await start("b.db")];
      const right = new Reckoning();
      const next = chanceOf(11);
      const batches: Tick[][] = [];
      let at = "";
      for (let first = 0; first < 6_000; first += 2_000) {
        const batch = ticks(2_000, first, next);
        batches.push(batch);
        at = await send(servers[batches.length % 2]!, batch);
        // On a stream the seqs have gaps between messages.
        const told = await get(servers[0]!, `ticks?limit=2000&at=${at}`) as TapedTick[];
        right.addTaped(told);
      }
      for (let round = 0; round < 6; round++) {
        const { path, count } = correction(right, seqOf(at), next);
        const { cancelled, position } = await cancel(servers[round % 2]!, `${path}&at=${at}`);
        assert.equal(cancelled, count(), path);
        at = position;
      }
      for (const server of servers) await assertRight(server, right, `&at=${at}`);
      await servers[0]!.end("SIGKILL");
      for (const name of ["a.db", "c.db"]) await assertRight(await start(name), right, `&at=${at}`);
    } finally {
      await ServerProcess.endAll();
      await nats.stop();
    }
  });
});
