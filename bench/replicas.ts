/**
 * Several replicas of one JetStream stream: `bun bench/replicas.ts [bun|deno] [ingest] [latency]
 * [fanout] [kept] [chaos=SECONDS]`. `ingest` and `latency` compare it with the local log, `kept`
 * with three nats-servers that each keep everything; `fanout` serves clients by one, two, four and
 * eight replicas; `chaos` kills a replica or a nats-server every ten seconds, and prints lost and
 * doubled ticks and clients' gaps. Linux with nats-server 2.9 or later.
 */
import process, { argv } from "node:process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { NatsServer } from "../tests/helpers/nats_server.ts";
import { cpuOf, print, wait } from "./measured.ts";
import { chaos } from "./replica_chaos.ts";
import { lines, type Place, places, post } from "./replica_set.ts";

const [runtime = "bun", ...given] = argv.slice(2);
const parts = given.length > 0 ? given : ["ingest", "latency", "chaos=120"];
const options = { runtime, folder: mkdtempSync(join(tmpdir(), "tickwire-replicas-")) };
const BATCH = 1_000;

/** Sends as many batches of 1,000 ticks as are acknowledged, from four writers. */
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

/** Time from sending a tick until a client of the last place has it; 1,000 ticks a second. */
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

/** At each replica. */
const CLIENTS = 50;
const WARM_TICKS = 5_000, FANOUT_TICKS = 10_000;

/**
 * What all replicas together need for one update, each of which brings every tick to 50 clients. One more takes
 * the ticks, which is not counted. Frames are equally far apart for all: by themselves less busy replicas would
 * send more of them.
 */
async function fanout(count: number, url: string): Promise<number> {
  const flags = ["--flush", "10", "--log", `${url}?stream=fanout${count}`];
  const [taker, ...all] = await places(options, count + 1, flags);
  const size = CLIENTS * count;
  const done = Array.from({ length: size }, async (_, index) => {
    const { port } = all[index % count]!;
    const socket = new WebSocket(`ws://127.0.0.1:${port}/ws?symbol=*&channel=tick&mode=all`);
    await new Promise((resolve) => socket.onopen = resolve);
    const whole = new Promise<void>((resolve) => {
      socket.onmessage = ({ data }) => String(data).includes('"LAST"') && resolve();
    });
    return { socket, whole };
  });
  const clients = await Promise.all(done);
  const send = async (count: number) => {
    for (let sent = 0; sent < count; sent += 10) {
      await post(taker!.http, lines(10).body);
      await wait(5);
    }
  };
  await send(WARM_TICKS);
  const cpu = all.map(({ server }) => cpuOf(server!.pid));
  await send(FANOUT_TICKS);
  await post(taker!.http, '{"symbol":"LAST","price":1}');
  await Promise.all(clients.map(({ whole }) => whole));
  const spent = all.map(({ server }, index) => cpuOf(server!.pid) - cpu[index]!);
  clients.forEach(({ socket }) => socket.close());
  for (const place of [taker!, ...all]) place.kill();
  return 1e6 * spent.reduce((a, b) => a + b) / size / FANOUT_TICKS;
}

print(`${runtime}:`);
if (parts.includes("ingest") || parts.includes("latency")) {
  const nats = await NatsServer.start();
  const local = await places(options, 1, []);
  const shared = await places(options, 2, ["--log", `${nats.url}?stream=bench`]);
  for (const [name, all] of [["local log", local], ["two replicas", shared]] as const) {
    if (parts.includes("latency")) await latency(name, all);
    if (parts.includes("ingest")) await ingest(name, all);
  }
  for (const place of [...local, ...shared]) place.kill();
  await nats.stop();
}
if (parts.includes("kept")) {
  const servers = await NatsServer.cluster(3);
  await wait(3_000);
  const urls = servers.map(({ url }) => url).join(",");
  const kept = await places(options, 2, ["--log", `${urls}?stream=kept&replicas=3`]);
  await latency("two replicas, three nats-servers", kept);
  await ingest("two replicas, three nats-servers", kept);
  for (const place of kept) place.kill();
  await Promise.all(servers.map((server) => server.stop()));
}
if (parts.includes("fanout")) {
  const nats = await NatsServer.start();
  let one: number | undefined;
  for (const count of [1, 2, 4, 8]) {
    const each = await fanout(count, nats.url);
    one ??= each;
    const ratio = (each / one).toFixed(2);
    print(`fan-out, ${count} replicas: ${each.toFixed(2)} µs of CPU an update, ${ratio} × one`);
  }
  await nats.stop();
}
const lasting = parts.find((part) => part.startsWith("chaos"));
if (lasting !== undefined) await chaos(options, Number(lasting.split("=")[1] ?? 120));
rmSync(options.folder, { recursive: true });
process.exit(0);
