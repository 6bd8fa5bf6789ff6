import { type ChildProcess, spawn } from "node:child_process";
import type { Channel } from "./channel.ts";
import { type Frame, KIND, messageIn } from "./frames.ts";
import type { Joined, RelayLog } from "./relay_log.ts";
import type { RelayRooms } from "./relay_rooms.ts";
import { WORKER_VARIABLE, type WorkerStart } from "./worker.ts";

/** The command that starts this program again. */
export interface Relaunch {
  readonly program: string;
  readonly args: readonly string[];
}

export interface WorkerMemberOptions {
  /** Process id of this process. */
  readonly pid: number;
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
/** Interval between checks whether workers can read the file. */
const LOOK_MS = 500;

type Message =
  | { readonly op: "follow"; readonly after: number; readonly count: number }
  | { readonly op: "serving" }
  | { readonly op: "released"; readonly tail: number }
  | { readonly op: "clients"; readonly count: number }
  | { readonly op: "say"; readonly room: string; readonly text: string; readonly id: number }
  | { readonly op: "figures"; readonly id: number; readonly text: string };

/** One worker. It keeps its number when it is restarted. */
export class WorkerMember {
  readonly #number: number;
  readonly #options: WorkerMemberOptions;
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

  constructor(number: number, options: WorkerMemberOptions) {
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
