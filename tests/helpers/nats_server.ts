import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { freePort } from "./free_port.mjs";
import { until } from "./until.mjs";

/** Why there can be none here, if there cannot. */
export function natsFault(): string | undefined {
  const { status } = spawnSync("nats-server", ["--version"]);
  return status === 0 ? undefined : "nats-server is not installed";
}

/** A nats-server with JetStream and a folder of its own, as a process. */
export class NatsServer {
  readonly port: number;
  readonly #folder: string;
  #args: readonly string[];
  #child: ChildProcess | undefined;

  private constructor(port: number, args: readonly string[]) {
    this.port = port;
    this.#args = args;
    this.#folder = mkdtempSync(join(tmpdir(), "tickwire-nats-"));
  }

  static async start(...args: string[]): Promise<NatsServer> {
    const server = new NatsServer(await freePort(), args);
    await server.begin();
    return server;
  }

  /** Several that form a cluster, and keep everything on all of them. */
  static async cluster(size: number): Promise<NatsServer[]> {
    const ports: number[] = [];
    while (ports.length < size) ports.push(await freePort());
    const routes = ports.map((port) => `nats://127.0.0.1:${port}`).join(",");
    const servers = await Promise.all(ports.map((port, index) =>
      NatsServer.start(
        ...["-js", "--server_name", `n${index}`, "--cluster_name", "c", "--routes", routes],
        ...["--cluster", `nats://127.0.0.1:${port}`],
      )
    ));
    return servers;
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  /** Starts it, with what it had before. */
  async begin(): Promise<void> {
    const args = this.#args.length > 0 ? this.#args : ["-js"];
    const place = ["-a", "127.0.0.1", "-p", String(this.port), "-sd", this.#folder];
    this.#child = spawn("nats-server", [...place, ...args], { stdio: "ignore" });
    process.once("exit", () => this.#child?.kill("SIGKILL"));
    await until("nats-server listens", () => listens(this.port));
  }

  /** Ends it without a word. */
  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    await ended;
  }

  /** Ends it and begins again in another way, with what it had. */
  async beginWith(...args: string[]): Promise<void> {
    await this.kill("SIGTERM");
    this.#args = args;
    await this.begin();
  }

  /** Ends it and begins again with what it had at an earlier time, as after a loss. @param earlier from `copy` */
  async beginFrom(earlier: string): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true });
    cpSync(earlier, this.#folder, { recursive: true });
    await this.begin();
  }

  /** @returns a folder with all that it has now */
  copy(): string {
    const folder = mkdtempSync(join(tmpdir(), "tickwire-nats-copy-"));
    cpSync(this.#folder, folder, { recursive: true });
    return folder;
  }

  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
