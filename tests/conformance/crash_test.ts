import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { DatabaseSync } from "node:sqlite";
import { after, before, describe, it } from "node:test";
import { INTERVALS } from "../../src/core/interval.ts";
import { Market } from "../../src/core/market.ts";
import type { TapedTick, Tick } from "../../src/core/tick.ts";
import { parsePosition } from "../../src/tape/tape.ts";
import { ServerProcess, wait } from "../helpers/process.ts";
import { figureOf } from "../helpers/server.ts";
import { until } from "../helpers/until.mjs";

const SYMBOLS = ["AAPL", "BTC/USD", "EUR/USD"];
const BATCH = 100;
const WRITERS = 3;
const ROUNDS = 5;
/** Milliseconds; a server starts slowly on a busy machine. */
const timeout = 240_000;

interface Batch {
  readonly key: string;
  readonly ticks: readonly Tick[];
  /** Position of the last tick, if the server acknowledged them. */
  position?: string;
}

/** Ticks with different prices, some of them very late. */
class Source {
  readonly batches: Batch[] = [];
  readonly #symbols: readonly string[];
  readonly #failed: Batch[] = [];
  /** In the future, so that the clock closes none of their bars. */
  readonly #start = Math.floor(Date.now() / 60_000) * 60_000 + 3_600_000;
  #serial = 0;

  constructor(symbols: readonly string[] = SYMBOLS) {
    this.#symbols = symbols;
  }

  /** Marks a batch to be sent again, since it may be on the tape or not. */
  retry(batch: Batch): void {
    this.#failed.push(batch);
  }

  /** Batches that still have to be sent again. */
  unanswered(): Batch[] {
    return this.#failed.splice(0);
  }

  next(): Batch {
    const again = this.#failed.shift();
    if (again !== undefined) return again;
    const ticks = Array.from({ length: BATCH }, (): Tick => {
      const price = ++this.#serial;
      const late = price % 97 === 0 ? 400_000 : 0;
      const symbol = this.#symbols[price % this.#symbols.length]!;
      const time = this.#start + price * 20 - late;
      return { symbol, time, price, size: price % 7, bid: price - 0.5, ask: price + 0.5 };
    });
    const batch = { key: `batch ${this.batches.length}`, ticks };
    this.batches.push(batch);
    return batch;
  }
}

async function post(server: ServerProcess, { key, ticks }: Batch): Promise<Response> {
  return await fetch(`${server.http}/ticks`, {
    method: "POST",
    headers: { "content-type": "application/x-ndjson", "idempotency-key": key },
    body: ticks.map((tick) => JSON.stringify(tick)).join("\n"),
  });
}

async function get<Answer>(server: ServerProcess, path: string): Promise<Answer> {
  const response = await fetch(server.http + path);
  const answer = await response.json();
  assert.ok(response.ok, JSON.stringify(answer));
  return answer as Answer;
}

/** Sends batch after batch until the server ends. */
async function write(server: ServerProcess, source: Source): Promise<void> {
  for (;;) {
    const batch = source.next();
    try {
      const response = await post(server, batch);
      const { accepted, position } = await response.json();
      assert.deepEqual([response.status, accepted], [200, BATCH]);
      batch.position = position;
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error;
      return source.retry(batch);
    }
  }
}

/** Collects what a client sees, by seq, until its server ends. */
function watch(server: ServerProcess, seen: Map<number, number>): Promise<void> {
  const socket = new WebSocket(`${server.ws}/ws?symbol=*&channel=tick`);
  socket.onmessage = ({ data }) => {
    const { op, prev, rows } = JSON.parse(data);
    if (op !== "data") return;
    rows.forEach(({ price }: TapedTick, index: number) => seen.set(prev + 1 + index, price));
  };
  return new Promise((resolve) => {
    socket.onclose = () => resolve();
    socket.onerror = () => resolve();
  });
}

/** All ticks of a server's tape, read in pages. */
async function readAll(server: ServerProcess, epoch: string): Promise<TapedTick[]> {
  const all: TapedTick[] = [];
  for (;;) {
    const after = `${epoch}:${all.at(-1)?.seq ?? 0}`;
    const page = await get<TapedTick[]>(server, `/ticks?after=${after}&limit=20000`);
    if (page.length === 0) return all;
    all.push(...page);
  }
}

function checkBatches(all: readonly TapedTick[], batches: readonly Batch[], epoch: string): void {
  const seqs = new Map(all.map(({ price, seq }) => [price, seq]));
  assert.deepEqual(all.map(({ seq }) => seq), all.map((_, index) => index + 1));
  assert.equal(seqs.size, all.length, "a tick is on the tape twice");
  for (const { ticks, position } of batches) {
    const found = ticks.map(({ price }) => seqs.get(price));
    const [first] = found;
    assert.deepEqual(found, ticks.map((_, index) => first && first + index), "half a batch");
    if (position === undefined) continue;
    assert.deepEqual(parsePosition(position), { epoch, seq: found.at(-1) });
    const taped = all.slice(first! - 1, first! - 1 + ticks.length);
    assert.deepEqual(taped.map(({ seq: _, ...tick }) => tick), ticks);
  }
}

/** Compares the server's answers with results calculated from all ticks. */
async function checkMarket(
  server: ServerProcess,
  all: readonly TapedTick[],
  symbols: readonly string[] = SYMBOLS,
): Promise<void> {
  const market = new Market({ barsKept: 1_000_000 });
  for (const tick of all) market.apply(tick);
  const rows = await get<unknown[]>(server, `/snapshot?symbol=${symbols.join()}`);
  assert.deepEqual(rows, symbols.map((symbol) => market.board.row(symbol)));
  for (const symbol of symbols) {
    for (const interval of INTERVALS) {
      const query = `symbol=${symbol}&interval=${interval}&from=0&limit=1000000`;
      const bars = await get<unknown[]>(server, `/bars?${query}`);
      assert.deepEqual(bars, market.bars(symbol, interval, { from: 0, limit: 1e9 }));
    }
  }
}

/** The seqs up to which all of the market is saved, and some of it. */
function savedOf(path: string): { readonly all: number; readonly some: number } {
  const copy = `${path}.copy`;
  for (const end of ["", "-wal"]) {
    rmSync(copy + end, { force: true });
    if (existsSync(path + end)) copyFileSync(path + end, copy + end);
  }
  const db = new DatabaseSync(copy);
  try {
    const saved = db.prepare("SELECT value FROM meta WHERE name = 'saved'").get();
    const newest = db.prepare("SELECT max(json_extract(value, '$.seq')) AS seq FROM newest").get();
    return { all: Number(saved?.["value"] ?? 0), some: Number(newest?.["seq"] ?? 0) };
  } finally {
    db.close();
  }
}

describe("A server that is killed", () => {
  let folder = "";
  let flags: string[] = [];

  before(() => {
    folder = mkdtempSync(join(tmpdir(), "tickwire-crash-"));
    flags = ["--feed", "none", "--drain", "200", "--tape", `sqlite:${join(folder, "tape.db")}`];
  });

  after(async () => {
    await ServerProcess.endAll();
    rmSync(folder, { recursive: true, force: true });
  });

  it(
    "keeps every acknowledged tick once and in its place, and no part of a batch",
    { timeout },
    async () => {
      const source = new Source();
      const seen = new Map<number, number>();
      let server = await ServerProcess.start(...flags);
      let epoch = "";
      for (let round = 0; round < ROUNDS; round++) {
        const watched = watch(server, seen);
        const writers = Array.from({ length: WRITERS }, () => write(server, source));
        const before = seen.size;
        await until("a client has seen some", () => seen.size, (size) => size > before + 300);
        await wait(Math.random() * 400);
        const { signal } = await server.end("SIGKILL");
        assert.equal(signal, "SIGKILL");
        await Promise.all([watched, ...writers]);
        server = await ServerProcess.start(...flags);
        const { position } = await get<{ position: string }>(server, "/readyz");
        epoch ||= position.split(":")[0]!;
        assert.equal(position.split(":")[0], epoch);
      }
      const all = await readAll(server, epoch);
      const acknowledged = source.batches.filter(({ position }) => position !== undefined);
      assert.ok(acknowledged.length > ROUNDS * WRITERS, String(acknowledged.length));
      checkBatches(all, source.batches, epoch);
      assert.ok(seen.size > 1_000, String(seen.size));
      for (const [seq, price] of seen) assert.equal(all[seq - 1]?.price, price);
      for (const batch of source.unanswered()) {
        batch.position = (await (await post(server, batch)).json()).position;
      }
      assert.ok(source.batches.every(({ position }) => position !== undefined));
      const whole = await readAll(server, epoch);
      checkBatches(whole, source.batches, epoch);
      await checkMarket(server, whole);
      assert.equal((await server.end("SIGTERM")).code, 0);

      server = await ServerProcess.start(...flags);
      const { position } = await get<{ position: string }>(server, "/readyz");
      assert.equal(position, `${epoch}:${whole.length}`);
      await checkMarket(server, whole);
      await server.end("SIGKILL");
      assert.equal(server.log.split("\n").filter((line) => /error|fail/i.test(line)).length, 0);
    },
  );

  it(
    "adds nothing when a client repeats a request that was taken and not answered",
    { timeout },
    async () => {
      const batch = { ...new Source().next(), key: "lost" };
      const other = { ...new Source(["OTHER"]).next(), key: "lost" };
      let server = await ServerProcess.start(...flags);
      const epoch = (await get<{ position: string }>(server, "/readyz")).position.split(":")[0]!;
      const { length } = await readAll(server, epoch);
      // Nobody reads the answer.
      const lost = post(server, batch).then(({ body }) => body?.cancel(), () => {});
      const position = async () => (await get<{ position: string }>(server, "/readyz")).position;
      await until("it is taken", position, (now) => now === `${epoch}:${length + BATCH}`);
      await Promise.all([server.end("SIGKILL"), lost]);
      server = await ServerProcess.start(...flags);
      const expected = { accepted: BATCH, position: `${epoch}:${length + BATCH}` };
      const retries = await Promise.all([1, 2, 3].map(() => post(server, batch)));
      for (const retry of retries) assert.deepEqual(await retry.json(), expected);
      // The key decides, not the body.
      assert.deepEqual(await (await post(server, other)).json(), expected);
      assert.equal((await readAll(server, epoch)).length, length + BATCH);
      await server.end("SIGKILL");
    },
  );

  it("has the same board and bars after kills during saves, each in parts", {
    timeout,
  }, async () => {
    const names = Array.from({ length: 400 }, (_, index) => `S${index}`);
    const path = join(folder, "slices.db");
    const own = ["--feed", "none", "--tape", `sqlite:${path}`];
    const source = new Source(names);
    let between = false;
    for (let round = 0; round < 20 && !between; round++) {
      let server = await ServerProcess.start(...own);
      for (let count = 0; count < 8; count++) await post(server, source.next());
      await server.end("SIGKILL");
      const { all: before } = savedOf(path);
      server = await ServerProcess.start(...own);
      const isSaving = ({ all, some }: { all: number; some: number }) => all > before || some > all;
      await until("it saves what it has found unsaved", () => savedOf(path), isSaving);
      await server.end("SIGKILL");
      const { all: saved, some } = savedOf(path);
      between = some > saved;
      server = await ServerProcess.start(...own);
      const epoch = (await get<{ position: string }>(server, "/readyz")).position.split(":")[0]!;
      const all = await readAll(server, epoch);
      assert.equal(all.length, source.batches.length * BATCH);
      await checkMarket(server, all, names.filter((_, index) => index % 40 === 7));
      await server.end("SIGKILL");
    }
    assert.ok(between, "no kill fell between two slices");
  });

  it("frees its tape at once, which nobody else can open before", async () => {
    const first = await ServerProcess.start(...flags);
    const { exit, log } = await ServerProcess.refused(...flags);
    assert.ok(exit.code !== null && exit.code > 0, String(exit.code));
    assert.match(log, new RegExp(`tape\\.db: process ${first.pid} on \\S+ has it open; stop that`));
    assert.doesNotMatch(log, /\n\s+at /);
    await first.end("SIGKILL");
    const second = await ServerProcess.start(...flags);
    assert.equal((await second.end("SIGINT")).code, 0);
  });
});

/** Why no small disk can be mounted here; `undefined` if it can. */
function diskFault(): string | undefined {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return "only root mounts a disk";
  const point = mkdtempSync(join(tmpdir(), "tickwire-disk-"));
  const { status } = spawnSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", point]);
  if (status === 0) spawnSync("umount", [point]);
  rmSync(point, { recursive: true, force: true });
  return status === 0 ? undefined : "no disk can be mounted here";
}

describe("A server on a full disk", { skip: diskFault() ?? false }, () => {
  let point = "";
  before(() => {
    point = mkdtempSync(join(tmpdir(), "tickwire-disk-"));
    spawnSync("mount", ["-t", "tmpfs", "-o", "size=8m", "tmpfs", point]);
  });
  after(async () => {
    await ServerProcess.endAll();
    spawnSync("umount", [point]);
    rmSync(point, { recursive: true, force: true });
  });

  it("answers 507 and serves readers, is killed and starts, and takes ticks once there is room", async () => {
    const flags = ["--feed", "none", "--drain", "0", "--tape", `sqlite:${join(point, "tape.db")}`];
    const ballast = join(point, "ballast");
    const source = new Source();
    let server = await ServerProcess.start(...flags);
    writeFileSync(ballast, new Uint8Array(2 ** 22));
    const send = async () => {
      const batch = source.next();
      const response = await post(server, batch);
      const answer = await response.json();
      if (response.ok) batch.position = answer.position;
      return { status: response.status, answer };
    };
    let full = await send();
    for (let count = 0; count < 2_000 && full.status === 200; count++) full = await send();
    assert.deepEqual([full.status, full.answer.code], [507, "tape_full"]);
    assert.match(full.answer.detail, /tape\.db: the disk is full/);
    const epoch = source.batches[0]!.position!.split(":")[0]!;
    const all = await readAll(server, epoch);
    checkBatches(all, source.batches, epoch);
    assert.equal((await fetch(`${server.http}/healthz`)).status, 200);
    // Its maintenance has no room either.
    const turns = () => figureOf(server, "event_loop_lag_seconds_count");
    const before = await turns();
    await until("it had its turns", turns, (count) => count >= before + 3);
    assert.equal((await send()).status, 507);

    await server.end("SIGKILL");
    server = await ServerProcess.start(...flags);
    assert.deepEqual(await readAll(server, epoch), all);
    assert.equal((await fetch(`${server.http}/healthz`)).status, 200);

    rmSync(ballast);
    assert.equal((await send()).status, 200);
    checkBatches(await readAll(server, epoch), source.batches, epoch);
    assert.equal((await server.end("SIGTERM")).code, 0);
  });
});
