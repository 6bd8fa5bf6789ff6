/** The two C programs that stand for the world: `load/send.c` makes ticks, `load/listen.c` is the clients. */
import { type ChildProcess, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { cpuOf, ROOT, start } from "./measured.ts";
import type { Fed, Server } from "./servers.ts";

/** What came to the clients since they were asked before. Latencies are milliseconds from a tick's time. */
export interface Heard {
  readonly rows: number;
  readonly frames: number;
  readonly bytes: number;
  /** Frames of the native protocol that did not follow the one before. */
  readonly breaks: number;
  /** Places on the tape without a row: 0 for clients that hear every tick. */
  readonly missing: number;
  readonly closed: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly worst: number;
}

/** What the producer sent since it was asked before. */
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
  /** So many of them never read. */
  readonly stalled?: number;
  /** Taken in turn; every tick when there are none. */
  readonly paths?: readonly string[];
}

export interface Ticks {
  /** Ticks per second, or 0 for as many as the server answers. */
  readonly rate: number;
  readonly symbols: number;
  /** Milliseconds between requests; 0 sends each tick when it comes. */
  readonly slice: number;
  readonly connections?: number;
}

const folder = mkdtempSync(join(tmpdir(), "tickwire-load-"));
process.once("exit", () => rmSync(folder, { recursive: true }));

/** One of the programs, as a process that answers each line with what it has counted. */
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
    const load = new Load<Counted>(start(compiled(name), args.map(String), "pipe"));
    await load.#line();
    return load;
  }

  async take(): Promise<Counted> {
    this.#child.stdin!.write("\n");
    return JSON.parse(await this.#line());
  }

  /** CPU seconds that it has used. */
  get cpu(): number {
    return cpuOf(this.#child.pid!);
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    this.#child.stdin!.end();
    await once(this.#child, "exit");
  }

  async #line(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error("Cannot measure: the load program has ended");
    return value;
  }
}

export function listen(server: Server, { port }: Fed, clients: Clients): Promise<Load<Heard>> {
  const { count, stalled = 0, paths = [server.path] } = clients;
  return Load.start("listen", [port, count, stalled, server.hello, ...paths]);
}

export function send({ feed }: Server, { feedPort }: Fed, ticks: Ticks): Promise<Load<Sent>> {
  const { rate, symbols, slice, connections = 8 } = ticks;
  const how = [rate, symbols, slice, feed.batch, connections];
  return Load.start("send", [feed.kind, feedPort, "/ticks", ...how]);
}

/** Compiles a program when it is first needed. */
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
