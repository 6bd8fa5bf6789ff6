/**
 * Several replicas of one JetStream stream: `bun bench/replicas.ts [bun|deno] [ingest] [latency] [chaos=SECONDS]`.
 * `ingest` and `latency` beside the local log in the same run; `chaos` kills a replica or a nats-server every ten
 * seconds, and says what became of every tick and every client. Linux with nats-server 2.9 or later.
 */
import process, { argv } from "node:process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { NatsServer } from "../tests/helpers/nats_server.ts";
import { cpuOf, familyOf, freePort, type Measured, print, startServer, wait } from "./measured.ts";

const [runtime = "bun", ...given] = argv.slice(2);
const parts = given.length > 0 ? given : ["ingest", "latency", "chaos=120"];
const folder = mkdtempSync(join(tmpdir(), "tickwire-replicas-"));
const PROGRAMS: Readonly<Record<string, string[]>> = {
  bun: ["bun", "src/main.ts"],
  deno: ["deno", "run", "-A", "--quiet", "--no-lock", "src/main.ts"],
};
const SYMBOLS = Array.from({ length: 100 }, (_, index) => `S${index}`);
const BATCH = 1_000;

/** A replica that can be killed and started again in its place. */
class Place {
  readonly port: number;
  readonly #flags: readonly string[];
  server: Measured | undefined;

  constructor(port: number, flags: readonly string[]) {
    this.port = port;
    this.#flags = flags;
  }

  async start(): Promise<void> {
    this.server = await startServer(() => {
      const [program = "", ...first] = PROGRAMS[runtime] ?? [runtime];
      const own = ["--port", String(this.port), "--feed", "none", "--drain", "0"];
      return { program, args: [...first, ...own, ...this.#flags], ready: "/readyz" };
    }, this.port);
  }

  get http(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  kill(): void {
    // A runtime may be started by a script of its package.
    for (const pid of familyOf(this.server!.pid).reverse()) process.kill(pid, "SIGKILL");
    this.server = undefined;
  }
}

async function places(count: number, log: (index: number) => string[]): Promise<Place[]> {
  const all: Place[] = [];
  for (let index = 0; index < count; index++) {
    const port = await freePort();
    const tape = ["--tape", `sqlite:${join(folder, `${port}.db`)}`];
    all.push(new Place(port, [...tape, ...log(index)]));
  }
  await Promise.all(all.map((place) => place.start()));
  return all;
}

let serial = 0;
function lines(count: number, time = Date.now()): { body: string; serials: number[] } {
  const serials = Array.from({ length: count }, () => ++serial);
  const body = serials.map((price) =>
    `{"symbol":"${SYMBOLS[price % SYMBOLS.length]}","price":${price},"size":1,"time":${time}}`
  ).join("\n");
  return { body, serials };
}

async function post(http: string, body: string, key?: string): Promise<boolean> {
  const headers = {
    "content-type": "application/x-ndjson",
    ...(key === undefined ? {} : { "idempotency-key": key }),
  };
  try {
    const response = await fetch(`${http}/ticks`, { method: "POST", headers, body });
    await response.text();
    return response.ok;
  } catch {
    return false;
  }
}

/** As many batches of 1,000 ticks as are acknowledged, of four writers. */
async function ingest(name: string, all: readonly Place[]): Promise<void> {
  const bodies = Array.from({ length: 50 }, () => lines(BATCH).body);
  const cpu = all.map(({ server }) => cpuOf(server!.pid));
  const until = performance.now() + 5_000;
  let batches = 0;
  const write = async (writer: number) => {
    while (performance.now() < until) {
      await post(all[writer % all.length]!.http, bodies[batches++ % bodies.length]!);
    }
  };
  await Promise.all([0, 1, 2, 3].map(write));
  const spent = all.map(({ server }, index) => cpuOf(server!.pid) - cpu[index]!);
  const each = spent.map((seconds) => (1e6 * seconds / batches / BATCH).toFixed(2)).join(", ");
  print(`ingest, ${name}: ${(batches * BATCH / 5).toFixed(0)} ticks/s, CPU µs a tick ${each}`);
}

/** From before a tick is sent to when a client of the last place has it; 1,000 ticks a second. */
async function latency(name: string, all: readonly Place[]): Promise<void> {
  const took: number[] = [];
  const socket = new WebSocket(`ws://127.0.0.1:${all.at(-1)!.port}/ws?symbol=L`);
  await new Promise((resolve) => socket.onopen = resolve);
  socket.onmessage = ({ data }) => {
    for (const { time } of JSON.parse(data).rows ?? []) {
      took.push(performance.timeOrigin + performance.now() - time);
    }
  };
  await wait(500);
  const sending = new WebSocket(`ws://127.0.0.1:${all[0]!.port}/ticks`);
  await new Promise((resolve) => sending.onopen = resolve);
  for (const begun = performance.now(); performance.now() - begun < 5_000; await wait(1)) {
    const time = performance.timeOrigin + performance.now();
    sending.send(`{"symbol":"L","price":1,"time":${time}}`);
  }
  await wait(500);
  took.sort((a, b) => a - b);
  const at = (q: number) => took[Math.floor(q * (took.length - 1))]!.toFixed(1);
  print(`latency, ${name}: ${took.length} ticks, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`);
  socket.close();
  sending.close();
}

/** A client that stays with its subscription, at whichever replica there is. */
class Watcher {
  static resumes: number[] = [];
  static gaps = 0;
  static doubled = 0;
  static lost = 0;
  rows = 0;
  isOver = false;
  #seq: number | undefined;
  #epoch = "";
  #lostAt: number | undefined;

  constructor(readonly symbol: string, readonly mode: string, readonly all: readonly Place[]) {}

  connect(): void {
    const { port } = this.all[Math.floor(Math.random() * this.all.length)]!;
    const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`);
    socket.onopen = () => {
      const from = this.#seq === undefined ? {} : { from: `${this.#epoch}:${this.#seq}` };
      const { mode, symbol } = this;
      socket.send(
        JSON.stringify({ op: "subscribe", channel: "tick", mode, symbols: [symbol], ...from }),
      );
    };
    socket.onmessage = ({ data }) => this.#read(JSON.parse(data));
    socket.onclose = () => {
      if (this.isOver) return;
      this.#lostAt ??= performance.now();
      setTimeout(() => this.connect(), 50 + 100 * Math.random());
    };
    socket.onerror = () => {};
  }

  // deno-lint-ignore no-explicit-any -- frames are whatever the server sends
  #read({ op, position, recovered, prev, seq, rows }: any): void {
    if (op === "subscribed") {
      if (this.#seq !== undefined && !recovered) Watcher.lost++;
      const [epoch, at] = position.split(":");
      this.#epoch = epoch;
      this.#seq ??= Number(at);
    }
    if (op !== "data") return;
    if (this.#lostAt !== undefined) Watcher.resumes.push(performance.now() - this.#lostAt);
    this.#lostAt = undefined;
    if (prev !== this.#seq) Watcher.gaps++;
    if (seq <= this.#seq!) Watcher.doubled++;
    this.#seq = seq;
    this.rows += rows.length;
  }
}

async function chaos(seconds: number): Promise<void> {
  const servers = await NatsServer.cluster(3);
  await wait(3_000);
  const urls = servers.map(({ url }) => url).join(",");
  const all = await places(3, () => ["--log", `${urls}?stream=chaos&replicas=3`]);
  const watchers = Array.from(
    { length: 300 },
    (_, index) =>
      new Watcher(SYMBOLS[index % SYMBOLS.length]!, index % 2 === 0 ? "all" : "latest", all),
  );
  watchers.forEach((watcher) => watcher.connect());
  const taken: number[] = [];
  let isOver = false, refused = 0, batch = 0;
  const write = async (place: Place) => {
    while (!isOver) {
      const begun = performance.now();
      const { body, serials } = lines(100);
      const key = `b${++batch}`;
      while (!await post(place.http, body, key) && !isOver) {
        refused++;
        await wait(100);
      }
      if (!isOver) { for (const each of serials) taken.push(each); }
      await wait(Math.max(0, 60 - (performance.now() - begun)));
    }
  };
  const writing = Promise.all(all.map(write));
  let kills = 0;
  for (const begun = performance.now(); performance.now() - begun < seconds * 1_000;) {
    await wait(10_000);
    if (++kills % 2 === 0) {
      const server = servers[kills % 3]!;
      await server.kill();
      await wait(2_000);
      await server.begin();
    } else {
      const place = all[kills % 3]!;
      place.kill();
      await wait(500);
      await place.start();
    }
  }
  await wait(5_000);
  isOver = true;
  await writing;
  await wait(5_000);
  for (const watcher of watchers) watcher.isOver = true;
  for (const [index, { http }] of all.entries()) {
    const counts = new Map<number, number>();
    const text = await (await fetch(`${http}/ticks?limit=10000000&format=ndjson`)).text();
    for (const line of text.trim().split("\n")) {
      const { price } = JSON.parse(line);
      counts.set(price, (counts.get(price) ?? 0) + 1);
    }
    const lost = taken.filter((each) => !counts.has(each)).length;
    const doubled = [...counts.values()].filter((count) => count > 1).length;
    print(
      `replica ${index}: ${counts.size} ticks, ${taken.length} acknowledged: ${lost} lost, ${doubled} doubled`,
    );
  }
  const took = Watcher.resumes.sort((a, b) => a - b);
  const at = (q: number) => (took[Math.floor(q * (took.length - 1))] ?? NaN).toFixed(0);
  const rows = watchers.reduce((sum, watcher) => sum + watcher.rows, 0);
  print(
    `chaos, ${seconds} s, ${kills} kills, ${refused} tries refused: 300 clients got ${rows} ticks, ` +
      `${Watcher.gaps} gaps, ${Watcher.doubled} doubled, ${Watcher.lost} not recovered; ` +
      `${took.length} times from a broken connection to the next frame: p50 ${at(0.5)} ms, p99 ${
        at(0.99)
      } ms`,
  );
  for (const place of all) place.kill();
  await Promise.all(servers.map((server) => server.stop()));
}

print(`${runtime}:`);
if (parts.includes("ingest") || parts.includes("latency")) {
  const nats = await NatsServer.start();
  const local = await places(1, () => []);
  const shared = await places(2, () => ["--log", `${nats.url}?stream=bench`]);
  for (const [name, all] of [["local log", local], ["two replicas", shared]] as const) {
    if (parts.includes("latency")) await latency(name, all);
    if (parts.includes("ingest")) await ingest(name, all);
  }
  for (const place of [...local, ...shared]) place.kill();
  await nats.stop();
}
const lasting = parts.find((part) => part.startsWith("chaos"));
if (lasting !== undefined) await chaos(Number(lasting.split("=")[1] ?? 120));
rmSync(folder, { recursive: true });
process.exit(0);
