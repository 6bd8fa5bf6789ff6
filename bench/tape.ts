/**
 * The tape in a file, on the current runtime: `bun bench/tape.ts`, `deno run -A bench/tape.ts`,
 * with the wanted parts: `ingest`, `turns`, `sizes`, `kill`, `start` (default: all). Linux only: it
 * reads /proc.
 */
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import process, { argv, versions } from "node:process";
import { Market } from "../src/core/market.ts";
import type { TapedTick, Tick } from "../src/core/tick.ts";
import type { Entry } from "../src/log/log.ts";
import { BatchReader } from "../src/wire/batch.ts";
import { finish } from "../src/wire/records.ts";
import { ServerProcess } from "../tests/helpers/process.ts";
import { TestStore } from "../tests/helpers/store.ts";
import { cpuOf, print, ROOT, wait } from "./measured.ts";
import { openReplica, settle } from "./replica.ts";

const SYMBOLS = ["AAPL", "GOOGL", "MSFT", "AMZN", "TSLA", "EUR/USD", "BTC/USD", "ETH/USD"];
const BATCH = 1_000;
const SECONDS = 5;
const BARS_KEPT = 120;
const QUOTES = join(ROOT, "../shared/data/eurusd-quotes-2020-01-01.csv");
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

function openStore(path: string, deliver: (entry: Entry) => void) {
  const store: TestStore = new TestStore({
    path,
    epoch: "bench",
    now: Date.now,
    elapsed: () => performance.now(),
  });
  const market = new Market({ barsKept: BARS_KEPT });
  return { store: store.follow(deliver), market };
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
    // Made before the measurement, so that the client costs little.
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
  await stages();
}

/** Time of each stage of a batch, measured in this process. */
async function stages(): Promise<void> {
  const spent = { read: 0, log: 0, tape: 0, apply: 0, save: 0, seal: 0 };
  const timed = <Result>(stage: keyof typeof spent, work: () => Result): Result => {
    const begun = performance.now();
    const result = work();
    spent[stage] += performance.now() - begun;
    return result;
  };
  const { store, market } = openStore(join(folder, "stages.db"), (entry) => {
    const begun = performance.now();
    timed("tape", () => store.tape.add(entry));
    timed("apply", () => entry.ticks.forEach((tick) => market.apply(tick)));
    spent.log -= performance.now() - begun;
  });
  const reader = new BatchReader();
  const rounds = 500;
  for (let round = 0; round < rounds; round++) {
    const text = ndjson(ticks(round * BATCH, BATCH, Date.now(), 0.1));
    const bytes = new TextEncoder().encode(text);
    const rules = { format: "ndjson", now: Date.now() } as const;
    const batch = timed("read", () => finish(reader.read(bytes, rules)));
    const logged = store.log.append({ ticks: batch.ticks });
    timed("log", () => store.log.work());
    await logged;
    if (round % 100 !== 99) continue;
    timed("save", () => store.tape.save(market.takeChanges()));
    timed("seal", () => {
      while (store.tape.seal());
      while (store.log.forget(store.tape.settle()));
    });
  }
  store.close();
  const each = Object.entries(spent).map(([stage, ms]) =>
    `${stage} ${(1_000 * ms / rounds / BATCH).toFixed(2)}`
  );
  print(`stages, µs a tick: ${each.join(", ")}`);
}

/** The longest pause of other work during one batch of 180,000 ticks, recent or late. */
async function turns(): Promise<void> {
  for (const [name, stepMs] of [["within a minute", 0.3], ["of two days", 960]] as const) {
    const { store, replica } = openReplica(join(folder, `turns-${stepMs}.db`));
    const batch = ticks(0, 180_000, Date.now() - 180_000 * stepMs, stepMs);
    void store.log.append({ ticks: ticks(0, 8, Date.now(), 1) });
    replica.work();
    const logged = store.log.append({ ticks: batch });
    const took: number[] = [];
    for (let more = true; more;) {
      const begun = performance.now();
      more = replica.work();
      took.push(performance.now() - begun);
    }
    await logged;
    store.close();
    took.sort((a, b) => a - b);
    print(
      `a batch of 180,000 ticks ${name}: ${took.length} turns, median ${
        took[took.length >> 1]!.toFixed(1)
      } ms, longest ${took.at(-1)!.toFixed(1)} ms`,
    );
  }
}

/** Bytes per tick in blocks, with everything that the file needs for it. */
async function sizes(): Promise<void> {
  const quotes = readFileSync(QUOTES, "utf8").trim().split("\n").slice(1).map((line) => {
    const [time = "", symbol = "", bid, ask] = line.split(",");
    const [low, high] = [Number(bid), Number(ask)];
    return {
      symbol,
      time: Date.parse(time),
      price: (low + high) / 2,
      size: null,
      bid: low,
      ask: high,
    };
  });
  const hours = (quotes.at(-1)!.time - quotes[0]!.time) / 3_600_000 + 1;
  let walk = 0;
  const random = () => (walk = (walk * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31;
  const prices = Array.from({ length: 100 }, (_, index) => 1_000 * (index + 1));
  const forms: Record<string, (round: number) => Tick[]> = {
    "EUR/USD quotes, a hundred times over": (round) =>
      quotes.map((quote) => ({ ...quote, time: quote.time + round * hours * 3_600_000 })),
    "trades of 100 symbols": (round) =>
      Array.from({ length: 10_000 }, (_, index) => {
        const symbol = Math.floor(random() * 100);
        prices[symbol]! += Math.round(6 * random() - 3);
        const time = 1_763_700_000_000 + (round * 10_000 + index) * 7 + Math.floor(random() * 7);
        const rest = { size: 1 + Math.floor(random() * 500), bid: null, ask: null };
        return { symbol: `S${symbol}`, time, price: prices[symbol]! / 100, ...rest };
      }),
    "10,000 symbols, each once a minute, for a day": (round) =>
      Array.from({ length: 144_000 }, (_, index) => {
        const serial = round * 144_000 + index;
        const symbol = serial % 10_000;
        const price = (1_000 + symbol + Math.round(10 * random())) / 100;
        const time = 1_763_700_000_000 + serial * 6 + Math.floor(6 * random());
        return {
          symbol: `S${symbol}`,
          time,
          price,
          size: 1 + Math.floor(9 * random()),
          bid: null,
          ask: null,
        };
      }),
  };
  for (const [name, make] of Object.entries(forms)) {
    const path = join(folder, "sizes.db");
    const store = new TestStore({ path }).follow();
    let count = 0;
    for (let round = 0; round < 100; round++) {
      const batch = make(round);
      count += batch.length;
      await store.append(batch);
      store.told.length = 0;
      store.seal();
    }
    const sealed = count - store.tape.unsealed;
    store.close();
    const db = new DatabaseSync(path);
    db.exec("VACUUM");
    const { left } = db.prepare("SELECT sum(length(body)) AS left FROM entry").get() as {
      left: number;
    };
    db.close();
    const { size } = statSync(path);
    rmSync(path);
    const each = ((size - left) / sealed).toFixed(1);
    print(`${name}: ${sealed} ticks in blocks, ${each} bytes of the file each`);
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
  const count = 20_000_000;
  const begun = performance.now();
  const { store, replica } = openReplica(path);
  for (let first = 0; first < count; first += 20_000) {
    // Two days of ticks, the last one now.
    const stepMs = 2 * 86_400_000 / count;
    const logged = store.log.append({
      ticks: ticks(first, 20_000, Date.now() - count * stepMs, stepMs),
    });
    while (replica.work());
    await logged;
    if (first % 100_000 !== 0) continue;
    settle({ store, replica });
  }
  while (replica.save() < store.tape.head);
  store.close();
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
}

const parts = { ingest, turns, sizes, kill, start };
const wanted = argv.slice(2).length > 0 ? argv.slice(2) : Object.keys(parts);
print(versions["bun"] === undefined ? `deno ${versions["deno"]}` : `bun ${versions["bun"]}`);
try {
  for (const name of wanted) await parts[name as keyof typeof parts]();
} finally {
  rmSync(folder, { recursive: true });
}
process.exit(0);
