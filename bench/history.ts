/**
 * Effect of reading history on live clients: `bun bench/history.ts [bun|deno|PATH] [clients] [rate]
 * [seconds]`. Prints the latency of live ticks without reads, and while 1,000,000 ticks of one
 * symbol are read repeatedly as Arrow and as NDJSON. Linux only: it reads /proc, and curl reads the
 * history.
 */
import { spawn } from "node:child_process";
import process, { argv } from "node:process";
import { cpuOf, print, startMeasured, wait } from "./measured.ts";

const [runtime = "bun", clients = "200", rate = "1000", seconds = "15"] = argv.slice(2);
const TICKS = 1_000_000;
const BATCH = 10_000;
/** Number of clients that parse their frames, so that the others cost this process little. */
const LOOKING = 4;

const latencies: number[] = [];
let frames = 0;

function connect(index: number): Promise<void> {
  const socket = new WebSocket(`${server.ws}/ws?symbol=S*&channel=tick`);
  return new Promise((resolve, reject) => {
    socket.onerror = () => reject(new Error("Cannot connect"));
    socket.onopen = () => resolve();
    socket.onmessage = ({ data }) => {
      frames++;
      if (index >= LOOKING) return;
      const now = Date.now();
      for (const { time } of JSON.parse(data).rows ?? []) latencies.push(now - time);
    };
  });
}

/** Fills the tape with ticks of one symbol within the last hour. */
async function fill(): Promise<void> {
  const begun = Date.now() - 3_600_000;
  for (let first = 0; first < TICKS; first += BATCH) {
    const lines = Array.from({ length: BATCH }, (_, index) => {
      const time = begun + (first + index) * 3;
      return `{"symbol":"HISTORY","time":${time},"price":${100 + index / 100},"size":${index % 9}}`;
    });
    const headers = { "content-type": "application/x-ndjson" };
    const body = lines.join("\n");
    const { ok } = await fetch(`${server.http}/ticks`, { method: "POST", headers, body });
    if (!ok) throw new Error("Cannot fill the tape");
  }
}

/** Reads all of it in another process. @returns milliseconds */
function read(format: string): Promise<number> {
  const url = `${server.http}/ticks?symbol=HISTORY&from=0&limit=${TICKS}&format=${format}`;
  const begun = performance.now();
  const curl = spawn("curl", ["-sS", "--fail", "-o", "/dev/null", url], { stdio: "inherit" });
  return new Promise((resolve, reject) => {
    curl.on("exit", (code) => {
      if (code === 0) resolve(performance.now() - begun);
      else reject(new Error(`Cannot read: curl ended with ${code}`));
    });
  });
}

async function measure(name: string, work: () => Promise<number>): Promise<void> {
  latencies.length = 0;
  frames = 0;
  const cpu = cpuOf(server.pid);
  const begun = performance.now();
  const took: number[] = [];
  while (performance.now() - begun < Number(seconds) * 1_000) took.push(await work());
  const elapsed = (performance.now() - begun) / 1_000;
  const busy = 100 * (cpuOf(server.pid) - cpu) / elapsed;
  latencies.sort((a, b) => a - b);
  const at = (q: number) => latencies[Math.floor(q * (latencies.length - 1))]!.toFixed(0);
  const each = (took.reduce((sum, ms) => sum + ms, 0) / took.length).toFixed(0);
  print(
    `${name}: live latency ms p50 ${at(0.5)} p99 ${at(0.99)} p99.9 ${at(0.999)} max ${at(1)}, ` +
      `${(frames / elapsed / Number(clients)).toFixed(0)} frames/s a client, server CPU ${
        busy.toFixed(0)
      } %` + (name === "nothing" ? "" : `, ${took.length} times in ${each} ms each`),
  );
}

const feed = `synthetic:?symbols=8&rate=${rate}&history=0`;
const server = await startMeasured(runtime, ["--feed", feed]);
await fill();
await Promise.all(Array.from({ length: Number(clients) }, (_, index) => connect(index)));
await wait(6_000);
print(`server ${runtime}, ${clients} clients, ${rate} ticks/s, ${TICKS} ticks of one symbol read:`);
await measure("nothing", () => wait(1_000).then(() => 1_000));
for (const format of ["arrow", "ndjson"]) await measure(format, () => read(format));
await server.stop();
process.exit(0);
