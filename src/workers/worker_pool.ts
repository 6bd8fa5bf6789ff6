import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { answerForwarded, type Asked } from "./forwarded_request.ts";
import { Channel } from "./channel.ts";
import { type Frame, messageIn } from "./frames.ts";
import type { WorkerStart } from "./worker.ts";
import { type Shared, WorkerMember, type WorkerMemberOptions } from "./worker_member.ts";

export interface WorkerPoolOptions extends WorkerMemberOptions {
  /** Number of workers. */
  readonly count: number;
}

/** Time to end that a worker gets in addition to the time for its clients. */
const END_MS_MAX = 3_000;

/** The first message on a channel. */
type First = Asked | { readonly op: "hello"; readonly number: number };

/** The workers of the first process. It starts them, restarts those that end, and answers them. */
export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  readonly #members: WorkerMember[];
  readonly #stopping = new AbortController();
  readonly #folder: string;
  #server: Server | undefined;
  #shared: Shared | undefined;

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
    this.#folder = mkdtempSync(join(tmpdir(), "tickwire-"));
    this.#members = Array.from(
      { length: options.count },
      (_, index) => new WorkerMember(index + 1, options),
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
      let member: WorkerMember | undefined;
      let gone = false;
      const channel: Channel = new Channel(socket, {
        received: (frame) => {
          if (receive !== undefined) return receive(frame);
          const message = messageIn<First>(frame);
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
