/**
 * Many clients of one stream: `bun bench/fanout.ts [bun|deno|PATH] [clients] [rate] [seconds]`.
 * Starts a server as a process of its own, checks every client's `prev`/`seq` chain, and prints what was
 * delivered, how late, and what it cost the server. Linux only: it reads /proc.
 */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { argv, exit, platform, stdout } from "node:process";

const [runtime = "bun", clients = "200", rate = "1000", seconds = "30"] = argv.slice(2);
const PORT = 5999;
const COMMANDS: Readonly<Record<string, readonly string[]>> = {
  bun: ["node_modules/.bin/bun", "src/main.ts"],
  deno: ["node_modules/.bin/deno", "run", "-A", "src/main.ts"],
};
const CLOCK_TICKS_PER_SECOND = 100;

interface Seen {
  last: number;
  frames: number;
  rows: number;
  gaps: number;
}

function print(line: string): void {
  stdout.write(`${line}\n`);
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** CPU seconds and resident megabytes of a process. */
function usage(pid: number): { cpu: number; rss: number } {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ");
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return {
    cpu: (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS_PER_SECOND,
    rss: Number(/VmRSS:\s+(\d+)/.exec(status)![1]) / 1_024,
  };
}

async function untilReady(): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const ready = await fetch(`http://127.0.0.1:${PORT}/readyz`).then((r) => r.ok, () => false);
    if (ready) return;
    await wait(50);
  }
  throw new Error("Cannot measure: the server is not ready after 10 s");
}

const latencies: number[] = [];

function connect(index: number): Promise<Seen> {
  const seen: Seen = { last: -1, frames: 0, rows: 0, gaps: 0 };
  const socket = new WebSocket(`ws://127.0.0.1:${PORT}/ws?symbol=*&channel=tick`);
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

if (platform !== "linux") throw new Error("Cannot measure here: this reads /proc");
const command = COMMANDS[runtime] ?? [runtime];
const server = spawn(command[0]!, [
  ...command.slice(1),
  "--port",
  String(PORT),
  "--feed",
  `synthetic:?rate=${rate}&history=0`,
], { stdio: ["ignore", "ignore", "inherit"] });
await untilReady();
const pid = server.pid!;
const idle = usage(pid);
const all = await Promise.all(Array.from({ length: Number(clients) }, (_, i) => connect(i)));
await wait(3_000);
const before = all.reduce((sum, { rows }) => sum + rows, 0);
latencies.length = 0;
const start = usage(pid);
const startedAt = performance.now();
const memory: number[] = [];
for (let second = 0; second < Number(seconds); second++) {
  await wait(1_000);
  memory.push(usage(pid).rss);
}
const elapsed = (performance.now() - startedAt) / 1_000;
const cpu = usage(pid).cpu - start.cpu;
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
  `server RSS MB: idle ${idle.rss.toFixed(0)}, then each 5 s ${
    memory.filter((_, i) => i % 5 === 4).map((mb) => mb.toFixed(0)).join(" ")
  }`,
);
const exited = new Promise((resolve) => server.once("exit", resolve));
server.kill("SIGTERM");
await exited;
exit(gaps === 0 ? 0 : 1);
