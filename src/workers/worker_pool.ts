import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { answerForwarded, type Asked } from "./forwarded_request.ts";
import { Channel } from "./channel.ts";
import { type Frame, KIND, messageIn } from "./frames.ts";
import type { Joined, RelayLog } from "./relay_log.ts";
import type { RelayRooms } from "./relay_rooms.ts";
import { WORKER_VARIABLE, type WorkerStart } from "./worker.ts";

/** The command that starts this program again. */
export interface Relaunch {
  readonly program: string;
  readonly args: readonly string[];
}

export interface WorkerPoolOptions {
  /** Process id of this process. */
  readonly pid: number;
  /** Number of workers. */
  readonly count: number;
  readonly again: Relaunch;
  readonly environment: Readonly<Record<string, string | undefined>>;
  elapsed(): number;
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Sends a signal to a process, which may have ended. */
  kill(pid: number, signal: "SIGHUP" | "SIGTERM" | "SIGKILL"): void;
  /** Milliseconds to wait before the next start, after this many failures. */
  backoff(failures: number): number;
  info(message: string): void;
  warn(message: string): void;
}

/** Parts of the first process that the workers use. */
export interface Shared {
  readonly log: RelayLog;
  readonly rooms: RelayRooms;
  fetch(request: Request): Response | Promise<Response>;
  /** Whether workers can read the file: all its ticks are in blocks. */
  isReadable(): boolean;
}

/** After `STABLE_MS` of service an end is no failure. A start may take `START_MS_MAX`. */
const STABLE_MS = 10_000, START_MS_MAX = 60_000;
/** Time limit for a worker's figures; late ones are left out. */
const ASK_MS_MAX = 1_000;
/** Time to end that a worker gets in addition to the time for its clients. */
const END_MS_MAX = 3_000;
/** Interval between checks whether workers can read the file. */
const LOOK_MS = 500;

type Message =
  | Asked
  | { readonly op: "hello"; readonly number: number }
  | { readonly op: "follow"; readonly after: number; readonly count: number }
  | { readonly op: "serving" }
  | { readonly op: "released"; readonly tail: number }
  | { readonly op: "clients"; readonly count: number }
  | { readonly op: "say"; readonly room: string; readonly text: string; readonly id: number }
  | { readonly op: "figures"; readonly id: number; readonly text: string };

/** The workers of the first process. It starts them, restarts those that end, and answers them. */
export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  readonly #members: Member[];
  readonly #stopping = new AbortController();
  readonly #folder: string;
  #server: Server | undefined;
  #shared: Shared | undefined;

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
    this.#folder = mkdtempSync(join(tmpdir(), "tickwire-"));
    this.#members = Array.from(
      { length: options.count },
      (_, index) => new Member(index + 1, options),
    );
  }

  /** Sets what the workers use. */
  shares(shared: Shared): void {
    this.#shared = shared;
  }

  /** Starts the workers. @param ports on which all processes listen */
  async start(ports: Pick<WorkerStart, "port" | "redirectPort">): Promise<void> {
    const path = join(this.#folder, "socket");
    this.#server = createServer((socket) => {
      let receive: ((frame: Frame) => void) | undefined;
      let member: Member | undefined;
      let gone = false;
      const channel: Channel = new Channel(socket, {
        received: (frame) => {
          if (receive !== undefined) return receive(frame);
          const message = messageIn<Message>(frame);
          if (message.op === "request") {
            receive = () => {};
            void answerForwarded(channel, message, this.#shared!.fetch, () => gone);
          } else if (message.op === "hello") {
            member = this.#members[message.number - 1]!;
            receive = member.connected(channel, this.#shared!);
          }
        },
        closed: () => {
          gone = true;
          member?.lost(channel);
        },
      });
    });
    await new Promise<void>((resolve, reject) => {
      this.#server!.once("error", reject);
      this.#server!.listen(path, resolve);
    });
    this.#server.on(
      "error",
      ({ message }) => this.#options.warn(`Cannot reach workers: ${message}`),
    );
    for (const member of this.#members) {
      void member.keep(this.#shared!, { ...ports, path }, this.#stopping.signal);
    }
  }

  /** Number of workers that serve. */
  get serving(): number {
    return this.#members.filter(({ isServing }) => isServing).length;
  }

  /** Number of clients of all workers. */
  get sessionCount(): number {
    return this.#members.reduce((sum, { clients }) => sum + clients, 0);
  }

  /** The metrics of each worker, in Prometheus format. */
  async figures(): Promise<string[]> {
    const texts = await Promise.all(this.#members.map((member) => member.figures()));
    return texts.filter((text) => text !== undefined);
  }

  /** Makes the workers load a renewed certificate. */
  renew(): void {
    for (const member of this.#members) member.signal("SIGHUP");
  }

  /** Ends the workers. @param drainMs time to disconnect clients @returns when all have ended */
  async end(drainMs: number): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#members.map((member) => member.end(drainMs + END_MS_MAX)));
    this.#server?.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** One worker. It keeps its number when it is restarted. */
class Member {
  readonly #number: number;
  readonly #options: WorkerPoolOptions;
  #child: ChildProcess | undefined;
  #exited = Promise.resolve("");
  #channel: Channel | undefined;
  /** The child process that uses this channel. */
  #connectedChild: ChildProcess | undefined;
  #joined: Joined | undefined;
  #leaveRooms = () => {};
  /** Tells the log that the worker follows or has ended. */
  #stopExpecting = () => {};
  #servingSince: number | undefined;
  readonly #asked = new Map<number, (text: string) => void>();
  #count = 0;
  clients = 0;

  constructor(number: number, options: WorkerPoolOptions) {
    this.#number = number;
    this.#options = options;
  }

  get isServing(): boolean {
    return this.#servingSince !== undefined;
  }

  /** Keeps the worker running until the signal. */
  async keep(
    shared: Shared,
    start: Omit<WorkerStart, "number" | "first">,
    signal: AbortSignal,
  ): Promise<void> {
    const { elapsed, sleep, backoff, warn } = this.#options;
    while (!shared.isReadable() && !signal.aborted) await sleep(LOOK_MS, signal);
    for (let failures = 0; !signal.aborted;) {
      this.#start(shared, start);
      void this.#watch(signal);
      const how = await this.#exited;
      if (signal.aborted) return;
      const wasStable = this.#servingSince !== undefined &&
        elapsed() - this.#servingSince >= STABLE_MS;
      failures = wasStable ? 0 : failures + 1;
      this.#servingSince = undefined;
      warn(`Worker ${this.#number} has ended (${how}): it is started anew`);
      await sleep(wasStable ? 0 : backoff(failures - 1), signal);
    }
  }

  #start({ log }: Shared, start: Omit<WorkerStart, "number" | "first">): void {
    const { again: { program, args }, environment, pid } = this.#options;
    this.#stopExpecting = log.expect();
    const env = {
      ...environment,
      [WORKER_VARIABLE]: JSON.stringify(
        { ...start, first: pid, number: this.#number } satisfies WorkerStart,
      ),
    };
    const child = this.#child = spawn(program, args, {
      env,
      stdio: ["ignore", "inherit", "inherit"],
    });
    this.#exited = new Promise((resolve) => {
      child.on("exit", (code, signal) => resolve(signal ?? `exit code ${code}`));
      // The start itself failed.
      child.on("error", (error) => resolve(error.message));
    });
    void this.#exited.then(() => this.#stopExpecting());
  }

  /** Kills a worker that does not serve in time. */
  async #watch(signal: AbortSignal): Promise<void> {
    const child = this.#child;
    await this.#options.sleep(START_MS_MAX, signal);
    if (!signal.aborted && child === this.#child && !this.isServing) this.signal("SIGKILL");
  }

  /** The worker has connected. @returns the handler of its frames */
  connected(channel: Channel, { log, rooms }: Shared): (frame: Frame) => void {
    this.#channel = channel;
    this.#connectedChild = this.#child;
    const send = (frame: Uint8Array) => channel.send(frame);
    const room = rooms.join((message) => channel.say(message));
    this.#leaveRooms = room.left;
    return (frame) => {
      if (frame.kind === KIND.draft) {
        // Only a worker that follows the log may write.
        return this.#joined === undefined ? channel.close() : this.#joined.draft(frame.bytes);
      }
      const message = messageIn<Message>(frame);
      switch (message.op) {
        case "follow":
          this.#joined = log.join(message.after, message.count, send);
          this.#stopExpecting();
          // The log no longer has all entries since the worker read the file: restart it.
          if (this.#joined === undefined) channel.close();
          return;
        case "serving":
          this.#servingSince = this.#options.elapsed();
          return this.#options.info(`Worker ${this.#number} serves`);
        case "released":
          return this.#joined?.released(message.tail);
        case "clients":
          return void (this.clients = message.count);
        case "say":
          return room.said(message.room, message.text, message.id);
        case "figures":
          return this.#asked.get(message.id)?.(message.text);
      }
    };
  }

  /** Kills a worker that has lost its channel: not every runtime tells the worker. */
  lost(channel: Channel): void {
    if (channel !== this.#channel) return;
    if (this.#connectedChild === this.#child) this.signal("SIGKILL");
    this.#channel = undefined;
    this.#joined?.left();
    this.#joined = undefined;
    this.#leaveRooms();
    this.clients = 0;
  }

  async figures(): Promise<string | undefined> {
    if (!this.isServing || this.#channel === undefined) return undefined;
    const id = ++this.#count;
    const asked = new Promise<string>((resolve) => this.#asked.set(id, resolve));
    this.#channel.say({ op: "ask", id });
    const text = await Promise.race([asked, this.#options.sleep(ASK_MS_MAX)]);
    this.#asked.delete(id);
    return text ?? undefined;
  }

  signal(name: "SIGHUP" | "SIGTERM" | "SIGKILL"): void {
    const { pid, exitCode, signalCode } = this.#child ?? {};
    // On one runtime `child.kill` works only once, so the signal goes to the pid.
    const isOver = exitCode !== null || signalCode !== null;
    if (pid !== undefined && !isOver) this.#options.kill(pid, name);
  }

  async end(withinMs: number): Promise<void> {
    this.signal("SIGTERM");
    await Promise.race([this.#exited, this.#options.sleep(withinMs)]);
    this.signal("SIGKILL");
    await this.#exited;
  }
}
