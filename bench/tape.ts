/**
 * The tape in a file, on the runtime that runs this: `bun bench/tape.ts`, `deno run -A bench/tape.ts`, each
 * with the parts wanted: `ingest`, `save`, `kill`, `start` (all). Linux only: it reads /proc.
 */
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process, { argv, versions } from "node:process";
import { Market } from "../src/core/market.ts";
import type { TapedTick, Tick } from "../src/core/tick.ts";
import { SqliteTape } from "../src/tape/sqlite.ts";
import { BatchReader } from "../src/wire/batch.ts";
import { finish } from "../src/wire/records.ts";
import { ServerProcess } from "../tests/helpers/process.ts";
import { cpuOf, print, wait } from "./measured.ts";

const SYMBOLS = ["AAPL", "GOOGL", "MSFT", "AMZN", "TSLA", "EUR/USD", "BTC/USD", "ETH/USD"];
const BATCH = 1_000;
const SECONDS = 5;
const folder = mkdtempSync(join(tmpdir(), "tickwire-bench-"));

function ticks(first: number, count: number, start: number, stepMs: number): Tick[] {
  return Array.from({ length: count }, (_, index) => {
    const serial = first + index;
    const price = serial / 100;
    const symbol = SYMBOLS[serial % SYMBOLS.length]!;
    const time = start + serial * stepMs;
    return { symbol, time, price, size: serial % 9, bid: price - 0.01, ask: price + 0.01 };
  });
}

function ndjson(batch: readonly Tick[]): string {
  return batch.map((tick) => JSON.stringify(tick)).join("\n");
}

function flags(path: string): string[] {
  return ["--feed", "none", "--drain", "100", "--tape", `sqlite:${path}`];
}

function openTape(path: string, bootId = "bench"): SqliteTape {
  const now = Date.now;
  return new SqliteTape({ path, bootId, holder: "bench", newEpoch: () => "bench", now });
}

async function post(http: string, body: string): Promise<string> {
  const headers = { "content-type": "application/x-ndjson" };
  const response = await fetch(`${http}/ticks`, { method: "POST", headers, body });
  const { position, detail } = await response.json();
  if (!response.ok) throw new Error(detail);
  return position;
}

async function ingest(): Promise<void> {
  for (const writers of [1, 4]) {
    const server = await ServerProcess.start(...flags(join(folder, `ingest-${writers}.db`)));
    // Made before, so that the client costs as little as it can.
    const bodies = Array.from(
      { length: 100 },
      (_, index) => ndjson(ticks(index * BATCH, BATCH, Date.now(), 0.1)),
    );
    let batches = 0;
    const cpu = cpuOf(server.pid);
    const until = performance.now() + SECONDS * 1_000;
    const write = async () => {
      while (performance.now() < until) await post(server.http, bodies[batches++ % 100]!);
    };
    const begun = performance.now();
    await Promise.all(Array.from({ length: writers }, write));
    const seconds = (performance.now() - begun) / 1_000;
    const busy = cpuOf(server.pid) - cpu;
    print(
      `ingest, ${writers} writers: ${
        (batches * BATCH / seconds).toFixed(0)
      } ticks/s acknowledged, ` +
        `${(1e6 * busy / batches / BATCH).toFixed(2)} µs of server CPU a tick`,
    );
    await server.end("SIGTERM");
  }
  stages();
}

/** Where the time of a batch goes, measured in this process. */
function stages(): void {
  const tape = openTape(join(folder, "stages.db"));
  const market = new Market({ barsKept: 120 });
  const reader = new BatchReader();
  const spent = { read: 0, append: 0, apply: 0, save: 0 };
  const rounds = 500;
  const timed = <Result>(stage: keyof typeof spent, work: () => Result): Result => {
    const begun = performance.now();
    const result = work();
    spent[stage] += performance.now() - begun;
    return result;
  };
  for (let round = 0; round < rounds; round++) {
    const text = ndjson(ticks(round * BATCH, BATCH, Date.now(), 0.1));
    const bytes = new TextEncoder().encode(text);
    const rules = { format: "ndjson", now: Date.now() } as const;
    const batch = timed("read", () => finish(reader.read(bytes, rules)));
    const taped = timed("append", () => tape.append(batch.ticks));
    timed("apply", () => taped.forEach((tick) => market.apply(tick)));
    if (round % 100 === 99) timed("save", () => tape.save(market.takeChanges()));
  }
  tape.close();
  const each = Object.entries(spent).map(([stage, ms]) =>
    `${stage} ${(1_000 * ms / rounds / BATCH).toFixed(2)}`
  );
  print(`stages, µs a tick: ${each.join(", ")}`);
}

/** How long everything else waits while 1,000 symbols are saved that all tick once a second. */
function save(): void {
  for (const [name, max] of [["all at once", Infinity], ["in slices of 200", 200]] as const) {
    const tape = openTape(join(folder, `save-${max}.db`));
    const market = new Market({ barsKept: 120 });
    const slices: number[] = [];
    for (let second = 0; second < 40; second++) {
      const batch = Array.from({ length: 1_000 }, (_, index) => ({
        ...ticks(index, 1, second * 1_000, 0)[0]!,
        symbol: `S${index}`,
      }));
      for (const tick of tape.append(batch)) market.apply(tick);
      if (second % 5 < 4) continue;
      for (let saved = -1; saved < market.seq;) {
        const begun = performance.now();
        const changes = market.takeChanges(max);
        tape.save(changes);
        saved = changes.seq;
        slices.push(performance.now() - begun);
      }
    }
    tape.close();
    slices.sort((a, b) => a - b);
    const at = (q: number) => slices[Math.floor(q * (slices.length - 1))]!.toFixed(1);
    print(`save ${name}: ms median ${at(0.5)}, p99 ${at(0.99)}, longest ${at(1)}`);
  }
}

async function kill(): Promise<void> {
  const path = join(folder, "kill.db");
  const positions = new Map<number, string>();
  let sent = 0;
  let server = await ServerProcess.start(...flags(path));
  for (let round = 0; round < 5; round++) {
    const begun = performance.now();
    const until = begun + 2_000 + 2_000 * Math.random();
    const pending: Promise<void>[] = [];
    for (let count = 0; performance.now() < until; count++) {
      const first = sent;
      sent += 50;
      const body = ndjson(ticks(first, 50, 0, 0).map((tick) => ({ ...tick, time: Date.now() })));
      pending.push(
        post(server.http, body).then((position) => void positions.set(first, position), () => {}),
      );
      await wait(Math.max(0, begun + 10 * (count + 1) - performance.now()));
    }
    await server.end("SIGKILL");
    await Promise.all(pending);
    server = await ServerProcess.start(...flags(path));
  }
  const epoch = positions.get(0)!.split(":")[0]!;
  const found: TapedTick[] = [];
  for (;;) {
    const after = `${epoch}:${found.at(-1)?.seq ?? 0}`;
    const page = await (await fetch(`${server.http}/ticks?after=${after}&limit=50000`)).json();
    if (page.length === 0) break;
    found.push(...page);
  }
  await server.end("SIGTERM");
  const seqs = new Map<number, number>();
  let doubled = 0;
  for (const { price, seq } of found) {
    const serial = Math.round(price * 100);
    if (seqs.has(serial)) doubled++;
    seqs.set(serial, seq);
  }
  let lost = 0;
  for (const [first, position] of positions) {
    for (let index = 0; index < 50; index++) {
      if (`${epoch}:${seqs.get(first + index)! + 49 - index}` !== position) lost++;
    }
  }
  print(
    `kill -9 × 5 under 5,000 ticks/s: ${
      50 * positions.size
    } acknowledged, ${found.length} on the ` +
      `tape, lost or moved ${lost}, doubled ${doubled}`,
  );
}

async function start(): Promise<void> {
  const path = join(folder, "start.db");
  const count = 5_000_000;
  const tape = openTape(path);
  const market = new Market({ barsKept: 120 });
  const begun = performance.now();
  for (let first = 0; first < count; first += 5_000) {
    // Two days of ticks, the last of them now.
    const stepMs = 2 * 86_400_000 / count;
    const batch = ticks(first, 5_000, Date.now() - count * stepMs, stepMs);
    for (const tick of tape.append(batch)) market.apply(tick);
    if (first % 50_000 === 0) tape.save(market.takeChanges());
  }
  tape.save(market.takeChanges());
  tape.close();
  const seconds = (performance.now() - begun) / 1_000;
  print(`written: ${count} ticks, ${(statSync(path).size / 1e6).toFixed(0)} MB, ${seconds | 0} s`);
  for (const state of ["a clean end", "kill -9", "kill -9 with 25,000 unsaved ticks"]) {
    const at = performance.now();
    const server = await ServerProcess.start(...flags(path));
    print(`start after ${state}: ready in ${(performance.now() - at).toFixed(0)} ms`);
    for (let batch = 0; state === "kill -9" && batch < 25; batch++) {
      await post(server.http, ndjson(ticks(batch * BATCH, BATCH, Date.now(), 0.01)));
    }
    await server.end("SIGKILL");
  }
  const at = performance.now();
  const { notes, head } = openTape(path, "another");
  print(
    `open after a power loss: ${(performance.now() - at).toFixed(0)} ms, ${head} ticks; ${notes}`,
  );
}

const parts = { ingest, save, kill, start };
const wanted = argv.slice(2).length > 0 ? argv.slice(2) : Object.keys(parts);
print(versions["bun"] === undefined ? `deno ${versions["deno"]}` : `bun ${versions["bun"]}`);
try {
  for (const name of wanted) await parts[name as keyof typeof parts]();
} finally {
  rmSync(folder, { recursive: true });
}
process.exit(0);
