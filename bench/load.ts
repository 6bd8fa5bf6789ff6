/**
 * Runs the two C programs of the load: `load/send.c` makes ticks, `load/listen.c` has the clients.
 */
import { type ChildProcess, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { cpuOf, ROOT, start } from "./measured.ts";
import type { Fed, Server } from "./servers.ts";

/** Data of the clients since the last report. Latencies are milliseconds from a tick's time. */
export interface Heard {
  readonly rows: number;
  readonly frames: number;
  readonly bytes: number;
  /** Frames of the native protocol whose `prev` was not the `seq` before. */
  readonly breaks: number;
  /** Seqs without a row: 0 for clients that get every tick. */
  readonly missing: number;
  readonly closed: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly worst: number;
}

/** Data of the producer since the last report. */
export interface Sent {
  readonly sent: number;
  readonly answered: number;
  readonly requests: number;
  readonly refused: number;
  /** Connections that the server closed after an answer. */
  readonly reopened: number;
}

export interface Clients {
  readonly count: number;
  /** Number of clients that never read. */
  readonly stalled?: number;
  /** The clients take the paths in turn; no paths means every tick. */
  readonly paths?: readonly string[];
}

export interface Ticks {
  /** Ticks per second; 0 means as many as the server answers. */
  readonly rate: number;
  readonly symbols: number;
  /** Milliseconds between requests; 0 sends each tick by itself at once. */
  readonly slice: number;
  readonly connections?: number;
}

/**
 * Most unanswered requests; a server that answers every 10 ms must get more than 1,000 a second.
 */
const CONNECTIONS = 32;

const folder = mkdtempSync(join(tmpdir(), "tickwire-load-"));
process.once("exit", () => rmSync(folder, { recursive: true }));

/** A program as a process that answers each line with its counts. */
export class Load<Counted> {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  }

  static async start<Counted>(
    name: "listen" | "send",
    args: readonly (string | number)[],
  ): Promise<Load<Counted>> {
    const load = new Load<Counted>(
      start(compiled(name), args.map(String), ["pipe", "pipe", "inherit"]),
    );
    await load.#line();
    return load;
  }

  async take(): Promise<Counted> {
    this.#child.stdin!.write("\n");
    return JSON.parse(await this.#line());
  }

  /** CPU seconds used so far. */
  get cpu(): number {
    return cpuOf(this.#child.pid!);
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.stdin!.end();
    await once(this.#child, "exit");
  }

  async #line(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error("Cannot measure: the load program has ended");
    return value;
  }
}

/** A running server and its load. */
export interface Scene {
  readonly run: Fed;
  listen(clients: Clients): Promise<Load<Heard>>;
  send(ticks: Ticks): Promise<Load<Sent>>;
}

/** Starts a server, runs an action with it, and stops it. */
export async function stage<Result>(
  server: Server,
  act: (scene: Scene) => Promise<Result>,
): Promise<Result> {
  const run = await server.start();
  const loads: Load<unknown>[] = [];
  const load = async <Counted>(name: "listen" | "send", args: readonly (string | number)[]) => {
    const started = await Load.start<Counted>(name, args);
    loads.unshift(started);
    return started;
  };
  try {
    return await act({
      run,
      listen: ({ count, stalled = 0, paths = [server.path] }) =>
        load("listen", [run.port, count, stalled, server.hello, ...paths]),
      send({ rate, symbols, slice, connections = CONNECTIONS }) {
        const { kind, path, batch } = server.feed;
        const most = rate > 0 && slice === 0 ? 1 : batch;
        return load("send", [kind, run.feedPort, path, rate, symbols, slice, most, connections]);
      },
    });
  } finally {
    for (const started of loads) await started.stop();
    await run.stop();
  }
}

/** Compiles a program at its first use. */
function compiled(name: string): string {
  const program = join(folder, name);
  if (programs.has(program)) return program;
  const source = join(ROOT, "bench", "load", `${name}.c`);
  const { status, stderr, error } = spawnSync("cc", ["-O2", "-o", program, source, "-lm"], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`Cannot compile ${source}: ${error?.message ?? stderr}`);
  programs.add(program);
  return program;
}

const programs = new Set<string>();
