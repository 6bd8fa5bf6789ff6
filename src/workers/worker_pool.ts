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

/** How this program is started once more. */
export interface Relaunch {
  readonly program: string;
  readonly args: readonly string[];
}

export interface WorkerPoolOptions {
  /** The id of this process. */
  readonly pid: number;
  /** How many processes there are beside the first one. */
  readonly count: number;
  readonly again: Relaunch;
  readonly environment: Readonly<Record<string, string | undefined>>;
  elapsed(): number;
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Sends a signal to a process that may have ended. */
  kill(pid: number, signal: "SIGHUP" | "SIGTERM" | "SIGKILL"): void;
  /** How long to wait before a process is started once more that has failed so many times. */
  backoff(failures: number): number;
  info(message: string): void;
  warn(message: string): void;
}

/** What the first process has for the others. */
export interface Shared {
  readonly log: RelayLog;
  readonly rooms: RelayRooms;
  fetch(request: Request): Response | Promise<Response>;
  /** Whether the file is in the form in which others can read it. */
  isReadable(): boolean;
}

/** Who served for so long has not failed; who does not serve by then is started anew. */
const STABLE_MS = 10_000, START_MS_MAX = 60_000;
/** What is known of a process that does not answer in time is left out. */
const ASK_MS_MAX = 1_000;
/** How long a process may take to end beyond what its clients are given. */
const END_MS_MAX = 3_000;
/** How often it is looked whether the file can be read by others. */
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

/** The processes beside the first one: starts them, and anew when they end; what they ask, and what they are told. */
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

  /** Says what they share with the first process. */
  shares(shared: Shared): void {
    this.#shared = shared;
  }

  /** Starts them. @param ports that all listen on */
  async start(ports: Pick<WorkerStart, "port" | "redirectPort">): Promise<void> {
    const path = join(this.#folder, "socket");
    this.#server = createServer((socket) => {
      let take: ((frame: Frame) => void) | undefined;
      let member: Member | undefined;
      let gone = false;
      const channel: Channel = new Channel(socket, {
        received: (frame) => {
          if (take !== undefined) return take(frame);
          const message = messageIn<Message>(frame);
          if (message.op === "request") {
            take = () => {};
            void answerForwarded(channel, message, this.#shared!.fetch, () => gone);
          } else if (message.op === "hello") {
            member = this.#members[message.number - 1]!;
            take = member.meet(channel, this.#shared!);
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

  /** Those that serve. */
  get serving(): number {
    return this.#members.filter(({ isServing }) => isServing).length;
  }

  /** Clients of all of them. */
  get sessionCount(): number {
    return this.#members.reduce((sum, { clients }) => sum + clients, 0);
  }

  /** What each of them says of itself, as a text for Prometheus. */
  async figures(): Promise<string[]> {
    const texts = await Promise.all(this.#members.map((member) => member.figures()));
    return texts.filter((text) => text !== undefined);
  }

  /** Has them take up a renewed certificate. */
  renew(): void {
    for (const member of this.#members) member.signal("SIGHUP");
  }

  /** Lets them end: their clients are told to go. @param drainMs that these are given @returns once they have */
  async end(drainMs: number): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#members.map((member) => member.end(drainMs + END_MS_MAX)));
    this.#server?.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** One of the processes, under the same number whenever it is started anew. */
class Member {
  readonly #number: number;
  readonly #options: WorkerPoolOptions;
  #child: ChildProcess | undefined;
  #exited = Promise.resolve("");
  #channel: Channel | undefined;
  /** That which has reported by this channel. */
  #met: ChildProcess | undefined;
  #joined: Joined | undefined;
  #leaveRooms = () => {};
  /** Says that it follows, or never will. */
  #come = () => {};
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

  /** Sees to it that it runs, until the signal. */
  async keep(
    shared: Shared,
    post: Omit<WorkerStart, "number" | "first">,
    signal: AbortSignal,
  ): Promise<void> {
    const { elapsed, sleep, backoff, warn } = this.#options;
    while (!shared.isReadable() && !signal.aborted) await sleep(LOOK_MS, signal);
    for (let failures = 0; !signal.aborted;) {
      this.#start(shared, post);
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

  #start({ log }: Shared, post: Omit<WorkerStart, "number" | "first">): void {
    const { again: { program, args }, environment, pid } = this.#options;
    this.#come = log.expect();
    const env = {
      ...environment,
      [WORKER_VARIABLE]: JSON.stringify(
        { ...post, first: pid, number: this.#number } satisfies WorkerStart,
      ),
    };
    const child = this.#child = spawn(program, args, {
      env,
      stdio: ["ignore", "inherit", "inherit"],
    });
    this.#exited = new Promise((resolve) => {
      child.on("exit", (code, signal) => resolve(signal ?? `exit code ${code}`));
      // It could not even be started.
      child.on("error", (error) => resolve(error.message));
    });
    void this.#exited.then(() => this.#come());
  }

  /** One that does not get to serve is ended. */
  async #watch(signal: AbortSignal): Promise<void> {
    const child = this.#child;
    await this.#options.sleep(START_MS_MAX, signal);
    if (!signal.aborted && child === this.#child && !this.isServing) this.signal("SIGKILL");
  }

  /** It has reported. @returns what to do with what it says */
  meet(channel: Channel, { log, rooms }: Shared): (frame: Frame) => void {
    this.#channel = channel;
    this.#met = this.#child;
    const send = (frame: Uint8Array) => channel.send(frame);
    const room = rooms.join((message) => channel.say(message));
    this.#leaveRooms = room.left;
    return (frame) => {
      if (frame.kind === KIND.draft) return this.#joined!.draft(frame.bytes);
      const message = messageIn<Message>(frame);
      switch (message.op) {
        case "follow":
          this.#joined = log.join(message.after, message.count, send);
          this.#come();
          // It has looked at the file too early, and will do so again.
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

  /** Its connection has ended, and so has it to: not on every runtime would it notice. */
  lost(channel: Channel): void {
    if (channel !== this.#channel) return;
    if (this.#met === this.#child) this.signal("SIGKILL");
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
    // One runtime sends only one signal by the child itself.
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
