import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { freePort } from "./free_port.mjs";
import { until } from "./until.mjs";

/** Why nats-server cannot run here, if it cannot. */
export function natsFault(): string | undefined {
  const { status } = spawnSync("nats-server", ["--version"]);
  return status === 0 ? undefined : "nats-server is not installed";
}

/** A nats-server with JetStream and a temporary folder, as a process. */
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

  /** Starts servers that form a cluster and replicate everything. */
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

  /** Starts it with its existing data. */
  async begin(): Promise<void> {
    const args = this.#args.length > 0 ? this.#args : ["-js"];
    const place = ["-a", "127.0.0.1", "-p", String(this.port), "-sd", this.#folder];
    this.#child = spawn("nats-server", [...place, ...args], { stdio: "ignore" });
    process.once("exit", () => this.#child?.kill("SIGKILL"));
    await until("nats-server listens", () => listens(this.port));
  }

  /** Kills it. */
  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    await ended;
  }

  /** Restarts it with other flags and the same data. */
  async beginWith(...args: string[]): Promise<void> {
    await this.kill("SIGTERM");
    this.#args = args;
    await this.begin();
  }

  /** Restarts it with earlier data, as after a loss. @param earlier from `copy` */
  async beginFrom(earlier: string): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true });
    cpSync(earlier, this.#folder, { recursive: true });
    await this.begin();
  }

  /** @returns a folder with a copy of its data */
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
