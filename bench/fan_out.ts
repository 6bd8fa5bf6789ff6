/** Measures one producer, one server and many clients: delivered updates, latency and CPU. */
import { type Clients, stage, type Ticks } from "./load.ts";
import { cpuOf, rssOf, wait } from "./measured.ts";
import type { Case, Column, Figures } from "./scenario.ts";
import type { Fed, Server } from "./servers.ts";

export interface FanOut {
  readonly clients: Clients;
  readonly ticks: Ticks;
  /** Milliseconds before the measurement starts. */
  readonly warmUpMs?: number;
  /** Least length of a measurement, for rare frames. */
  readonly secondsMin?: number;
  /** Runs before the clients connect. */
  prepare?(run: Fed): Promise<void>;
  /** Runs during the measurement. @returns a function that ends it and gives its count */
  beside?(run: Fed): () => number;
}

const WARM_UP_MS = 1_500;

export const COLUMNS: readonly Column[] = [
  { title: "µs CPU / update", name: "cpu", decimals: 3 },
  { title: "updates/s", name: "rate", decimals: 0 },
  { title: "core %", name: "core", decimals: 0 },
  { title: "p50 ms", name: "p50", decimals: 2 },
  { title: "p99 ms", name: "p99", decimals: 2 },
  { title: "p99.9 ms", name: "p999", decimals: 2 },
  { title: "RSS MB", name: "rss", decimals: 0 },
  { title: "breaks", name: "breaks", decimals: 0 },
  { title: "client µs", name: "clientCpu", decimals: 3 },
];

/** Cases for several servers with the same load. */
export function fanOutCases(servers: readonly Server[], load: FanOut): Case[] {
  return servers.map((server) => fanOutCase(server.name, server, load));
}

export function fanOutCase(name: string, server: Server, load: FanOut): Case {
  return {
    name,
    missing: server.missing,
    measure: (seconds) => fanOut(server, load, seconds),
  };
}

function fanOut(server: Server, load: FanOut, seconds: number): Promise<Figures> {
  return stage(server, async ({ run, listen, send }) => {
    await load.prepare?.(run);
    const idle = rssOf(run.pid);
    const clients = await listen(load.clients);
    const producer = await send(load.ticks);
    await wait(load.warmUpMs ?? WARM_UP_MS);
    await producer.take();
    await clients.take();
    const before = { cpu: cpuOf(run.pid), clients: clients.cpu, at: performance.now() };
    const endBeside = load.beside?.(run);
    const memory: number[] = [];
    for (let half = 0; half < 2 * Math.max(seconds, load.secondsMin ?? 0); half++) {
      await wait(500);
      memory.push(rssOf(run.pid));
    }
    const heard = await clients.take();
    const cpu = cpuOf(run.pid) - before.cpu;
    const elapsed = (performance.now() - before.at) / 1_000;
    const done = endBeside?.() ?? 0;
    const { refused } = await producer.take();
    const rss = Math.max(...memory);
    return {
      ...heard,
      refused,
      done: done / elapsed,
      rate: heard.rows / elapsed,
      cpu: 1e6 * cpu / heard.rows,
      core: 100 * cpu / elapsed,
      rss,
      grown: rss - idle,
      clientCpu: 1e6 * (clients.cpu - before.clients) / heard.rows,
      clientKb: heard.bytes / elapsed / load.clients.count / 1_000,
    };
  });
}
