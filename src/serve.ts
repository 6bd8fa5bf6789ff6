import { existsSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, hostname, uptime } from "node:os";
import { dirname } from "node:path";
import process from "node:process";
import { checkParts, createApp } from "./app.ts";
import { type Config, ConfigError } from "./config.ts";
import { backoff } from "./core/backoff.ts";
import type { Log } from "./logger.ts";
import { openSharedLog } from "./open_tape.ts";
import { readPair, type TlsFiles } from "./runtime/certificate.ts";
import { relaunchOf } from "./runtime/relaunch.ts";
import { openServer } from "./runtime/server.ts";
import { sleep, turn } from "./scheduler.ts";
import { isInUse } from "./store/database.ts";
import { parseTapeSpec } from "./tape/engines.ts";
import { Worker, WORKER_VARIABLE, type WorkerStart } from "./workers/worker.ts";
import { WorkerPool } from "./workers/worker_pool.ts";

/** How often to look for a renewed certificate. */
const RENEWAL_MS = 2_000;
/** How often a worker checks that its first process still runs. */
const ORPHAN_MS = 250;
/** How long to wait for a tape file that another process has open. */
const FREE_MS_MAX = 2_000;

/** What the operator is told. */
export interface Operator {
  readonly version: string;
  readonly log: Log;
  /** Writes one line, without a time. */
  complain(line: string): void;
}

/** Runs a server until a signal ends it. @throws when its settings, its tape or its port cannot be used */
export async function serve(given: Config, operator: Operator): Promise<void> {
  const { log } = operator;
  const clock = { now: Date.now, elapsed: () => performance.now() };
  const worker = await reportAsWorker(clock.elapsed);
  const config = worker === undefined ? given : workerSettings(given, worker.start);
  const workerPool = worker === undefined
    ? createWorkerPool(config, log, clock.elapsed)
    : undefined;
  const shared = await openSharedLog(config, { ...clock, ...log, random: Math.random, sleep });
  if (workerPool !== undefined) await untilFree(config.tape);
  const app = createApp(config, {
    ...operator,
    bootId: bootId(),
    holder: `process ${process.pid} on ${hostname()}`,
    environment: process.env,
    ...clock,
    random: Math.random,
    busy: busyMs,
    memoryBytes: () => process.memoryUsage.rss(),
    fail(error) {
      operator.complain(error.message);
      process.exit(1);
    },
  }, { shared, workerPool, worker });
  if (worker !== undefined) {
    app.start();
    await worker.joined();
  }
  const doors = await openServer({
    host: config.host,
    port: config.port,
    tls: tlsFiles(config),
    redirectPort: config["redirect-port"],
    ...app,
    ...log,
    now: Date.now,
    turn,
    isShared: worker !== undefined || workerPool !== undefined,
    isFirst: workerPool !== undefined,
  });
  if (worker === undefined) app.start();
  worker?.serves();
  await workerPool?.start(doors);
  const scheme = config["tls-cert"] === undefined ? "http" : "https";
  const at = address(scheme, doors.host, doors.port);
  if (worker === undefined) log.info(`tickwire ${operator.version} serves on ${at}`);
  process.on("SIGHUP", () => {
    void doors.renew(true);
    workerPool?.renew();
  });
  if (scheme === "https") setInterval(() => void doors.renew(false), RENEWAL_MS);
  let stopping = false;
  const stop = async () => {
    // A worker can get the signal twice: from its first process and directly, as by Ctrl+C.
    if (stopping && worker !== undefined) return;
    if (stopping) process.exit(1);
    stopping = true;
    if (worker === undefined) log.info("Stopping");
    await app.stop();
    await Promise.race([doors.close(), new Promise((done) => setTimeout(done, 500))]);
    process.exit(0);
  };
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => void stop());
}

/** Checks all settings. @throws an error that names the setting that cannot be used */
export function check(config: Config): void {
  checkParts(config, process.env);
  checkWorkers(config);
  const files = tlsFiles(config);
  if (files !== undefined) readPair(files, Date.now());
}

/** Connects a worker to the first process of its server, and ends the worker with that process. */
async function reportAsWorker(elapsed: () => number): Promise<Worker | undefined> {
  const text = process.env[WORKER_VARIABLE];
  if (text === undefined) return undefined;
  const start = JSON.parse(text) as WorkerStart;
  // The channel does not tell: in one runtime other workers inherit its other end.
  setInterval(() => {
    if (process.ppid === start.first) return;
    // The first process was killed before it could remove the folder of its socket.
    rmSync(dirname(start.path), { recursive: true, force: true });
    process.exit(1);
  }, ORPHAN_MS);
  try {
    return await Worker.begin(start, { elapsed, sleep });
  } catch (_) {
    // The first process has already ended.
    return process.exit(1);
  }
}

/** Settings of a worker: the ports of the first process, and no feeds and backups of its own. */
function workerSettings(config: Config, { port, redirectPort }: WorkerStart): Config {
  const { "backup-dir": _, ...rest } = config;
  return { ...rest, port, "redirect-port": redirectPort, feed: ["none"], log: "local" };
}

/** Makes the pool of the workers of this process, if there are any. @throws {ConfigError} */
function createWorkerPool(
  config: Config,
  log: Log,
  elapsed: () => number,
): WorkerPool | undefined {
  const { workers } = config;
  const count = workers === "auto" ? availableParallelism() - 1 : workers ?? 0;
  if (count === 0) return undefined;
  checkWorkers(config);
  return new WorkerPool({
    ...{ count, elapsed, sleep, environment: process.env, ...log },
    kill,
    pid: process.pid,
    again: relaunchOf(process.execPath, process.argv.slice(2)),
    backoff: (failures) => backoff(failures, Math.random),
  });
}

function kill(pid: number, signal: string): void {
  try {
    process.kill(pid, signal);
  } catch (_) {
    // It has already ended.
  }
}

/** @throws {ConfigError} */
function checkWorkers({ workers, tape }: Config): void {
  if (workers === undefined) return;
  if (process.platform !== "linux") {
    const why = "only Linux gives each of them a part of the connections to one port";
    throw new ConfigError(`Cannot use --workers on ${process.platform}: ${why}`);
  }
  if (parseTapeSpec(tape).engine === "memory") {
    throw new ConfigError(
      `Cannot use --workers with --tape ${tape}: they read the tape from a file; give it one, such as sqlite:./data/tickwire.db`,
    );
  }
}

/** Waits for the tape file: the workers of a killed server keep it open for a moment. */
async function untilFree(name: string): Promise<void> {
  const spec = parseTapeSpec(name);
  const until = performance.now() + FREE_MS_MAX;
  while (spec.engine === "sqlite" && isInUse(spec.path) && performance.now() < until) {
    await sleep(FREE_MS_MAX / 20);
  }
}

function busyMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

/** Identifies the run of the machine: by an id on Linux, elsewhere by the minute of its start. */
function bootId(): string {
  const path = "/proc/sys/kernel/random/boot_id";
  if (existsSync(path)) return readFileSync(path, "utf8").trim();
  return `${hostname()} ${Math.round((Date.now() / 1_000 - uptime()) / 60)}`;
}

function tlsFiles(config: Config): TlsFiles | undefined {
  const { "tls-cert": cert, "tls-key": key } = config;
  return cert === undefined || key === undefined ? undefined : { cert, key };
}

/** The URL to open. A wildcard address becomes `localhost`. */
function address(scheme: string, host: string, port: number): string {
  const local = ["0.0.0.0", "::", "127.0.0.1"].includes(host) ? "localhost" : host;
  return `${scheme}://${local.includes(":") ? `[${local}]` : local}:${port}`;
}
