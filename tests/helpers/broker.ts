import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createConnection } from "node:net";
import { until } from "./until.mjs";

/** Why a test that needs a program is skipped; `false` with the program. */
export function lacks(command: string): string | false {
  return spawnSync("which", [command]).status === 0 ? false : `there is no ${command}`;
}

/** A message broker from Debian as a process. */
export class Broker {
  readonly #command: string;
  readonly #args: readonly string[];
  readonly #port: number;
  #child: ChildProcess | undefined;

  constructor(command: string, args: readonly string[], port: number) {
    this.#command = command;
    this.#args = args;
    this.#port = port;
  }

  /** Starts it. A second start uses the same port. */
  async start(): Promise<void> {
    this.#child = spawn(this.#command, [...this.#args], { stdio: "ignore" });
    await until("the broker listens", () =>
      new Promise<boolean>((resolve) => {
        const socket = createConnection(this.#port, "127.0.0.1");
        socket.on("connect", () => {
          socket.destroy();
          resolve(true);
        });
        socket.on("error", () => resolve(false));
      }));
  }

  async end(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once("close", resolve));
    child.kill("SIGKILL");
    await ended;
  }
}
