import { type ChildProcess, spawn } from "node:child_process";
import { get as getPlain } from "node:http";
import { get as getSecure } from "node:https";
import process from "node:process";
import type { Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { until } from "./until.mjs";

const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url).href);

export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
}

/** A server as a process, on the runtime of the test. */
export class ServerProcess {
  static readonly #running = new Set<ServerProcess>();

  /** Its standard error. */
  log = "";
  readonly exited: Promise<Exit>;
  readonly #child: ChildProcess;
  #exit: Exit | undefined;
  /** Such as `http://127.0.0.1:5050`. */
  http = "";

  private constructor(flags: readonly string[]) {
    const runtime = process.versions["deno"] === undefined ? [] : ["run", "-A", "--quiet"];
    this.#child = spawn(process.execPath, [...runtime, MAIN, "--port", "0", ...flags], {
      stdio: ["pipe", "ignore", "pipe"],
    });
    ServerProcess.#running.add(this);
    this.exited = new Promise((resolve) => {
      this.#child.on("close", (code, signal) => {
        ServerProcess.#running.delete(this);
        resolve(this.#exit = { code, signal });
      });
    });
    // The process may end while the test writes to it.
    this.#child.stdin!.on("error", () => {});
    this.#child.stderr!.setEncoding("utf8").on("data", (text: string) => {
      this.log += text;
    });
  }

  /** Starts a server and waits until it is ready. */
  static async start(...flags: string[]): Promise<ServerProcess> {
    const server = new ServerProcess(flags);
    await server.#untilReady();
    return server;
  }

  /** Starts a server that must refuse to start. */
  static async refused(...flags: string[]): Promise<{ exit: Exit; log: string }> {
    const server = new ServerProcess(flags);
    try {
      const exit = await until("the server has refused", () => server.#exit);
      return { exit, log: server.log };
    } catch (cause) {
      server.#child.kill("SIGKILL");
      throw new Error(`Cannot pass: the server runs\n${server.log}`, { cause });
    }
  }

  /** Ends servers that a failed test has left running. */
  static async endAll(): Promise<void> {
    await Promise.all([...ServerProcess.#running].map((server) => server.end("SIGKILL")));
  }

  /** Its standard input. */
  get stdin(): Writable {
    return this.#child.stdin!;
  }

  get pid(): number {
    return this.#child.pid!;
  }

  get ws(): string {
    return this.http.replace("http", "ws");
  }

  /** Sends a signal and waits for the end. */
  end(signal: "SIGKILL" | "SIGTERM" | "SIGINT"): Promise<Exit> {
    // If the signal goes through the child, Deno always reports an end by the signal.
    const { exitCode, signalCode } = this.#child;
    if (exitCode === null && signalCode === null) process.kill(this.pid, signal);
    return this.exited;
  }

  async #untilReady(): Promise<void> {
    const isReady = async () => {
      const [, scheme, port] = /serves on (https?):\/\/[^\s:]+:(\d+)/.exec(this.log) ?? [];
      if (scheme !== undefined) this.http = `${scheme}://127.0.0.1:${port}`;
      return this.#exit !== undefined || this.http !== "" && await isReadyAt(this.http);
    };
    const fault = await until("the server is ready", isReady).catch((error) => error);
    if (this.#exit === undefined && !(fault instanceof Error)) return;
    this.#child.kill("SIGKILL");
    throw new Error(`Cannot go on: the server does not get ready\n${this.log}`, { cause: fault });
  }
}

/** Ignores the name in the certificate: the test has started this server itself. */
function isReadyAt(http: string): Promise<boolean> {
  const get = http.startsWith("https") ? getSecure : getPlain;
  return new Promise((resolve, reject) => {
    get(`${http}/readyz`, { rejectUnauthorized: false }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    }).on("error", reject);
  });
}

/** Lets time pass, to pace a test. Assertions wait with `until` instead. */
export function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
