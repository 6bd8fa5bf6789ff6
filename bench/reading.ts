/**
 * The cost of reads of several kinds, on the current runtime: `bun bench/reading.ts`,
 * `deno run -A bench/reading.ts`, with the wanted parts: `formats`, `symbol`, `resume` (or all).
 * Linux only: it reads /proc.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process, { argv, versions } from "node:process";
import { Market } from "../src/core/market.ts";
import { ServerProcess } from "../tests/helpers/process.ts";
import { TestStore } from "../tests/helpers/store.ts";
import { cpuOf, print, wait } from "./measured.ts";

const SYMBOLS = 1_000;
const BATCH = 20_000;
const RESUMED = 1_000, WATCHING = 200, LOOKING = 4;
const folder = mkdtempSync(join(tmpdir(), "tickwire-bench-"));

/**
 * Writes a tape of the last two hours, all symbols in turn, without bars: to make the bars of
 * symbols that tick now and then takes longer than all the rest, and no test reads bars. @returns
 * its path
 */
async function fill(count: number): Promise<string> {
  const path = join(folder, `${count}.db`);
  const store: TestStore = new TestStore({ path, epoch: "bench", now: Date.now });
  store.follow((entry) => store.tape.add(entry));
  const market = new Market({ barsKept: 1 });
  const begun = Date.now() - 7_200_000;
  for (let first = 0; first < count; first += BATCH) {
    const ticks = Array.from({ length: BATCH }, (_, index) => {
      const serial = first + index;
      const price = 100 + ((serial * 7) % 1_000) / 100;
      const time = begun + Math.floor(serial * 7_000_000 / count);
      const symbol = `S${serial % SYMBOLS}`;
      return { symbol, time, price, size: serial % 9, bid: null, ask: null };
    });
    await store.append(ticks);
    if (first === 0) {
      ticks.slice(0, SYMBOLS).forEach((tick, index) => market.apply({ seq: 1 + index, ...tick }));
    }
    const { instruments, newest } = market.takeChanges();
    store.seal({ instruments, newest });
  }
  store.close();
  return path;
}

function serve(path: string): Promise<ServerProcess> {
  const flags = ["--feed", "none", "--drain", "100", "--sessions-max", "5000"];
  return ServerProcess.start(...flags, "--tape", `sqlite:${path}`);
}

/** @returns milliseconds and the number of bytes */
async function get(url: string): Promise<{ ms: number; bytes: number }> {
  const begun = performance.now();
  const { length } = new Uint8Array(await (await fetch(url)).arrayBuffer());
  return { ms: performance.now() - begun, bytes: length };
}

/** Reads 1,000,000 ticks in one answer. */
async function formats(): Promise<void> {
  const server = await serve(await fill(1_000_000));
  for (const format of ["arrow", "ndjson", "csv", "json"]) {
    const took: number[] = [];
    for (let round = 0; round < 4; round++) {
      took.push((await get(`${server.http}/ticks?limit=1000000&format=${format}`)).ms);
    }
    print(`1,000,000 ticks as ${format}: ${took.map((ms) => ms.toFixed(0)).join(", ")} ms`);
  }
  await server.end("SIGTERM");
}

/** Reads one symbol of 1,000: the cost must depend on the answer, not on the size of the tape. */
async function symbol(): Promise<void> {
  const each: number[] = [];
  for (const count of [1_000_000, 20_000_000]) {
    const server = await serve(await fill(count));
    const rows = count / SYMBOLS;
    const took: number[] = [];
    for (let round = 0; round < 9; round++) {
      const { ms } = await get(
        `${server.http}/ticks?symbol=S${100 + 7 * round}&limit=${rows}&format=arrow`,
      );
      took.push(ms);
    }
    took.sort((a, b) => a - b);
    each.push(1_000 * took[4]! / rows);
    print(
      `one of ${SYMBOLS} symbols out of ${count} ticks: ${rows} ticks in ${
        took[4]!.toFixed(1)
      } ms, ${each.at(-1)!.toFixed(2)} µs a tick`,
    );
    await server.end("SIGTERM");
  }
  print(`per tick of the answer: ${(each[1]! / each[0]!).toFixed(2)} ×`);
}

/** Clients that resume at once, each with another symbol, beside live clients. */
async function resume(): Promise<void> {
  const count = 3_000_000;
  const server = await serve(await fill(count));
  const head = (await (await fetch(`${server.http}/readyz`)).json()).position.split(":")[1];
  const latencies: number[] = [];
  for (let index = 0; index < WATCHING; index++) {
    const socket = new WebSocket(`${server.ws}/ws?symbol=LIVE&channel=tick`);
    socket.onmessage = ({ data }) => {
      if (index >= LOOKING) return;
      for (const { time } of JSON.parse(data).rows ?? []) latencies.push(Date.now() - time);
    };
    await new Promise((resolve) => socket.onopen = resolve);
  }
  let sending = true;
  const sender = (async () => {
    while (sending) {
      const body = JSON.stringify({ symbol: "LIVE", price: 1, time: Date.now() });
      const headers = { "content-type": "application/json" };
      await fetch(`${server.http}/ticks`, { method: "POST", headers, body });
      await wait(5);
    }
  })();
  const quantiles = () => {
    const sorted = latencies.splice(0).sort((a, b) => a - b);
    const at = (q: number) => sorted[Math.floor(q * (sorted.length - 1))] ?? NaN;
    return `p50 ${at(0.5)} p99 ${at(0.99)} max ${at(1)} ms of ${sorted.length}`;
  };
  await wait(3_000);
  print(`live without other reads: ${quantiles()}`);
  const cpu = cpuOf(server.pid);
  const begun = performance.now();
  let rows = 0;
  await Promise.all(Array.from({ length: RESUMED }, (_, index) => {
    const query = `symbol=S${index}&channel=tick&format=columns&from=bench:0`;
    const socket = new WebSocket(`${server.ws}/ws?${query}`);
    let own = 0;
    return new Promise<void>((resolve, reject) => {
      socket.onerror = () => reject(new Error("Cannot resume"));
      socket.onmessage = ({ data }) => {
        // The rows are arrays in an array: counted without parsing.
        if (!data.startsWith('{"op":"data"')) return;
        own += data.split("],[").length;
        if (own < count / SYMBOLS) return;
        rows += own;
        resolve();
      };
    });
  }));
  const ms = performance.now() - begun;
  print(
    `${RESUMED} clients resume one of ${SYMBOLS} symbols each over ${count} ticks (head ${head}): ` +
      `${(ms / 1_000).toFixed(2)} s until the last is live, ${rows} rows, ` +
      `${(cpuOf(server.pid) - cpu).toFixed(2)} s of server CPU`,
  );
  print(`live during the reads: ${quantiles()}`);
  sending = false;
  await sender;
  await server.end("SIGKILL");
}

const parts = { formats, symbol, resume };
const wanted = argv.slice(2).length > 0 ? argv.slice(2) : Object.keys(parts);
print(versions["bun"] === undefined ? `deno ${versions["deno"]}` : `bun ${versions["bun"]}`);
try {
  for (const name of wanted) await parts[name as keyof typeof parts]();
} finally {
  rmSync(folder, { recursive: true });
}
process.exit(0);
