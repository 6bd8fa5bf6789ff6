/**
 * Many clients of one stream: `bun bench/fanout.ts [bun|deno|PATH] [clients] [rate] [seconds]`.
 * Starts a server as a process of its own, checks every client's `prev`/`seq` chain, and prints what was
 * delivered, how late, and what it cost the server. Linux only: it reads /proc.
 */
import { argv, exit } from "node:process";
import { cpuOf, print, rssOf, startMeasured, wait } from "./measured.ts";

const [runtime = "bun", clients = "200", rate = "1000", seconds = "30"] = argv.slice(2);

interface Seen {
  last: number;
  frames: number;
  rows: number;
  gaps: number;
}

const latencies: number[] = [];

function connect(index: number): Promise<Seen> {
  const seen: Seen = { last: -1, frames: 0, rows: 0, gaps: 0 };
  const socket = new WebSocket(`${server.ws}/ws?symbol=*&channel=tick`);
  return new Promise((resolve, reject) => {
    socket.onerror = () => reject(new Error("Cannot connect"));
    socket.onmessage = ({ data }) => {
      const frame = JSON.parse(data);
      if (frame.op === "subscribed") {
        seen.last = Number(frame.position.split(":")[1]);
        resolve(seen);
      } else if (frame.op === "data") {
        if (frame.prev !== seen.last) seen.gaps++;
        // The tape's numbers have no holes here, so the rows must have none either.
        if (frame.rows.length !== frame.seq - frame.prev) seen.gaps++;
        seen.last = frame.seq;
        seen.frames++;
        seen.rows += frame.rows.length;
        if (index === 0) { for (const row of frame.rows) latencies.push(Date.now() - row.time); }
      }
    };
  });
}

const server = await startMeasured(runtime, ["--feed", `synthetic:?rate=${rate}&history=0`]);
const { pid } = server;
const idle = rssOf(pid);
const all = await Promise.all(Array.from({ length: Number(clients) }, (_, i) => connect(i)));
await wait(3_000);
const before = all.reduce((sum, { rows }) => sum + rows, 0);
latencies.length = 0;
const cpuBefore = cpuOf(pid);
const startedAt = performance.now();
const memory: number[] = [];
for (let second = 0; second < Number(seconds); second++) {
  await wait(1_000);
  memory.push(rssOf(pid));
}
const elapsed = (performance.now() - startedAt) / 1_000;
const cpu = cpuOf(pid) - cpuBefore;
const rows = all.reduce((sum, { rows }) => sum + rows, 0) - before;
const gaps = all.reduce((sum, { gaps }) => sum + gaps, 0);
latencies.sort((a, b) => a - b);
const quantile = (q: number) => latencies[Math.floor(q * (latencies.length - 1))]!.toFixed(1);
print(`server ${runtime}, ${clients} clients, ${rate} ticks/s, ${elapsed.toFixed(1)} s`);
print(`delivered ${rows} updates, ${Math.round(rows / elapsed)}/s; broken chains: ${gaps}`);
print(
  `server CPU ${(100 * cpu / elapsed).toFixed(0)} % of a core, ${
    (cpu / rows * 1e6).toFixed(3)
  } µs an update`,
);
print(`latency ms p50 ${quantile(0.5)} p99 ${quantile(0.99)} p99.9 ${quantile(0.999)}`);
print(
  `server RSS MB: idle ${idle.toFixed(0)}, then each 5 s ${
    memory.filter((_, i) => i % 5 === 4).map((mb) => mb.toFixed(0)).join(" ")
  }`,
);
await server.stop();
exit(gaps === 0 ? 0 : 1);
