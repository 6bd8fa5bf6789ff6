import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { sleep } from "../../src/scheduler.ts";
import { Channel } from "../../src/workers/channel.ts";
import { frameOf, KIND } from "../../src/workers/frames.ts";
import { RelayRooms } from "../../src/workers/relay_rooms.ts";
import type { RelayLog } from "../../src/workers/relay_log.ts";
import { WorkerPool } from "../../src/workers/worker_pool.ts";
import { WORKER_VARIABLE, type WorkerStart } from "../../src/workers/worker.ts";
import { until } from "../helpers/until.mjs";

test("WorkerPool closes the connection of a worker that writes and does not follow", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tickwire-pool-"));
  const file = join(folder, "start");
  const begin =
    `printf %s "$${WORKER_VARIABLE}" > ${file}.part; mv ${file}.part ${file}; exec sleep 60`;
  const pool = new WorkerPool({
    ...{ pid: process.pid, count: 1, environment: process.env, sleep },
    again: { program: "sh", args: ["-c", begin] },
    elapsed: () => performance.now(),
    kill: (pid, signal) => void process.kill(pid, signal),
    backoff: () => 60_000,
    ...{ info() {}, warn() {} },
  });
  const log = { expect: () => () => {}, join: () => undefined } as unknown as RelayLog;
  const fetch = () => new Response();
  pool.shares({ log, rooms: new RelayRooms(), fetch, isReadable: () => true });
  await pool.start({ port: 0, redirectPort: undefined });
  await until("the worker runs", () => existsSync(file));
  const { path } = JSON.parse(readFileSync(file, "utf8")) as WorkerStart;
  for (const follows of [false, true]) {
    let isClosed = false;
    const channel = await Channel.open(path, { received() {}, closed: () => isClosed = true });
    channel.say({ op: "hello", number: 1 });
    if (follows) channel.say({ op: "follow", after: 0, count: 0 });
    channel.send(frameOf(KIND.draft, new Uint8Array(8)));
    await until("the connection is closed", () => isClosed);
  }
  await pool.end(0);
  rmSync(folder, { recursive: true });
});
