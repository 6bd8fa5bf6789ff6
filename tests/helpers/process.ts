import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:net";
import process from "node:process";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url).href);
const PATIENCE_MS = 15_000;

export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
}

/** A server in a process of its own, on the runtime that runs the test. */
export class ServerProcess {
  static readonly #running = new Set<ServerProcess>();

  /** What it wrote to standard error. */
  log = "";
  readonly exited: Promise<Exit>;
  readonly #child: ChildProcess;
  #port = "";

  private constructor(flags: readonly string[]) {
    const runtime = process.versions["deno"] === undefined ? [] : ["run", "-A", "--quiet"];
    this.#child = spawn(process.execPath, [...runtime, MAIN, "--port", "0", ...flags], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    ServerProcess.#running.add(this);
    this.exited = new Promise((resolve) => {
      this.#child.on("close", (code, signal) => {
        ServerProcess.#running.delete(this);
        resolve({ code, signal });
      });
    });
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

  /** Starts a server that is expected to refuse. */
  static async refused(...flags: string[]): Promise<{ exit: Exit; log: string }> {
    const server = new ServerProcess(flags);
    const exit = await Promise.race([server.exited, wait(PATIENCE_MS)]);
    if (exit !== undefined) return { exit, log: server.log };
    server.#child.kill("SIGKILL");
    throw new Error(`Cannot pass: the server runs\n${server.log}`);
  }

  /** Ends what a test that failed has left running. */
  static async endAll(): Promise<void> {
    await Promise.all([...ServerProcess.#running].map((server) => server.end("SIGKILL")));
  }

  get pid(): number {
    return this.#child.pid!;
  }

  get http(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get ws(): string {
    return `ws://127.0.0.1:${this.#port}`;
  }

  /** Sends a signal and waits for the end. */
  end(signal: "SIGKILL" | "SIGTERM" | "SIGINT"): Promise<Exit> {
    // What Deno kills through the child itself, it reports as ended by the signal in any case.
    process.kill(this.pid, signal);
    return this.exited;
  }

  async #untilReady(): Promise<void> {
    const deadline = Date.now() + PATIENCE_MS;
    let gone = false;
    void this.exited.then(() => gone = true);
    while (Date.now() < deadline && !gone) {
      this.#port ||= /serves on http:\/\/[^\s:]+:(\d+)/.exec(this.log)?.[1] ?? "";
      const isReady = this.#port !== "" &&
        await fetch(`${this.http}/readyz`).then((response) => response.ok, () => false);
      if (isReady) return;
      await wait(10);
    }
    this.#child.kill("SIGKILL");
    throw new Error(`Cannot go on: the server does not get ready\n${this.log}`);
  }
}

export function wait(ms: number): Promise<undefined> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(undefined), ms);
    // A wait that lost a race must not hold up the end of the tests.
    timer.unref?.();
  });
}

/** A port that was free a moment ago, for a server that has to come back to the same place. */
export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
